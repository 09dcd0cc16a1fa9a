"""The pictures show what the code does and the template has now.

nightly.yml compares the dashboard with the current program, because the day
takes a minute.
"""

import html
import re
import xml.etree.ElementTree as ElementTree

import dashboard
import pytest
import recording
from conftest import ROOT
from test_docs import rows
from watching import dashboard as body_of

PICTURES = sorted((ROOT / "docs" / "pictures").glob("*.svg"))
OURS = [recording.PICTURE, dashboard.PICTURE]


def test_the_recording_is_what_the_demonstration_shows():
    assert recording.PICTURE.read_text() == recording.drawn(recording.recorded()), "run make pictures"


def test_the_way_in_each_frame_is_that_of_its_table():
    minutes, end = recording.frames(recording.recorded())
    states = [dict(recording.targets(minute)) for minute in minutes]
    assert len(minutes) == 7 and "0 of them failed" in end[-1]
    assert states[0] == {"10.0.1.10": "initial", "10.0.2.11": "initial"}
    assert states[2] == {"10.0.1.10": "healthy", "10.0.2.11": "healthy", "10.0.3.20": "initial", "10.0.4.21": "initial"}
    assert states[-1] == {"10.0.1.10": "draining", "10.0.2.11": "draining", "10.0.3.20": "healthy", "10.0.4.21": "healthy"}


def test_every_widget_of_the_template_is_in_its_place(stack):
    drawn = re.findall(r'<g data-widget="([\d ]+)".*?<title>(.*?)</title>', dashboard.PICTURE.read_text())
    made = [
        (f"{widget['x']} {widget['y']} {widget['width']} {widget['height']}", widget["properties"]["title"])
        for widget in body_of(stack("template"))["widgets"]
    ]
    assert [(place, html.unescape(title)) for place, title in drawn] == made, "run make pictures"


def test_every_line_and_alarm_of_the_template_is_drawn(stack):
    text = html.unescape(dashboard.PICTURE.read_text())
    one = stack("template")
    for name in one.of_type("AWS::CloudWatch::Alarm"):
        assert f">{name}</text>" in text
    for widget in body_of(one)["widgets"]:
        for _, look in dashboard.spelt_out(widget["properties"].get("metrics", [])):
            # A long label is cut.
            assert not look.get("label") or f">{look['label'][:18]}" in text, look


def test_the_alarms_rang_when_the_page_says():
    began = dict(re.findall(r'data-alarm="(\w+)" data-began="([\d: ]*)"', dashboard.PICTURE.read_text()))
    said = {}
    for hour, _, seen in rows("Dashboard"):
        for alarm in re.findall(r"`(\w+Alarm)`", seen.partition("too short for")[0]):
            said.setdefault(alarm, []).append(hour)
    assert {name for name, times in began.items() if times} == set(said)
    for alarm, hours in said.items():
        times = began[alarm].split()
        assert len(times) == len(hours)
        for time, hour in zip(times, hours, strict=True):
            assert hour < time < f"{int(hour[:2]) + 2:02}", alarm


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_a_picture_is_small_and_asks_nobody_for_anything(path):
    text = path.read_text()
    ElementTree.fromstring(text)
    assert len(text) < 150_000
    # GitHub shows an image with no scripts and nothing from elsewhere.
    assert "<script" not in text
    assert not re.search(r"(?:href|src)=\"(?!#)|url\((?!#|\"#)|@import", text)


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_a_picture_tells_what_it_shows_to_who_cannot_see_it(path):
    root = ElementTree.parse(path).getroot()
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img" and root.get("aria-labelledby") == "title desc"
    assert root.find(f"{space}title").text and len(root.find(f"{space}desc").text) > 100


def test_nothing_moves_for_who_asked_for_that():
    text = recording.PICTURE.read_text()
    before, _, moving = text.partition("@media (prefers-reduced-motion:no-preference)")
    assert "animation" not in before and "animation" in moving
    assert text.count('class="frame f') == 7 and text.count(" still\"") == 1
    # Dots on the way are seen only where they may move.
    assert ".packet{fill:#56d364;visibility:hidden}" in before


def test_the_pages_show_the_pictures():
    assert "(docs/pictures/rotation.svg)" in (ROOT / "README.md").read_text()
    assert "(pictures/dashboard.svg)" in (ROOT / "docs" / "operations.md").read_text()
