#!/usr/bin/env python3
"""Publishes the built book as one version of the site, and keeps the other versions.

    packaging/publish_book.py target/book/book v0.1.0 REMOTE

commits it as the folder `v0.1.0` of the branch gh-pages and pushes that. The front
page leads to the highest version, or to `main` before the first, and lists all.
Standard library only.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

BRANCH = "gh-pages"

FRONT = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>eks-nlb-sync</title>
<meta http-equiv="refresh" content="0; url={latest}/">
<p>The documentation of <a href="{latest}/">{latest}</a>. All versions:</p>
<ul>
{versions}
</ul>
</html>
"""


def main(book, name, remote):
    assert re.fullmatch(r"main|v\d+\.\d+\.\d+", name), name
    with tempfile.TemporaryDirectory() as folder:
        site = pathlib.Path(folder) / "site"
        if git(folder, "clone", "--quiet", "--depth", "1", "--branch", BRANCH, remote, site, expect=(0, 128)):
            git(folder, "init", "--quiet", "--initial-branch", BRANCH, site)
        shutil.rmtree(site / name, ignore_errors=True)
        shutil.copytree(book, site / name)
        (site / "index.html").write_text(front(site))
        # GitHub would otherwise run Jekyll, which drops files.
        (site / ".nojekyll").touch()
        git(site, "add", "--all")
        if git(site, "diff", "--cached", "--quiet", expect=(0, 1)):
            git(site, "-c", "user.name=docs", "-c", "user.email=docs@localhost", "commit", "--quiet", "--message", f"docs: {name}")
            git(site, "push", "--quiet", remote, BRANCH)


def front(site):
    found = [path.name for path in site.iterdir() if re.fullmatch(r"main|v\d+\.\d+\.\d+", path.name)]
    # `main` is before every version.
    names = sorted(found, key=lambda name: [int(part) for part in re.findall(r"\d+", name)], reverse=True)
    return FRONT.format(latest=names[0], versions="\n".join(f'<li><a href="{name}/">{name}</a></li>' for name in names))


def git(folder, *arguments, expect=(0,)):
    done = subprocess.run(["git", *map(str, arguments)], cwd=folder)
    assert done.returncode in expect, f"git {arguments[0]} ended with {done.returncode}"
    return done.returncode


if __name__ == "__main__":
    main(*sys.argv[1:])
