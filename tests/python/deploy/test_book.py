"""The documentation as a book: every page is in it, and every link leads somewhere."""

import re
import shutil
import subprocess
import sys

import html_links
import links
import pytest
from conftest import ROOT
from skips import skip_without

sys.path.insert(0, str(ROOT / "packaging"))

import book
import package
import publish_book


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    out = tmp_path_factory.mktemp("book")
    book.main(out)
    return out


def test_every_page_is_in_the_book():
    pages = {str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")}
    pages |= {str(path.relative_to(ROOT)) for path in (ROOT / "terraform").rglob("README.md") if ".terraform" not in path.parts}
    pages |= {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"}
    _, listed = book.listed()
    assert sorted(listed) == sorted(pages)


def test_every_link_of_its_sources_leads_somewhere(sources):
    pages = [path for path in (sources / "src").rglob("*.md")]
    assert {str(path.relative_to(sources)): list(links.broken(path)) for path in pages if list(links.broken(path))} == {}


def test_it_says_its_version(sources):
    text = (sources / "book.toml").read_text()
    assert f'title = "eks-nlb-sync {package.version()}"' in text
    assert not re.search(r"VERSION|REPOSITORY|SITE", text)


def test_every_link_of_the_built_book_leads_somewhere(sources):
    """Headings as mdBook names them, which is not always as GitHub does."""
    if not shutil.which("mdbook"):
        skip_without("mdbook", workflow="test.yml", job="book")
    subprocess.run(["mdbook", "build", sources], check=True, capture_output=True)
    site = sources / "book"
    assert list(site.glob("searchindex*.js"))
    assert sorted(html_links.broken(site)) == []


# --- The site ----------------------------------------------------------------------


def published(remote, tmp_path):
    """The files of the site, by path."""
    copy = tmp_path / f"copy-{len(list(tmp_path.iterdir()))}"
    subprocess.run(["git", "clone", "--quiet", "--branch", publish_book.BRANCH, remote, copy], check=True)
    return {str(path.relative_to(copy)): path.read_text() for path in copy.rglob("*") if path.is_file() and ".git" not in path.parts}


def test_each_version_stays_beside_the_others_and_the_highest_is_shown(tmp_path):
    remote, built = tmp_path / "remote.git", tmp_path / "built"
    subprocess.run(["git", "init", "--quiet", "--bare", remote], check=True)
    built.mkdir()
    shown = []
    for name in ("main", "v0.9.0", "v0.10.0", "v0.9.1", "main", "main"):
        (built / "index.html").write_text(f"book {name}")
        publish_book.main(built, name, remote)
        [latest] = re.findall(r'url=(.*?)/"', published(remote, tmp_path)["index.html"])
        shown.append(latest)
    assert shown == ["main", "v0.9.0", "v0.10.0", "v0.10.0", "v0.10.0", "v0.10.0"]
    site = published(remote, tmp_path)
    assert {name: text for name, text in site.items() if name.endswith("/index.html")} == {f"{name}/index.html": f"book {name}" for name in ("main", "v0.9.0", "v0.9.1", "v0.10.0")}
    assert re.findall(r"<li><a href=\"(.*?)/", site["index.html"]) == ["v0.10.0", "v0.9.1", "v0.9.0", "main"]


def test_no_other_folder_is_written(tmp_path):
    with pytest.raises(AssertionError):
        publish_book.main(tmp_path, "../v0.1.0", tmp_path)
