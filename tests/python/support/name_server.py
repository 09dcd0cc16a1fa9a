"""A DNS server whose answers a test sets.

    with NameServer() as dns:
        dns.addresses["abc.gr7.eu-west-1.eks.amazonaws.com"] = ["10.0.1.10"]
        ...  # DNS_SERVERS=dns.address

Needs dnslib.
"""

import ipaddress
import threading

from dnslib import AAAA, QTYPE, RCODE, RR, A
from dnslib.server import BaseResolver, DNSLogger, DNSServer

# How long stopping takes, at most.
POLL_SECONDS = 0.02


class NameServer(BaseResolver):
    """Answers A and AAAA over UDP; a name without addresses does not exist."""

    def __init__(self):
        self.addresses = {}

    def __enter__(self):
        self._server = DNSServer(self, address="127.0.0.1", port=0, logger=DNSLogger(log="-request,-reply,-truncated"))
        server = self._server.server
        threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
        self.address = "{}:{}".format(*server.server_address)
        return self

    def __exit__(self, *_):
        self._server.server.shutdown()
        self._server.server.server_close()

    def resolve(self, request, handler):
        reply = request.reply()
        # Names are compared without regard to case: RFC 1035, 2.3.3.
        name = str(request.q.qname).rstrip(".").lower()
        addresses = {host.rstrip(".").lower(): found for host, found in self.addresses.items()}.get(name)
        if addresses is None:
            reply.header.rcode = RCODE.NXDOMAIN
            return reply
        for address in map(ipaddress.ip_address, addresses):
            kind, data = (QTYPE.A, A) if address.version == 4 else (QTYPE.AAAA, AAAA)
            if request.q.qtype == kind:
                reply.add_answer(RR(request.q.qname, kind, ttl=60, rdata=data(str(address))))
        return reply
