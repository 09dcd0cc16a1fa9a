"""The drawings of docs/ as SVG, made from the Mermaid in the pages.

    make drawings    # rewrites docs/pictures/<page>-<heading>.svg

Mermaid itself, in an engine that brings its own font, so that every machine
makes the same bytes.
"""

import functools
import pathlib
import re

from mermaidx.engines.v8_engine import Engine

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"
PICTURES = DOCS / "pictures"
HEADING_OR_DRAWING = re.compile(r"^#+ (?P<heading>[^\n]+)$|^```mermaid\n(?P<source>.*?)^```$", re.MULTILINE | re.DOTALL)
CONFIG = {
    "theme": "neutral",
    "themeVariables": {"fontFamily": "sans-serif", "noteBkgColor": "#f4f4f4", "noteTextColor": "#333", "noteBorderColor": "#999"},
    # Labels as SVG text, which every viewer shows.
    "htmlLabels": False,
    "flowchart": {"htmlLabels": False, "wrappingWidth": 300},
}


def sources():
    """The file of each drawing, with its page and its Mermaid."""
    for page in sorted(DOCS.glob("*.md")):
        for found in HEADING_OR_DRAWING.finditer(page.read_text()):
            if found["heading"]:
                slug = re.sub(r"[^a-z0-9]+", "-", found["heading"].lower()).strip("-")
            else:
                yield PICTURES / f"{page.stem}-{slug}.svg", page, found["source"]


@functools.cache
def engine():
    """V8, four times as fast as the usual one, with time for a machine that is busy."""
    engine = Engine(render_timeout_ms=120_000)
    engine.start()
    return engine


def drawn(source):
    """On white, to be read in dark surroundings, too."""
    svg = engine().render_svg(source, "default", CONFIG, None)
    return svg.replace("background-color: transparent", "background-color: white", 1) + "\n"


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    for path, _, source in sources():
        path.write_text(drawn(source))
