"""Terraform in a directory, and a client of the emulator.

No setting or credential of the person who runs the tests reaches Terraform.
"""

import functools
import json
import os
import pathlib
import re
import subprocess

import boto3

ROOT = pathlib.Path(__file__).resolve().parents[3]
ACCOUNT = "111122223333"
MODULES = ("cluster-access", "shared-load-balancer", "client-access", "region-hub", "function", "member-role")

# Usual places of provider mirrors, in addition to the directories that Terraform
# reads by default.
MIRROR_ROOTS = ("/opt", "/usr/share", "/usr/local/share", "~", "~/.terraform.d", "~/.local/share/terraform")
MIRROR_DEPTH = 3
PROVIDER = "registry.terraform.io/hashicorp/aws"
# The provider mostly waits.
AT_ONCE = ("-input=false", "-no-color", "-parallelism=40")
CHECKSUMS = re.compile(r"^  hashes = \[.*?^  \]\n", re.MULTILINE | re.DOTALL)


def environment(**extra):
    """The environment of every program run here."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    configuration = os.environ.get("TF_CLI_CONFIG_FILE")
    if configuration and pathlib.Path(configuration).is_file():
        kept["TF_CLI_CONFIG_FILE"] = configuration
    return {
        **kept,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CHECKPOINT_DISABLE": "1",
        # Garbage collection would take a quarter of the time of Terraform and its
        # provider.
        "GOGC": "400",
        "NO_PROXY": "127.0.0.1,localhost",
        "TF_IN_AUTOMATION": "1",
        **extra,
    }


def mirror():
    """A directory with the AWS provider in it, or None."""
    given = os.environ.get("TF_PLUGIN_MIRROR_DIR")
    if given:
        return pathlib.Path(given)
    for root in MIRROR_ROOTS:
        for depth in range(MIRROR_DEPTH):
            for found in pathlib.Path(root).expanduser().glob("*/" * depth + PROVIDER):
                return found.parents[2]
    return None


class Terraform:
    """Terraform in one directory."""

    program = "terraform"

    def __init__(self, directory, **extra):
        self.directory = pathlib.Path(directory)
        self.state_file = self.directory / "terraform.tfstate"
        self.environment = environment(**extra)

    def __call__(self, *arguments, expect=(0,), **extra):
        done = subprocess.run(
            [self.program, *arguments],
            cwd=self.directory,
            env={**self.environment, **extra},
            capture_output=True,
            text=True,
        )
        if expect is not None:
            assert done.returncode in expect, f"{self.program} {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done

    def init(self, **options):
        done = self("init", "-input=false", "-no-color", *([f"-plugin-dir={mirror()}"] if mirror() else []), **options)
        # Every later command would read the provider's 700 MB to compare their checksum.
        lock = self.directory / ".terraform.lock.hcl"
        if lock.exists():
            lock.write_text(CHECKSUMS.sub("", lock.read_text()))
        return done

    def apply(self, *arguments, **options):
        return self("apply", "-auto-approve", *AT_ONCE, *arguments, **options)

    def destroy(self, *arguments):
        self("destroy", "-auto-approve", *AT_ONCE, *arguments)

    def plan(self, *arguments):
        """What would be done, by address."""
        lines = map(json.loads, self("plan", "-json", *AT_ONCE, *arguments).stdout.splitlines())
        changes = [line["change"] for line in lines if line["type"] == "planned_change"]
        return {one["resource"]["addr"]: one["action"] for one in changes if one["action"] != "read"}

    def stored(self, part):
        """From the file: Terraform need not start."""
        return json.loads(self.state_file.read_text())[part]

    def state(self):
        """Every resource and data source in the state, by address."""
        resources = {}
        for each in self.stored("resources"):
            data = "data" if each["mode"] == "data" else None
            address = ".".join(filter(None, (each.get("module"), data, each["type"], each["name"])))
            for instance in each["instances"]:
                key = f"[{json.dumps(instance['index_key'])}]" if "index_key" in instance else ""
                # One that is to be destroyed comes after its successor.
                resources.setdefault(address + key, instance["attributes"])
        return resources


class OpenTofu(Terraform):
    program = "tofu"


class Emulator:
    """The emulator, seen from one account. `serve` starts a provider."""

    def __init__(self, url, serve, credentials=None):
        self.url = url
        self.serve = serve
        self.credentials = credentials or {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

    @functools.cache
    def client(self, service, region="eu-west-1"):
        named = {name.lower(): value for name, value in self.credentials.items()}
        return boto3.client(service, region_name=region, endpoint_url=self.url, **named)

    @functools.cached_property
    def provider(self):
        return self.serve(AWS_ENDPOINT_URL=self.url, **self.credentials)

    def terraform(self, directory):
        return Terraform(directory, **self.provider)

    def in_account(self, account):
        """The same emulator, seen from another account."""
        assumed = self.client("sts").assume_role(RoleArn=f"arn:aws:iam::{account}:role/tests", RoleSessionName="tests")["Credentials"]
        keys = {"AWS_ACCESS_KEY_ID": "AccessKeyId", "AWS_SECRET_ACCESS_KEY": "SecretAccessKey", "AWS_SESSION_TOKEN": "SessionToken"}
        return Emulator(self.url, self.serve, {name: assumed[key] for name, key in keys.items()})

    def create_cluster(self, region, name, zones="abbc", private_access=True, public_access=False):
        """An EKS cluster in a VPC of its own, with a subnet for each letter of a zone."""
        ec2 = self.client("ec2", region)
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=region + zone)["Subnet"]["SubnetId"]
            for index, zone in enumerate(zones)
        ]
        access = {"endpointPrivateAccess": private_access, "endpointPublicAccess": public_access}
        return self.client("eks", region).create_cluster(
            name=name,
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/eks",
            resourcesVpcConfig={"subnetIds": subnets, **access},
        )["cluster"]
