"""From a release's archive to a dry run, by the three commands of docs/operations.md.

In an environment without Rust, and as far as moto goes: it takes the zip and the
template that `sam deploy` uploads, and knows no SAM. What CloudFormation would
make of them is worked out here: the settings are the uploaded template's, and
the program is the one in the uploaded zip.
"""

import io
import platform
import re
import subprocess
import sys
import zipfile

from conftest import ROOT, client
from lambda_host import LambdaHost, program
from template import Stack, load

sys.path.insert(0, str(ROOT / "packaging"))

import package

HERE = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
BUCKET = "artifacts"


def released(dist):
    dist.mkdir()
    (dist / package.LICENCES).write_text("licences")
    (dist / package.SBOM).write_text("{}")
    # Two thirds of a debug build are names and lines, which take seconds to compress.
    stripped = dist.parent / "stripped"
    subprocess.run(["strip", "-o", stripped, program()], check=True)
    package.main(HERE, stripped, dist)


def commands():
    text = (ROOT / "docs" / "operations.md").read_text()
    [lines] = re.findall(r"\*\*From a release\*\*.*?```sh\n(.*?)```", text, re.DOTALL)
    assert len(lines.splitlines()) == 3
    # Moto does not make the bucket of SAM's own as SAM wants it.
    return lines.replace("arm64", HERE).rstrip() + f" --s3-bucket {BUCKET} --no-resolve-s3"


def uploaded(s3):
    """The template, and the program in the zip, that are in the bucket."""
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    bodies = {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}
    [template] = [body for key, body in bodies.items() if key.endswith(".template")]
    document = template.decode()
    [code] = re.findall(rf"CodeUri: s3://{BUCKET}/(\S+)", document)
    return document, zipfile.ZipFile(io.BytesIO(bodies[code])).read("bootstrap")


def test_three_commands_lead_from_the_archive_to_a_dry_run(aws, dns, moto_url, tmp_path):
    dist = tmp_path / "dist"
    released(dist)
    s3 = client("s3", moto_url)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    environment = {
        "HOME": str(tmp_path),
        "PATH": f"{ROOT / 'target/venv/sam/bin'}:/usr/bin:/bin",
        "SAM_CLI_TELEMETRY": "0",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": moto_url,
    }
    run = subprocess.run(["bash", "-ec", commands()], cwd=dist, env=environment, capture_output=True, text=True)
    said = run.stdout + run.stderr
    assert f"eks-nlb-sync-0.1.0-{HERE}.tar.gz: OK" in said
    # What moto would have to make is a change set of a SAM template.
    assert "CreateChangeSet" in said, said

    document, bootstrap = uploaded(s3)
    path = tmp_path / "template.yaml"
    path.write_text(document)
    stack = Stack(load(path), {"DryRun": "true"})
    [settings] = stack.of_type("AWS::Serverless::Function").values()
    variables = {name: str(value) for name, value in settings["Environment"]["Variables"].items()}
    assert stack.refusals() == [] and variables["DRY_RUN"] == "true" and settings["Architectures"] == [HERE]
    function = tmp_path / "bootstrap"
    function.write_bytes(bootstrap)
    function.chmod(0o755)

    dns.resolve(aws.cluster("payments"), "10.0.1.10", "10.0.2.11")
    group = aws.frontend("payments")
    with LambdaHost(function, variables | {"AWS_ENDPOINT_URL": moto_url, "DNS_SERVERS": dns.variables["DNS_SERVERS"]}) as host:
        answer = host.invoke({})

    assert answer.ok and answer.payload["dryRun"] is True
    [frontend] = answer.payload["frontends"]
    assert (frontend["outcome"], frontend["registered"]) == ("planned", ["10.0.1.10:443", "10.0.2.11:443"])
    assert aws.targets(group) == []
