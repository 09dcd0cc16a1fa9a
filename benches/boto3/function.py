"""The four steps of the function as a Lambda in Python: the yardstick of `make bench`.

WORKERS=1 makes one call after the other, a larger number makes that many at a time.
"""

import os
import secrets
import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

import boto3
from botocore.config import Config

TAG = ("eks-nlb-sync", "enabled")
CLUSTER_NAME_TAG = "cluster_name"
MIN_HEALTHY_TARGETS = 2
WORKERS = int(os.environ["WORKERS"])
NAME_SERVER, NAME_SERVER_PORT = os.environ["DNS_SERVERS"].split(":")

# One session, one client for each service, and a connection for each worker.
session = boto3.Session()
config = Config(
    retries={"mode": os.environ.get("RETRY_MODE", "standard"), "max_attempts": 12},
    max_pool_connections=max(10, WORKERS),
    connect_timeout=2,
    read_timeout=5,
)
elb = session.client("elbv2", config=config)
eks = session.client("eks", config=config)
pool = ThreadPoolExecutor(WORKERS) if WORKERS > 1 else None
each = pool.map if pool else map


def handler(_event, _context):
    clusters = discover()
    outcomes = [outcome for group in each(sync_cluster, clusters.items()) for outcome in group]
    summary = {name: outcomes.count(name) for name in ("converged", "changed", "waiting", "failed")}
    if summary["failed"]:
        raise RuntimeError(f"{summary['failed']} of {len(outcomes)} frontends failed")
    return {"summary": summary}


def discover():
    """The target groups of managed load balancers, by cluster."""
    load_balancers = [
        item["LoadBalancerArn"]
        for page in elb.get_paginator("describe_load_balancers").paginate()
        for item in page["LoadBalancers"]
        if item["Type"] == "network"
    ]
    tags = tags_of(load_balancers)
    managed = {arn for arn in load_balancers if tags[arn].get(TAG[0]) == TAG[1]}
    groups = [
        group
        for page in elb.get_paginator("describe_target_groups").paginate()
        for group in page["TargetGroups"]
        if group["TargetType"] == "ip" and managed.intersection(group["LoadBalancerArns"])
    ]
    tags |= tags_of([group["TargetGroupArn"] for group in groups])
    clusters = {}
    for group in groups:
        own, above = tags[group["TargetGroupArn"]], tags[group["LoadBalancerArns"][0]]
        name = own.get(CLUSTER_NAME_TAG) or above.get(CLUSTER_NAME_TAG)
        if name and own.get(TAG[0]) != "disabled":
            clusters.setdefault(name, []).append(group)
    return clusters


def tags_of(arns):
    batches = [arns[start : start + 20] for start in range(0, len(arns), 20)]
    return {
        described["ResourceArn"]: {tag["Key"]: tag["Value"] for tag in described["Tags"]}
        for answer in each(lambda batch: elb.describe_tags(ResourceArns=batch), batches)
        for described in answer["TagDescriptions"]
    }


def sync_cluster(item):
    name, groups = item
    try:
        endpoint = eks.describe_cluster(name=name)["cluster"]["endpoint"]
        host = endpoint.removeprefix("https://")
        families = {group.get("IpAddressType", "ipv4") for group in groups}
        addresses = {family: resolve(host, family) for family in families}
        return [sync(group, addresses[group.get("IpAddressType", "ipv4")]) for group in groups]
    except Exception as error:  # One cluster's failure is not another's.
        print(f"{name}: {error}")
        return ["failed"] * len(groups)


def sync(group, desired):
    arn = group["TargetGroupArn"]
    described = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    in_service = {
        item["Target"]["Id"]: item
        for item in described
        if item["TargetHealth"]["State"] != "draining" and item["Target"]["Port"] == group["Port"]
    }
    missing = desired - in_service.keys()
    if missing:
        elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": address} for address in sorted(missing)])
    stale = in_service.keys() - desired
    healthy = [one for one in desired & in_service.keys() if in_service[one]["TargetHealth"]["State"] == "healthy"]
    gone = stale if len(healthy) >= min(MIN_HEALTHY_TARGETS, len(desired)) else set()
    if gone:
        elb.deregister_targets(TargetGroupArn=arn, Targets=[in_service[one]["Target"] for one in sorted(gone)])
    return "changed" if missing or gone else "waiting" if stale else "converged"


def resolve(host, family):
    """Asks the name server. socket.getaddrinfo would cost as little, but has no parameter for the port."""
    question = b"".join(bytes([len(label)]) + label for label in host.encode().split(b"."))
    kind = 28 if family == "ipv6" else 1
    asked = secrets.token_bytes(2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.settimeout(5)
        wire.connect((NAME_SERVER, int(NAME_SERVER_PORT)))
        wire.send(asked + struct.pack("!5H", 0x0100, 1, 0, 0, 0) + question + struct.pack("!BHH", 0, kind, 1))
        answer = wire.recv(4096)
    flags, _, answers = struct.unpack("!3H", answer[2:8])
    if answer[:2] != asked or flags & 0x020F:
        raise OSError(f"resolve {host}: no whole answer")
    addresses, at = set(), 12 + len(question) + 5
    for _ in range(answers):
        while answer[at] not in (0,) and answer[at] < 0xC0:
            at += answer[at] + 1
        at += 2 if answer[at] else 1
        found, _, _, length = struct.unpack("!2HIH", answer[at : at + 10])
        if found == kind:
            addresses.add(str(ip_address(answer[at + 10 : at + 10 + length])))
        at += 10 + length
    if not addresses:
        raise OSError(f"resolve {host}: no address")
    return addresses
