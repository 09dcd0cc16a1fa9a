#!/usr/bin/env python3
"""Puts the sources of the documentation's book together, for `mdbook build`.

    packaging/book.py target/book

copies the pages that docs/book/SUMMARY.md lists and the files in docs/ into
`target/book/src`, with each link that leads to another file pointing into the
repository at this version. Standard library only.
"""

import os
import pathlib
import re
import shutil
import sys

from package import ROOT, repository, version, with_links

FOLDER = ROOT / "docs" / "book"


def main(out):
    out = pathlib.Path(out)
    shutil.rmtree(out, ignore_errors=True)
    summary, pages = listed()
    files = {page: (ROOT / page).read_bytes() for page in pages}
    for path in sorted((ROOT / "docs").rglob("*")):
        if path.is_file() and path.suffix != ".md" and FOLDER not in path.parents:
            files[str(path.relative_to(ROOT))] = path.read_bytes()
    for name, content in with_links(files).items():
        if name.endswith(".md"):
            name, content = renamed(name), renamed(content.decode()).encode()
        target = out / "src" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    (out / "src" / "SUMMARY.md").write_text(renamed(summary))
    words = {"VERSION": version(), "REPOSITORY": repository(), "SITE": repository().rpartition("/")[2]}
    text = (FOLDER / "book.toml").read_text()
    (out / "book.toml").write_text(re.sub("|".join(words), lambda match: words[match[0]], text))


def renamed(text):
    """mdBook makes index.html of a README.md, and README.html of a link to one."""
    return re.sub(r"((?:^|\]\()(?:[\w./-]*/)?)README\.md", r"\1index.md", text)


def listed():
    """The summary with paths from the root of the book, and these paths."""
    pages = []

    def from_the_root(match):
        pages.append(os.path.normpath(os.path.join("docs/book", match[1])))
        return f"]({pages[-1]})"

    summary = re.sub(r"\]\(([^)]+)\)", from_the_root, (FOLDER / "SUMMARY.md").read_text())
    return summary, pages


if __name__ == "__main__":
    main(*sys.argv[1:])
