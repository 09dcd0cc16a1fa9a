"""Draws the dashboard of template.yaml as CloudWatch would show a simulated day.

    make pictures    # rewrites docs/pictures/dashboard.svg

The widgets are the template's, with their titles, places and queries. What they
show is what the shipped program logged in the day of simulator/src/bin/incidents/day.rs:
its metric lines, and what the queries find in its log. Of Lambda's own metrics
the simulator knows runs and errors; a call to AWS is taken to last 20 ms, one
after the other. The same program makes the same picture.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
from html import escape

ROOT = pathlib.Path(__file__).resolve().parents[3]
PICTURE = ROOT / "docs" / "pictures" / "dashboard.svg"
sys.path[:0] = [str(ROOT / "tests/python/support"), str(ROOT / "tests/python/deploy")]

from cloudwatch import ALARM, Alarm  # noqa: E402
from conftest import translated  # noqa: E402
from logs_insights import query  # noqa: E402
from simulated_day import DAY, HOUR, MINUTE, Day  # noqa: E402
from template import Stack  # noqa: E402
from watching import spelt_out  # noqa: E402

# Of the picture, in pixels: one of CloudWatch's 24 columns, and one of its rows.
COLUMN, ROW, GAP = 42, 30, 4
PALETTE = ["#1f77b4", "#ff7f0e", "#2ca02c", "#9467bd", "#8c564b", "#d62728"]

STYLE = """
text{font-family:-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;font-size:11px;fill:#16191f}
.title{font-size:13px;font-weight:700}.axis,.note{font-size:9px;fill:#545b64}.head{font-weight:700}.large{font-size:20px}
.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:9.5px}
.card{fill:#fff;stroke:#d5dbdb}.grid{stroke:#eaeded}.line{fill:none;stroke-width:1.5;stroke-linejoin:round}
"""


def played(library):
    """What the function logged in the day, and its runs."""
    run = subprocess.run([ROOT / "target/debug/incidents", library, "day"], check=True, capture_output=True, text=True)
    return json.loads(run.stdout)


def alarm_states(stack, day):
    """Each alarm with whether it is in alarm when the day ends, and when it began to be."""
    for name, properties in stack.of_type("AWS::CloudWatch::Alarm").items():
        changes = Alarm(properties).states(day.metrics, until=DAY)
        yield name, changes[-1][1] == ALARM, [at for at, state in changes if state == ALARM]


def curves(widget, day):
    """Label, colour and points of each line of a metric widget."""
    properties = widget["properties"]
    for n, (names, look) in enumerate(spelt_out(properties["metrics"])):
        statistic = look.get("stat") or properties["stat"]
        points = day.series(names[0], names[1], statistic, properties["period"])
        yield look["label"], look.get("color", PALETTE[n]), points


def log_curves(widget, day):
    """The same of a log widget that counts by time."""
    rows = query(question(widget), day.lines)
    [time] = {key for row in rows for key in row if key.startswith("bin(")}
    names = [name for row in rows for name in row if name != time]
    for n, name in enumerate(dict.fromkeys(names)):
        yield name, PALETTE[n % len(PALETTE)], sorted((row[time], row[name]) for row in rows if name in row)


def question(widget):
    return re.sub(r"^SOURCE '[^']+' \| ", "", widget["properties"]["query"])


def numbers(widget, day):
    """Label and value of each number: the last of a metric, or what an expression works out."""
    totals, wanted = {}, []
    for names, look in spelt_out(widget["properties"]["metrics"]):
        if names and "id" not in look:
            *_, (_, last) = day.series(names[0], names[1], widget["properties"]["stat"], widget["properties"]["period"])
            yield look["label"], f"{last:g}"
        elif names:
            values = [value for _, value in day.series(names[0], names[1], widget["properties"]["stat"], MINUTE)]
            totals[look["id"]] = sum(values)
        else:
            wanted.append((look["label"], look["expression"]))
    for label, expression in wanted:
        assert re.fullmatch(r"[a-z\d*/+. ]+", expression), expression
        yield label, f"{eval(expression, {'__builtins__': {}}, totals):.4f}"  # noqa: S307: numbers and the names above


def drawn(stack, day):
    [properties] = stack.of_type("AWS::CloudWatch::Dashboard").values()
    widgets = json.loads(properties["DashboardBody"])["widgets"]
    width = 24 * COLUMN
    height = max(widget["y"] + widget["height"] for widget in widgets) * ROW
    body = "\n".join(card(widget, stack, day) for widget in widgets)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" aria-labelledby="title desc">\n'
        '<title id="title">The dashboard of the stack over a simulated day</title>\n'
        '<desc id="desc">Payments is upgraded at 3, IAM denies the lookup of orders at 9, the new servers of search stay unhealthy from 14 '
        "to 15:30, those of ledger do not answer at 18, and from 21:30 a load balancer has no cluster's name.</desc>\n"
        f"<style>{STYLE}</style>\n"
        f'<rect width="{width}" height="{height}" rx="6" fill="#f2f3f3"/>\n{body}\n</svg>\n'
    )


def card(widget, stack, day):
    x, y = widget["x"] * COLUMN + GAP, widget["y"] * ROW + GAP
    width, height = widget["width"] * COLUMN - 2 * GAP, widget["height"] * ROW - 2 * GAP
    properties = widget["properties"]
    kind = widget["type"], properties.get("view")
    if widget["type"] == "alarm":
        inside = alarms_drawn(alarm_states(stack, day))
    elif kind == ("metric", "singleValue"):
        inside = numbers_drawn(numbers(widget, day), width)
    elif kind == ("log", "table"):
        inside = table_drawn(query(question(widget), day.lines), width, height)
    elif kind == ("log", "timeSeries"):
        inside = chart(list(log_curves(widget, day)), properties, width, height)
    else:
        assert kind == ("metric", "timeSeries"), kind
        inside = chart(list(curves(widget, day)), properties, width, height)
    place = " ".join(str(widget[each]) for each in ("x", "y", "width", "height"))
    return (
        f'<g data-widget="{place}" transform="translate({x} {y})"><rect class="card" width="{width}" height="{height}"/>'
        f'<text class="title" x="10" y="19">{escape(fitting(properties["title"], width - 20, 7.9))}</text>'
        f"<title>{escape(properties['title'])}</title>{inside}</g>"
    )


def fitting(words, width, each):
    """`words`, cut to `width`."""
    words, most = str(words), int(width / each)
    return words if len(words) <= most else words[: most - 1] + "…"


def alarms_drawn(states):
    parts = []
    for n, (name, rings, began) in enumerate(states):
        x, y = 10 + n % 3 * 160, 35 + n // 3 * 40
        colour, word = ("#d13212", "In alarm") if rings else ("#1d8102", "OK")
        parts.append(
            f'<g data-alarm="{name}" data-began="{" ".join(map(clock, began))}"><rect x="{x}" y="{y}" width="10" height="10" fill="{colour}"/>'
            f'<text x="{x + 15}" y="{y + 9}">{name}</text><text class="note" x="{x + 15}" y="{y + 19}">{word}</text></g>'
        )
    return "".join(parts)


def numbers_drawn(found, width):
    found, parts = list(found), []
    for n, (label, value) in enumerate(found):
        x = 10 + n * (width - 10) / len(found)
        parts.append(f'<text class="large" x="{x:.0f}" y="70">{value}</text>')
        parts.append(f'<text class="note" x="{x:.0f}" y="86">{escape(label)}</text>')
    return "".join(parts)


def table_drawn(rows, width, height):
    if not rows:
        return '<text class="note" x="10" y="42">No results</text>'
    columns = list(dict.fromkeys(name for row in rows for name in row))
    # Where the first row has no cluster, it is still what one looks for.
    columns.sort(key=lambda name: name not in ("@timestamp", "cluster"))
    cells = [[shown(column, row.get(column, "")) for column in columns] for row in rows]
    most = int((height - 46) / 17)
    cells = cells[:most]
    # As wide as what is in them, as far as there is room.
    widths = [max(len(column), *(len(row[n]) for row in cells)) + 2 for n, column in enumerate(columns)]
    scarce = (width - 20) / 5.8
    limit = max(widths)
    while sum(min(each, limit) for each in widths) > scarce:
        limit -= 1
    parts, x = [], 10
    for n, column in enumerate(columns):
        room = min(widths[n], limit) * 5.8
        parts.append(f'<text class="mono head" x="{x:.0f}" y="38">{escape(fitting(column, room, 6.2))}</text>')
        for line, row in enumerate(cells):
            parts.append(f'<text class="mono" x="{x:.0f}" y="{55 + line * 17}">{escape(fitting(row[n], room, 6.2))}</text>')
        x += room
    return f'<path class="grid" d="M10 43H{width - 10}"/>' + "".join(parts)


def shown(column, value):
    if column in ("@timestamp", "lastSeen"):
        return clock(value)
    return str(value)


def clock(seconds):
    return f"{seconds // HOUR:02}:{seconds % HOUR // MINUTE:02}"


def chart(lines, properties, width, height):
    left, right, top, bottom = 44, width - 20, 34, height - 40
    notes = properties.get("annotations", {}).get("horizontal", [])
    most = nice(max([value for _, _, points in lines for _, value in points] + [note["value"] for note in notes]))
    at = lambda second: left + (right - left) * second / DAY  # noqa: E731
    of = lambda value: bottom - (bottom - top) * value / most  # noqa: E731
    parts = []
    for step in range(5):
        value = most * step / 4
        parts.append(f'<path class="grid" d="M{left} {of(value):.1f}H{right}"/>')
        parts.append(f'<text class="axis" text-anchor="end" x="{left - 5}" y="{of(value) + 3:.1f}">{value:g}</text>')
    for hour in range(0, 25, 6):
        parts.append(f'<text class="axis" text-anchor="middle" x="{at(hour * HOUR):.0f}" y="{bottom + 12}">{hour:02}:00</text>')
    for note in notes:
        y = of(note["value"])
        parts.append(f'<path d="M{left} {y:.1f}H{right}" stroke="#545b64" stroke-dasharray="4 3"/>')
        parts.append(f'<text class="note" x="{left + 4}" y="{y - 3:.1f}">{escape(note["label"])}</text>')
    x, room = left, (right - left) / len(lines) - 26
    for label, colour, points in lines:
        label = fitting(label, room, 4.9) if sum(len(name) * 4.9 + 26 for name, *_ in lines) > right - left else label
        for stretch in stretches(points):
            parts.append(f'<path class="line" stroke="{colour}" d="{path([(at(second), of(value)) for second, value in stretch])}"/>')
        parts.append(f'<rect x="{x:.0f}" y="{height - 18}" width="9" height="9" fill="{colour}"/>')
        parts.append(f'<text class="note" x="{x + 13:.0f}" y="{height - 10}">{escape(label)}</text>')
        x += 26 + len(label) * 4.9
    return "".join(parts)


def nice(value):
    """The end of an axis that reaches `value`."""
    size = 1
    while size * 10 <= value:
        size *= 10
    return next(size * factor for factor in (1, 2, 4, 6, 8, 10) if size * factor >= value)


def stretches(points):
    """`points` without the gaps between them: nothing is known there."""
    found = []
    for point in points:
        if not found or point[0] - found[-1][-1][0] > HOUR:
            found.append([])
        found[-1].append(point)
    return found


def path(points):
    """The line through `points`, without those that change nothing; one alone is a dot."""
    if len(points) == 1:
        [(x, y)] = points
        return f"M{x - 2:.1f} {y:.1f}h4m-2-2v4"
    kept = []
    for n, (x, y) in enumerate(points):
        between = 0 < n < len(points) - 1
        if not (between and points[n - 1][1] == y == points[n + 1][1]):
            kept.append(f"{x:.1f} {y:.1f}")
    return f"M{'L'.join(kept)}" if kept else ""


def stack():
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
    return Stack(translated("template"))


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(drawn(stack(), Day(played(sys.argv[1]))))
