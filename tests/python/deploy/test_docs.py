"""docs/operations.md says what the templates, the code and the pins say."""

import json
import re
import tomllib

import pytest
from conftest import FULL, REQUIRED, ROOT, TEMPLATES
from test_permissions import allowed, statements
from test_watching import codes, dashboard, runs

TEXT = (ROOT / "docs" / "operations.md").read_text()


def section(heading):
    start = TEXT.index(f"\n## {heading}\n")
    return TEXT[start : TEXT.find("\n## ", start + 1)]


def rows(heading, table=0):
    """The cells of a section's nth table, without its head."""
    tables = re.findall(r"(?:^\|.*\|\n)+", section(heading), re.MULTILINE)
    lines = tables[table].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def quoted(cell):
    return re.findall(r"`([^`]+)`", cell)


def test_every_code_has_its_remedy():
    documented = [quoted(row[1])[0] for row in rows("Troubleshooting")]
    assert sorted(documented) == sorted(codes())
    assert all(len(row) == 4 and all(row) for row in rows("Troubleshooting"))


def test_the_log_lines_are_those_of_the_code():
    source = re.sub(r"\\\n\s*", "", (ROOT / "src" / "error.rs").read_text())
    for row in rows("Troubleshooting"):
        line = row[1].partition(": ")[2]
        fragments = [fragment.strip() for fragment in line.split("…")]
        assert any(fragments), row
        for fragment in fragments:
            assert fragment in source, f"{row[1]}: {fragment!r}"


def test_every_parameter_is_explained_with_its_default(documents):
    parameters = documents["template"]["Parameters"]
    explained = []
    for names, default, _ in rows("Options"):
        explained += quoted(names)
        # What is no value is words: "none", "made", "the private networks".
        values = quoted(default) or re.findall(r"^\d+$", default)
        for name, value in zip(quoted(names), values, strict=bool(values)):
            assert value == str(parameters[name]["Default"]), name
    assert sorted(explained) == sorted(parameters)


def test_the_permissions_are_those_of_the_template(stack):
    documented = {action for action, *_ in rows("Permissions") for action in quoted(action)}
    assert documented == allowed(statements(stack("template", FULL["template"]), "FunctionRole"))


def test_the_metrics_are_those_that_are_written(simulator):
    documented = {name for names, *_ in rows("Metrics") for name in quoted(names)}
    first, second = runs(simulator)
    written = {name for (_, name, _), _, _ in [*first, *second] if not name.startswith("Failed") or name == "Failed"}
    # One code stands for all of them.
    assert documented == written | {"FailedAccessDenied"}
    assert f"metrics: {len(first)} at 0.30" in section("Cost")


def test_the_alarms_are_those_of_the_template(stack):
    documented = {quoted(name)[0] for name, *_ in rows("Alarms")}
    assert documented == set(stack("template").of_type("AWS::CloudWatch::Alarm"))


def test_every_widget_is_drawn(stack):
    drawn = section("Dashboard")
    for widget in dashboard(stack("template"))["widgets"]:
        if widget["type"] != "text":
            question = widget["properties"]["title"].partition("?")[0]
            assert f"{question}?" in drawn, question


def test_the_list_of_the_fleet_is_one_that_the_function_takes():
    [example] = re.findall(r"```json\n(.*?)```", section("Fleet"), re.DOTALL)
    entries = json.loads(example)
    taken = set(json.loads((ROOT / "events" / "fleet.json").read_text()))
    assert all(set(entry) <= taken for entry in entries)


def test_the_pins_are_those_of_the_tests():
    for name, file in (("aws-sam-cli", "sam"), ("cargo-lambda", "cargo-lambda")):
        pin = re.search(rf"^{name}==[\d.]+$", (ROOT / f"tests/python/requirements/{file}.txt").read_text(), re.MULTILINE)
        assert pin[0] in section("Deploying")


def test_the_links_lead_somewhere():
    anchors = {
        re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif not target.startswith("https://"):
            assert (ROOT / "docs" / target).exists(), target


@pytest.mark.parametrize("name", TEMPLATES)
def test_sam_deploy_is_told_what_a_template_needs(name, documents):
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    environment = {"template": "default", "fleet": "fleet", "fleet-member": "member"}[name]
    deploy = config[environment]["deploy"]["parameters"]
    assert deploy.get("template_file", "template.yaml") == f"{name}.yaml"
    roles = [each["Properties"] for each in documents[name]["Resources"].values() if each["Type"] == "AWS::IAM::Role"]
    named = any("RoleName" in role for role in roles)
    assert deploy["capabilities"] == ("CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM")
    assert deploy["resolve_s3"] is True


def test_every_command_line_parameter_exists(documents):
    known = {parameter for document in documents.values() for parameter in document["Parameters"]}
    for line in re.findall(r"--parameter-overrides (.*)", TEXT):
        for parameter in re.findall(r"(\w+)=", line.partition("`")[0]):
            assert parameter in known, line
    assert {parameter for required in REQUIRED.values() for parameter in required} <= set(re.findall(r"(\w+)=", TEXT))
