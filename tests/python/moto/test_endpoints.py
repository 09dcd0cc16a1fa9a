"""tests/endpoints.tsv agrees with botocore's rule sets.

The table holds the program's endpoints to the rule sets that AWS publishes with
its SDKs, evaluated by botocore. To regenerate it:

    target/venv/moto/bin/python tests/python/moto/test_endpoints.py > tests/endpoints.tsv
"""

import pathlib
import re
import sys

import botocore
import botocore.session
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError

TABLE = pathlib.Path(__file__).parents[2] / "endpoints.tsv"

# As botocore calls the services, and as IAM's actions begin.
SERVICES = {
    "cloudwatch": "cloudwatch",
    "ec2": "ec2",
    "eks": "eks",
    "elbv2": "elasticloadbalancing",
    "iam": "iam",
    "lambda": "lambda",
    "scheduler": "scheduler",
    "sns": "sns",
    "sts": "sts",
}

# FIPS and dual-stack, in the order of the table's columns.
COLUMNS = [(False, False), (True, False), (False, True), (True, True)]

# What follows no rule but its own: pseudo-Regions, as `aws-global`.
PSEUDO = re.compile(r"^aws.*-global$")


def partitions(loader):
    for partition in loader.load_data("partitions")["partitions"]:
        regions = sorted(region for region in partition["regions"] if not PSEUDO.match(region))
        # And one that AWS has not opened yet.
        future = re.sub(r"\d+$", "9", regions[0])
        assert re.match(partition["regionRegex"], future)
        yield regions, future


def endpoint(provider, region, fips, dual_stack):
    try:
        parameters = {"Region": region, "UseFIPS": fips, "UseDualStack": dual_stack}
        return provider.resolve_endpoint(**parameters).url
    except EndpointProviderError:
        return "-"


def rows():
    loader = botocore.session.Session().get_component("data_loader")
    known = loader.load_data("partitions")
    for service, name in SERVICES.items():
        rules = loader.load_service_model(service, "endpoint-rule-set-1")
        provider = EndpointProvider(rules, known)
        for regions, future in partitions(loader):
            # The rules know Regions by their partition only, so that one service
            # is enough to hold each Region to its partition.
            for region in [*(regions if service == "ec2" else regions[:1]), future]:
                yield [name, region, *(endpoint(provider, region, *column) for column in COLUMNS)]


def test_the_table_is_what_botocore_says():
    lines = TABLE.read_text().splitlines()
    written = [line.split("\t") for line in lines if not line.startswith("#")]
    assert written == list(rows()), "the docstring shows how to regenerate the table"


if __name__ == "__main__":
    print(f"# Endpoints by the rule sets of botocore {botocore.__version__}; '-' where the partition has none.")
    print("# service\tRegion\tplain\tFIPS\tdual-stack\tFIPS and dual-stack")
    sys.stdout.writelines("\t".join(row) + "\n" for row in rows())
