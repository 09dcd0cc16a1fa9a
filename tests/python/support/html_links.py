"""Finds the links of built HTML pages that lead nowhere inside the site. Standard library only."""

import html.parser
import pathlib
import urllib.parse


class _Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links, self.ids = [], set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id":
                self.ids.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)


def broken(site):
    """Page and target of every link that leads to no file, or to no element of one."""
    pages = {path.resolve(): _Page(path) for path in pathlib.Path(site).rglob("*.html")}
    for path, page in pages.items():
        # Both are pages of the whole site, of which each link is on a page of its own.
        if path.name in ("404.html", "print.html", "toc.html"):
            continue
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
            anchor = urllib.parse.unquote(parts.fragment)
            if not target.exists() or (anchor and target in pages and anchor not in pages[target].ids):
                yield str(path.relative_to(pathlib.Path(site).resolve())), link
