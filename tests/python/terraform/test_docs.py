"""What the READMEs and docs/network.md say against the code."""

import re

import pytest

import drawings
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

    assert readme == module_docs.rewritten(readme, directory), "run python tests/python/terraform/module_docs.py"


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


DRAWINGS = {path.name: (path, page, source) for path, page, source in drawings.sources()}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_what_its_source_says(name):
    path, page, source = DRAWINGS[name]

    assert path.read_text() == drawings.drawn(source), "run make drawings"
    assert f"(pictures/{name})" in page.read_text(), "the page leads to it"


def test_every_drawing_of_a_page_has_a_source():
    pages = {page.stem for _, page, _ in DRAWINGS.values()}

    assert {path.name for path in drawings.PICTURES.glob("*.svg") if path.name.split("-")[0] in pages} == set(DRAWINGS)


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
            if design == "this":  # zones are cheaper from the 26th
                cost -= max(0, clusters - 25) * (prices["zone"] - prices["zone_more"])
            assert round(cost, 2) == written, (design, clusters)
