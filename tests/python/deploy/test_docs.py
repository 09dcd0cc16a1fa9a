"""docs/operations.md says what the templates, the code and the pins say."""

import json
import re
import tomllib

import pytest
from conftest import FULL, REQUIRED, ROOT, TEMPLATES
from settings import parameter_of, settings
from test_permissions import allowed, statements
from watching import alarms, dashboard, saved_queries

# A command that continues on the next line is joined to one line.
TEXT = re.sub(r"\s*\\\n\s*", " ", (ROOT / "docs" / "operations.md").read_text())


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


def test_every_parameter_is_explained_with_its_default(documents):
    parameters = documents["template"]["Parameters"]
    explained = []
    for names, default, _ in rows("Options"):
        explained += quoted(names)
        # Words stand for an absent value: "none", "made", "the private networks".
        values = quoted(default) or re.findall(r"^\d+$", default)
        for name, value in zip(quoted(names), values, strict=bool(values)):
            assert value == str(parameters[name]["Default"]), name
    # The reference explains the settings.
    assert sorted(explained) == sorted(set(parameters) - {parameter_of(variable) for variable in settings()})


def test_the_permissions_are_those_of_the_template(stack):
    documented = {action for action, *_ in rows("Permissions") for action in quoted(action)}
    assert documented == allowed(statements(stack("template", FULL["template"]), "FunctionRole"))


def test_the_resource_types_that_a_deployment_makes_are_those_of_the_templates(stack):
    types = lambda name, parameters: {each["Type"] for each in stack(name, parameters).resources().values()}
    always, full = types("template", {}), types("template", FULL["template"])
    fleet = types("fleet", FULL["fleet"]) | types("fleet-member", {})
    said = [{f"AWS::{each}" for each in quoted(row[1])} for row in rows("Deploying")]
    assert said == [always, full - always, fleet]


def test_the_alarms_are_those_of_the_template(stack):
    documented = {quoted(row[0])[0]: row[1] for row in rows("Alarms")}
    made = alarms(stack) | alarms(stack, DryRun="true") | stack("fleet").of_type("AWS::CloudWatch::Alarm")
    said = {name: re.match(r"eks-nlb-sync, (\w+):", each["AlarmDescription"])[1] for name, each in made.items()}
    assert documented == said
    # Where each one's text leads to.
    for name in made:
        assert f"\n### {name}\n" in section("Alarms")
    for name in alarms(stack, DryRun="true"):
        assert f"`{name}`" in section("Alarms").partition("In dry run there are")[2].partition(". A run")[0]


def test_the_alarm_of_the_fleet_leads_to_its_chapter(stack):
    [alarm] = stack("fleet").of_type("AWS::CloudWatch::Alarm").values()
    assert alarm["AlarmDescription"].rstrip().endswith("#nosuccessalarm")
    assert "\n### NoSuccessAlarm\n" in section("Alarms") and "#nosuccessalarm" in section("Fleet")


def test_the_guide_is_of_this_version():
    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    assert f"Version {version}" in TEXT
    assert f"eks-nlb-sync-{version}-arm64.tar.gz" in section("Deploying")
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text()


def test_every_widget_is_explained(stack):
    questions = [row[0] for row in rows("Dashboard", 1)]
    titles = [widget["properties"]["title"] for widget in dashboard(stack("template"))["widgets"]]
    assert questions == [f"{title.partition('?')[0]}?" for title in titles]


def test_the_queries_are_those_of_the_template(stack):
    saved = {name.removeprefix("eks-nlb-sync/") for name, _, _ in saved_queries(stack("template"))}
    assert {quoted(row[0])[0] for row in rows("Queries")} == saved


def test_the_list_of_the_fleet_is_one_that_the_function_takes():
    [example] = re.findall(r"```json\n(.*?)```", section("Fleet"), re.DOTALL)
    entries = json.loads(example)
    # The workflow adds the external id.
    taken = set(json.loads((ROOT / "events" / "fleet.json").read_text())) - {"externalId"}
    assert all(set(entry) <= taken for entry in entries)


def test_the_front_page_installs_as_the_guide_does():
    """And says the same price."""
    page = (ROOT / "README.md").read_text()
    [installs] = re.findall(r"Without a compiler.*?```sh\n(.*?)```", page, re.DOTALL)
    assert len(installs.splitlines()) == 3
    assert installs in section("Deploying")
    [together] = [row[1] for row in rows("Cost") if row[0] == "**together**"]
    assert f"costs about {together.strip('*')} USD a month" in page


def test_the_front_page_names_what_there_is():
    page = (ROOT / "README.md").read_text()
    [proofs] = re.findall(r"## Why it is safe\n\n(.*?)\n\n", page, re.DOTALL)
    makefile = (ROOT / "Makefile").read_text()
    lines = [line.strip("|").split(" | ") for line in proofs.splitlines()[2:]]
    assert len(lines) == 5
    for _, proof, command in lines:
        assert "](" in proof and quoted(command)
        for target in re.findall(r"make ([\w-]+)", command):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
        for test in re.findall(r"--test (\w+)", command):
            assert (ROOT / "tests" / test).is_dir(), test


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.stem)
def test_every_page_says_first_who_should_read_it(page):
    title, blank, first = page.read_text().splitlines()[:3]
    assert title.startswith("# ") and not blank and first.startswith("For ")


def test_the_pins_are_those_of_the_tests():
    for name, file in (("aws-sam-cli", "sam"), ("cargo-lambda", "cargo-lambda")):
        pin = re.search(rf"^{name}==[\d.]+$", (ROOT / f"tests/python/requirements/{file}.in").read_text(), re.MULTILINE)
        assert pin[0] in section("Deploying")


def anchors(text):
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_the_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        page = ROOT / "docs" / (path or "operations.md")
        assert page.exists(), target
        assert not anchor or anchor in anchors(page.read_text()), target


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
