"""READMEs and docs/network.md, compared with the code, with each other and with the calendar."""

import datetime
import ipaddress
import re

import pytest

import links
import module_docs
from harness import MODULES, ROOT

pytestmark = pytest.mark.xdist_group("docs")

NETWORK = ROOT / "docs" / "network.md"
ALL = [ROOT / "terraform" / name for name in (*MODULES, "examples/complete")]


@pytest.mark.parametrize("directory", ALL, ids=lambda path: path.name)
def test_a_readme_lists_the_inputs_and_outputs_of_the_code(directory):
    assert directory in module_docs.documented()
    readme = (directory / "README.md").read_text()

    assert readme == module_docs.rewritten(readme, directory), "`make generated` writes it"


@pytest.mark.parametrize("directory", ALL, ids=lambda path: path.name)
def test_every_input_and_output_is_typed_and_described(directory):
    for name, variable in module_docs.blocks(directory, "variable"):
        assert "type" in variable and variable.get("description"), name
    for name, output in module_docs.blocks(directory, "output"):
        assert output.get("description"), name


PAGES = sorted(path for path in ROOT.glob("**/*.md") if not {"target", ".terraform"} & set(path.relative_to(ROOT).parts))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_the_repository_leads_somewhere(page):
    assert list(links.broken(page)) == []


# --- Drawings --------------------------------------------------------------------

DRAWINGS = [(page.stem, source) for page in sorted((ROOT / "docs").glob("*.md")) for source in re.findall(r"^```mermaid\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)]
RANGE = re.compile(r"\b(?:\d+\.){3}\d+/\d+\b")
ADDRESS = re.compile(r"\b(?:\d+\.){3}\d+\b(?!/)")
every_drawing = pytest.mark.parametrize("source", [source for _, source in DRAWINGS], ids=[f"{page}-{index}" for index, (page, _) in enumerate(DRAWINGS)])


def misplaced(source):
    """Addresses of a flowchart that are not in the range of their node or its subgraph."""
    ranges = []  # of each subgraph around the line
    for line in source.splitlines():
        here = [ipaddress.ip_network(text) for text in RANGE.findall(line)]
        if line.strip().startswith("subgraph"):
            ranges.append(here)
        elif line.strip() == "end":
            ranges.pop()
        for text in ADDRESS.findall(line):
            around = here or next((one for one in reversed(ranges) if one), [])
            if around and not any(ipaddress.ip_address(text) in one for one in around):
                yield text


def edges(source):
    """The labels of both ends of each arrow or line of a flowchart."""
    node = r"(\w+)(?:[\[({]+\"[^\"]*\"[\])}]+)?"
    labels = dict(re.findall(r'\b(\w+)[\[({]+"([^"]*)"', source))
    for start, end in re.findall(rf"^\s*{node} (?:--|-\.)[^\n]*?(?:-->|---|\.->) {node}", source, re.MULTILINE):
        yield labels.get(start, start), labels.get(end, end)


def test_the_guide_has_drawings():
    assert len([page for page, _ in DRAWINGS if page == "network"]) == 5


@every_drawing
def test_addresses_of_a_drawing_are_in_its_ranges(source):
    assert list(misplaced(source)) == []


@every_drawing
def test_the_function_connects_to_no_api_server(source):
    joined = [f"{start} → {end}" for start, end in edges(source)]
    assert joined or "sequenceDiagram" in source

    assert [one for one in joined if re.search(r"eks-nlb-sync|function", one) and "API server" in one] == []


@every_drawing
def test_a_drawing_leaves_its_colours_to_the_page(source):
    """GitHub draws Mermaid in the colours of the reader's theme, unless the drawing has its own."""
    assert not re.search(r"^\s*(style|classDef|linkStyle|%%\{)|#[0-9a-fA-F]{6}\b", source, re.MULTILINE)


def test_what_a_drawing_may_not_show_is_found():
    wrong = 'subgraph c["cluster, 10.1.0.0/16"]\n  nlb["NLB<br/>10.0.0.30"]\nend\nsync["eks-nlb-sync"] -. "DNS" .-> api["API server"]\n'

    assert list(misplaced(wrong)) == ["10.0.0.30"]
    assert list(edges(wrong)) == [("eks-nlb-sync", "API server")]


# --- What AWS does ----------------------------------------------------------------

SOURCE = re.compile(r"^\[\^(?P<name>[\w-]+)\]: .+; read (?P<date>\d{4}-\d{2}(?:-\d{2})?)\. <https://\S+>$", re.MULTILINE)
STALE = datetime.timedelta(days=180)


def stale(text, today):
    """The sources of a page that were read too long ago, or will be."""
    for source in SOURCE.finditer(text):
        date = source["date"] if source["date"].count("-") == 2 else f"{source['date']}-01"
        if not today - STALE <= datetime.date.fromisoformat(date) <= today:
            yield f"{source['name']}, read {source['date']}"


def test_every_source_of_the_guide_was_read_in_the_last_180_days():
    assert list(stale(NETWORK.read_text(), datetime.date.today())) == [], "read them again, correct the page, and write the new date"


def stale_in_words(text, today):
    """Sources in brackets, as in "(Lambda Developer Guide, read in November 2026)"."""
    for month, year in re.findall(r"read\s+in\s+([A-Z][a-z]+)\s+(\d{4})", text):
        date = datetime.datetime.strptime(f"{month} {year}", "%B %Y").date()
        if not today - STALE <= date <= today:
            yield f"read in {month} {year}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_source_of_a_page_was_read_in_the_last_180_days(page):
    assert list(stale_in_words(page.read_text(), datetime.date.today())) == []


def test_an_old_source_is_found():
    page = "[^a]: A; read 2026-05-01. <https://a>\n[^b]: B; read 2026-07. <https://b>\n[^c]: C; read 2027-01-01. <https://c>\n"

    assert list(stale(page, datetime.date(2026, 12, 1))) == ["a, read 2026-05-01", "c, read 2027-01-01"]
    words = "(A, read in May 2026), (B, read in\nJuly 2026), (C, read in January 2027)"
    assert list(stale_in_words(words, datetime.date(2026, 12, 1))) == ["read in May 2026", "read in January 2027"]


def test_every_statement_refers_to_a_source_that_is_listed():
    text = NETWORK.read_text()
    listed = [source["name"] for source in SOURCE.finditer(text)]
    referred = set(re.findall(r"(?<=[^\n])\[\^([\w-]+)\]", text))

    assert sorted(listed) == sorted(referred), "each source once, and each is referred to"
    assert len(re.findall(r"^\[\^", text, re.MULTILINE)) == len(listed), "document, date and URL in each"


@pytest.mark.parametrize("heading", ["what | how many | consequence |", "symbol | price | for | source |", "news | what it means here |"])
def test_each_row_about_aws_has_its_source(heading):
    without = [cells[0] for cells in rows(heading) if "[^" not in " ".join(cells) and "an assumption" not in " ".join(cells)]

    assert without == []


def rows(heading_row):
    """The rows of the one table of docs/network.md with this heading, as lists of cells."""
    (body,) = re.findall(rf"^\| {re.escape(heading_row)}\n\|[-|]+\|\n((?:\|.*\n)+)", NETWORK.read_text(), re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines()]


def test_the_costs_follow_from_the_prices_and_formulas():
    prices = {symbol.strip("`"): float(price) for symbol, price, _, _ in rows("symbol | price | for | source |")}
    formulas = {design: re.search(r"`(.+?)`", formula) for design, formula in rows("design | USD per month |")}
    worked = {design: list(map(float, numbers)) for design, *numbers in rows("design | 2 clusters | 10 clusters | 40 clusters |")}

    for design, numbers in worked.items():
        formula = formulas[design][1].replace("·", "*")
        for clusters, written in zip((2, 10, 40), numbers):
            cost = eval(formula, {"C": clusters, "V": 1, "Z": 2, "G": 10, **prices})
            if design.startswith("this"):  # zones are cheaper from the 26th
                cost -= max(0, clusters - 25) * (prices["zone"] - prices["zone_more"])
            assert round(cost, 2) == written, (design, clusters)
