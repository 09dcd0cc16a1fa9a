"""kubectl itself, with the kubeconfig that client-access renders.

Endpoint and load balancer are one TCP relay to the target. kubectl reaches it by
HTTPS_PROXY, because no test can own the cluster's name and port 443. TLS is
between kubectl and the API server alone, as it is in AWS.
"""

import base64
import contextlib
import datetime
import http.server
import json
import os
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness import ROOT

pytestmark = pytest.mark.xdist_group("emulator")

HOST = "0123456789abcdef.gr7.eu-west-1.eks.amazonaws.com"
TOKEN = "k8s-aws-v1.token"


class Authority:
    """A certificate authority of a cluster."""

    def __init__(self, name):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self.sign(self.name, self.key, x509.BasicConstraints(ca=True, path_length=0))
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM)

    def sign(self, subject, key, extension):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).add_extension(extension, critical=False)
        return builder.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(hours=1)).sign(self.key, hashes.SHA256())


@contextlib.contextmanager
def serving(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def api_server(name, authority, directory, host=HOST):
    """An API server that returns its name to a client with the token. Yields its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            known = self.headers["Authorization"] == f"Bearer {TOKEN}"
            body = name.encode() if known else b"Unauthorized"
            self.send_response(200 if known else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    key = ec.generate_private_key(ec.SECP256R1())
    certificate = authority.sign(x509.Name([]), key, x509.SubjectAlternativeName([x509.DNSName(host)]))
    chain = directory / f"{name}.pem"
    chain.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with serving(server) as address:
        yield address


class Relay(socketserver.ThreadingTCPServer):
    """Endpoint and load balancer: passes bytes to its target without terminating TLS."""

    daemon_threads = True
    target = None
    asked = ()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            asked = self.rfile.readline().split()[1].decode()
            self.server.asked = (*self.server.asked, asked)
            while self.rfile.readline().strip():
                pass
            with socket.create_connection(self.server.target) as upstream:
                self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=self.pump, args=(upstream, self.connection), daemon=True)
                back.start()
                self.pump(self.connection, upstream)
                back.join()

        @staticmethod
        def pump(source, sink):
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    sink.sendall(data)
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="module")
def authorities():
    return Authority("first"), Authority("successor")


@pytest.fixture(scope="module")
def kubeconfigs(kubectl, emulator, authorities, tmp_path_factory):
    """What client-access renders for the first authority, and for the bundle of both."""
    first, successor = authorities
    ec2 = emulator.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/24", AvailabilityZone="eu-west-1a")["Subnet"]
    client = {
        "cluster_name": "payments",
        "host": HOST,
        "account_id": "444455556666",
        "region": "eu-west-1",
        "service_name": "com.amazonaws.vpce.eu-west-1.vpce-svc-0a",
        "supported_regions": ["eu-west-1"],
        "zone_ids": [subnet["AvailabilityZoneId"]],
    }
    bundles = {"first": first.pem, "both": first.pem + successor.pem, "shared": first.pem}
    calls = {
        name: {
            "source": str(ROOT / "terraform" / "client-access"),
            "client": {**client, "certificate_authority": base64.b64encode(bundle).decode()},
            "vpc_id": vpc,
            "subnet_ids": [subnet["SubnetId"]],
            "allowed_cidrs": {"tools": "10.1.0.0/16"},
            "check_service": False,  # it does not exist
        }
        for name, bundle in bundles.items()
    }
    calls["shared"]["client"]["port"] = 6443  # a load balancer with several clusters
    directory = tmp_path_factory.mktemp("kubectl")
    outputs = {name: {"value": f"${{module.{name}.kubeconfig}}"} for name in bundles}
    (directory / "main.tf.json").write_text(json.dumps({"provider": {"aws": {"region": "eu-west-1"}}, "module": calls, "output": outputs}))
    terraform = emulator.terraform(directory)
    terraform.init()
    terraform("plan", "-input=false", "-out=plan")
    planned = json.loads(terraform("show", "-json", "plan").stdout)["planned_values"]["outputs"]
    for name in bundles:
        (directory / name).write_text(planned[name]["value"])
    # Stands in for the AWS command line: prints a token for the kubeconfig's call.
    aws = directory / "bin" / "aws"
    aws.parent.mkdir()
    credential = {"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential", "status": {"token": TOKEN}}
    aws.write_text(f"#!/bin/sh\n[ \"$*\" = 'eks get-token --cluster-name payments --region eu-west-1' ] && echo '{json.dumps(credential)}'\n")
    aws.chmod(0o755)
    return directory


@pytest.fixture
def relay():
    server = Relay(("127.0.0.1", 0), Relay.Handler)
    with serving(server):
        yield server


def ask(kubeconfigs, name, relay, target):
    """What `kubectl get --raw /readyz` says through the relay to `target`."""
    relay.target = target
    host, port = relay.server_address
    surroundings = {
        "PATH": f"{kubeconfigs / 'bin'}:{os.environ['PATH']}",
        "HOME": str(kubeconfigs),
        "HTTPS_PROXY": f"http://{host}:{port}",
    }
    command = [shutil.which("kubectl"), "--kubeconfig", kubeconfigs / name, "--request-timeout", "20s", "get", "--raw", "/readyz"]
    return subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=60)


def test_kubectl_follows_a_control_plane_that_is_replaced(kubeconfigs, relay, authorities, tmp_path):
    first, _ = authorities
    with api_server("old", first, tmp_path) as old:
        assert ask(kubeconfigs, "first", relay, old).stdout == "old"
    with api_server("new", first, tmp_path) as new:
        assert ask(kubeconfigs, "first", relay, new).stdout == "new"
    assert set(relay.asked) == {f"{HOST}:443"}, "by the cluster's own name"


def test_kubectl_asks_a_cluster_on_a_shared_load_balancer_on_its_port(kubeconfigs, relay, authorities, tmp_path):
    first, _ = authorities
    with api_server("shared", first, tmp_path) as server:
        assert ask(kubeconfigs, "shared", relay, server).stdout == "shared"
    assert set(relay.asked) == {f"{HOST}:6443"}


def test_kubectl_follows_an_authority_that_is_rotated(kubeconfigs, relay, authorities, tmp_path):
    first, successor = authorities
    with api_server("before", first, tmp_path) as before:
        assert ask(kubeconfigs, "both", relay, before).stdout == "before"
    with api_server("after", successor, tmp_path) as after:
        assert ask(kubeconfigs, "both", relay, after).stdout == "after"
        refused = ask(kubeconfigs, "first", relay, after)
    assert refused.returncode != 0 and "x509: certificate signed by unknown authority" in refused.stderr


def test_kubectl_refuses_another_name(kubeconfigs, relay, authorities, tmp_path):
    first, _ = authorities
    with api_server("other", first, tmp_path, host="fedcba9876543210.gr7.eu-west-1.eks.amazonaws.com") as other:
        refused = ask(kubeconfigs, "first", relay, other)

    assert refused.returncode != 0 and "x509: certificate is valid for fedcba" in refused.stderr


# --- The connectivity test of examples/complete ---------------------------------


def connect(relay, target, authority, directory):
    """What connectivity.sh prints about the API server behind `target`, where no name resolves."""
    relay.target = target
    getent = directory / "getent"
    getent.write_text("#!/bin/sh\nexit 2\n")
    getent.chmod(0o755)
    host, port = relay.server_address
    script = ROOT / "terraform" / "examples" / "complete" / "connectivity.sh"
    bundle = base64.b64encode(authority.pem).decode()
    surroundings = {"PATH": f"{directory}:{os.environ['PATH']}", "HTTPS_PROXY": f"http://{host}:{port}"}
    return subprocess.run(["sh", script, HOST, bundle], env=surroundings, capture_output=True, text=True, timeout=60)


def test_the_connectivity_test_knows_an_api_server_that_answers(relay, authorities, tmp_path):
    first, _ = authorities
    with api_server("answers", first, tmp_path) as server:
        done = connect(relay, server, first, tmp_path)

    # Without a token it is refused, by the right server.
    assert (done.returncode, done.stdout) == (0, f"{HOST} is at no address: answers (401)\n"), done.stderr


def test_the_connectivity_test_refuses_another_authority(relay, authorities, tmp_path):
    first, successor = authorities
    with api_server("stranger", first, tmp_path) as server:
        done = connect(relay, server, successor, tmp_path)

    assert done.returncode == 1 and "does not answer (000)" in done.stdout and "certificate" in done.stderr


def test_the_connectivity_test_refuses_another_name(relay, authorities, tmp_path):
    first, _ = authorities
    with api_server("other", first, tmp_path, host="fedcba9876543210.gr7.eu-west-1.eks.amazonaws.com") as server:
        done = connect(relay, server, first, tmp_path)

    assert done.returncode == 1 and "does not answer (000)" in done.stdout
