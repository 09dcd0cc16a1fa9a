"""The modules' own tests, in OpenTofu."""

import re
import shutil

import pytest

from harness import MODULES, OpenTofu
from skips import skip_without

pytestmark = pytest.mark.xdist_group("modules")


@pytest.mark.parametrize("module", [name for name in MODULES if name != "function"])
def test_the_modules_own_tests_pass_in_opentofu(copy, module):
    """Without the function, whose tests build it."""
    if not shutil.which("tofu"):
        skip_without("OpenTofu", workflow="test.yml", job="opentofu")
    tofu = OpenTofu(copy / "terraform" / module)
    tofu.init()

    done = tofu("test", "-no-color", expect=None)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Success! [1-9]\d* passed, 0 failed", done.stdout), done.stdout
