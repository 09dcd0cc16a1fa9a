"""A release's archive: verified, unpacked and deployed as docs/operations.md says, without a compiler.

Whether the function in it works is test_build.py's; here any binary will do.
"""

import hashlib
import os
import re
import stat
import subprocess
import sys
import tarfile
import zipfile

import links
import pytest
from conftest import FULL, ROOT, VENV, _NoManagedPolicies
from samtranslator.translator.transform import transform
from template import Stack, load

sys.path.insert(0, str(ROOT / "packaging"))

import package

VERSION = "0.1.0"


def made(tmp_path, architecture="arm64", name="dist", binary=b"\x7fELF function"):
    dist = tmp_path / name
    dist.mkdir()
    (dist / package.LICENCES).write_text("licences")
    (dist / package.SBOM).write_text("{}")
    (tmp_path / "bootstrap").write_bytes(binary)
    package.main(architecture, tmp_path / "bootstrap", dist)
    return dist


def unpacked(dist, architecture="arm64"):
    with tarfile.open(dist / f"eks-nlb-sync-{VERSION}-{architecture}.tar.gz") as archive:
        archive.extractall(dist, filter="data")
    return dist / f"eks-nlb-sync-{VERSION}-{architecture}"


@pytest.fixture
def dist(tmp_path):
    return made(tmp_path)


def test_the_same_files_make_the_same_bytes(tmp_path):
    one, other = made(tmp_path, name="one"), made(tmp_path, name="other")
    for path in one.iterdir():
        assert path.read_bytes() == (other / path.name).read_bytes(), path.name
    # Nor do they hold when they were made: gzip's header and tar's entries.
    archive = one / f"eks-nlb-sync-{VERSION}-arm64.tar.gz"
    assert archive.read_bytes()[4:8] == bytes(4)
    with tarfile.open(archive) as entries:
        assert {(entry.mtime, entry.uid, entry.uname) for entry in entries} == {(0, 0, "")}


def test_other_code_makes_other_bytes(tmp_path):
    one, other = made(tmp_path, name="one"), made(tmp_path, name="other", binary=b"\x7fELF malice")
    assert (one / "SHA256SUMS").read_text() != (other / "SHA256SUMS").read_text()


def test_the_zip_is_what_lambda_takes(dist):
    with zipfile.ZipFile(dist / f"eks-nlb-sync-{VERSION}-arm64.zip") as archive:
        [entry] = archive.infolist()
        assert archive.read(entry) == b"\x7fELF function"
    assert entry.filename == "bootstrap"
    assert stat.S_IMODE(entry.external_attr >> 16) == 0o755


def test_every_file_has_its_sum(dist):
    sums = dict(line.split("  ")[::-1] for line in (dist / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == {path.name for path in dist.iterdir()} - {"SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256((dist / name).read_bytes()).hexdigest() == digest


def test_the_archive_holds_what_the_guide_says(dist):
    root = unpacked(dist)
    held = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert {
        "template.yaml",
        "template-bucket.yaml",
        "fleet.yaml",
        "fleet-member.yaml",
        "samconfig.toml",
        "README.md",
        "SECURITY.md",
        "docs/operations.md",
        "terraform/function/main.tf",
        "THIRD-PARTY-LICENSES.txt",
        "sbom.cdx.json",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        f"eks-nlb-sync-{VERSION}-arm64.zip",
    } <= held
    assert not any(name.endswith((".rs", ".tftest.hcl")) or ".terraform" in name for name in held)


@pytest.mark.parametrize("name", ["template", "template-bucket"])
def test_its_templates_are_accepted(name, dist, validated):
    status, said = validated(unpacked(dist) / f"{name}.yaml")
    assert status == 0, said


def test_every_link_of_its_pages_leads_somewhere(dist):
    """Within the archive, or to this version in the repository."""
    root = unpacked(dist)
    pages = sorted(root.rglob("*.md"))
    assert {"README.md", "SECURITY.md", "CHANGELOG.md"} < {page.name for page in pages}
    outside = set()
    for page in pages:
        assert list(links.broken(page)) == [], page.name
        outside |= set(re.findall(rf"{re.escape(package.repository())}/(?:blob|tree)/v{re.escape(VERSION)}/([^)#\s]+)", page.read_text()))
    assert "core/src/plan.rs" in outside
    assert [path for path in outside if not (ROOT / path).exists()] == []


def packaged(root, name, parameters):
    document = load(root / f"{name}.yaml")
    code = document["Resources"]["Function"]["Properties"]
    if isinstance(code["CodeUri"], str):
        assert (root / code["CodeUri"]).is_file()
        code["CodeUri"] = "s3://artifacts/eks-nlb-sync.zip"
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
    return Stack(transform(document, {}, _NoManagedPolicies()), parameters)


def test_its_stack_is_that_of_the_source(dist, stack):
    root = unpacked(dist)
    own = packaged(root, "template", FULL["template"])
    built = stack("template", FULL["template"])
    assert own.refusals() == []
    assert own.resources()["Function"]["Properties"] == built.resources()["Function"]["Properties"]
    assert set(own.resources()) == set(built.resources())
    bucket = {"CodeBucket": "artifacts", "CodeKey": "eks-nlb-sync.zip"}
    from_bucket = packaged(root, "template-bucket", FULL["template"] | bucket)
    assert from_bucket.refusals() == []
    assert from_bucket.resources()["Function"]["Properties"]["Code"] == {
        "S3Bucket": "artifacts",
        "S3Key": "eks-nlb-sync.zip",
    }
    assert packaged(root, "template-bucket", FULL["template"]).refusals() != []


@pytest.mark.parametrize(("architecture", "other"), [("arm64", "x86_64"), ("x86_64", "arm64")])
def test_a_stack_of_the_other_architecture_is_refused(architecture, other, tmp_path):
    root = unpacked(made(tmp_path, architecture), architecture)
    assert packaged(root, "template", {}).refusals() == []
    assert packaged(root, "template", {"Architecture": other}).refusals() != []
    [function] = packaged(root, "template", {}).of_type("AWS::Lambda::Function").values()
    assert function["Architectures"] == [architecture]


def test_alarms_lead_to_the_repository_that_made_the_release(tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "platform/eks-nlb-sync")
    root = unpacked(made(tmp_path))
    page = f"https://github.com/platform/eks-nlb-sync/blob/v{VERSION}/docs/operations.md"
    for name in ("template", "template-bucket", "fleet"):
        text = (root / f"{name}.yaml").read_text()
        assert f"[HasRunbook, !Ref RunbookUrl, {page}]" in text and "RunbookUrl, docs/" not in text, name
        # An upgrade keeps a parameter's value.
        assert load(root / f"{name}.yaml")["Parameters"]["RunbookUrl"]["Default"] == ""


def test_without_a_repository_no_alarm_leads_to_one(tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    root = unpacked(made(tmp_path))
    for name in ("template", "template-bucket", "fleet"):
        text = (root / f"{name}.yaml").read_text()
        assert load(root / f"{name}.yaml")["Parameters"]["RunbookUrl"]["Default"] == ""
        assert "https://github.com" not in text


def test_sums_that_do_not_agree_are_noticed(dist):
    check = ["sha256sum", "--check", "--ignore-missing", "SHA256SUMS"]
    assert subprocess.run(check, cwd=dist, capture_output=True).returncode == 0
    archive = dist / f"eks-nlb-sync-{VERSION}-arm64.tar.gz"
    archive.write_bytes(archive.read_bytes()[:-1] + b"x")
    assert subprocess.run(check, cwd=dist, capture_output=True).returncode == 1


def test_the_commands_of_the_guide_lead_from_the_archive_to_the_upload(dist):
    """In a clean environment: no Rust, no credentials; `sam deploy` stops where it would call AWS."""
    text = (ROOT / "docs" / "operations.md").read_text()
    [lines] = re.findall(r"\*\*From a release\*\*.*?```sh\n(.*?)```", text, re.DOTALL)
    assert len(lines.splitlines()) == 3
    home = dist / "home"
    home.mkdir()
    environment = {
        "HOME": str(home),
        "PATH": f"{VENV / 'sam/bin'}:/usr/bin:/bin",
        "SAM_CLI_TELEMETRY": "0",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-1",
        # Nobody listens there.
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_MAX_ATTEMPTS": "1",
    }
    run = subprocess.run(["bash", "-ec", lines], cwd=dist, env=environment, capture_output=True, text=True)
    assert f"eks-nlb-sync-{VERSION}-arm64.tar.gz: OK" in run.stdout
    assert run.returncode != 0 and "127.0.0.1:9" in run.stdout + run.stderr, run.stdout + run.stderr
