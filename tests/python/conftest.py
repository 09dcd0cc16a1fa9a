"""Under CI a skip is a failure, unless it says which workflow runs the test."""

import os

import pytest
from skips import Elsewhere


def refused(report, call):
    """The report, failed if it is of a skip that CI does not accept."""
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        if not call.excinfo.errisinstance(Elsewhere):
            report.outcome = "failed"
            report.longrepr = f"skipped under CI: {call.excinfo.value}\nskips.py says when a test may be."
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    return refused(report, call)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    return refused(report, report.call)
