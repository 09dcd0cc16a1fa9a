"""Records `make demo` as a picture: the path of a packet, and one rotation.

    make pictures    # rewrites docs/pictures/rotation.svg

The demonstration runs on a terminal of its own, and every minute that it shows
is one frame: above, where the connections go, as the table below says. Its
output is the same every time, and so is the picture. It begins with the
rotation, and shows nothing else to readers who asked for less motion.
Standard library only.
"""

import os
import pathlib
import pty
import re
from html import escape

ROOT = pathlib.Path(__file__).resolve().parents[3]
PICTURE = ROOT / "docs" / "pictures" / "rotation.svg"
DEMO = ROOT / "target" / "debug" / "demo"

SECONDS_A_FRAME = 5
# The frame of the rotation.
STILL = "Minute 3."
CLUSTER = "payments"

WIDTH, SCENE_HEIGHT, LINE, COLUMN = 860, 190, 19, 7.83
COLOURS = {"1": "bold", "2": "dim", "31": "red", "32": "green", "33": "yellow", "36": "cyan"}
OF_STATE = {"healthy": "green", "initial": "yellow", "draining": "dim", "unhealthy": "red"}

STYLE = """
text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:13px;fill:#d6deeb}
.bold{font-weight:700;fill:#fff}.dim{fill:#8b98ac}.red{fill:#ff7b72}.green{fill:#56d364}.yellow{fill:#e3b341}.cyan{fill:#56d4dd}
.box{fill:#1b2533;stroke:#8b98ac}
.box.green{stroke:#56d364}.box.yellow{stroke:#e3b341}.box.red{stroke:#ff7b72}.box.dim{stroke:#8b98ac;stroke-dasharray:4 3}
.box.cyan{stroke:#56d4dd}.tells{fill:none;stroke:#56d4dd;stroke-dasharray:2 4}
.way{fill:none;stroke:#56d364;stroke-width:1.5}.small{font-size:11px}.middle{text-anchor:middle}
.frame{visibility:hidden}.still{visibility:visible}.packet{fill:#56d364;visibility:hidden}
"""


def recorded(command=DEMO):
    """What `command` prints on a terminal."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(command, [str(command)])
    output = b""
    while True:
        try:
            some = os.read(terminal, 65536)
        except OSError:  # Linux's way to say that nobody writes any more.
            break
        if not some:
            break
        output += some
    _, status = os.waitpid(child, 0)
    assert status == 0, output.decode()
    return output.decode().replace("\r\n", "\n")


def frames(output):
    """The minutes of the demonstration, each a list of lines, and what it says at the end."""
    [end] = re.findall(r"^\d+ AWS calls.*", output, re.DOTALL | re.MULTILINE)
    minutes = re.split(r"\n(?=\x1b\[1mMinute)", output.removesuffix(end).strip("\n"))
    return [minute.strip("\n").split("\n") for minute in minutes], end.strip().split("\n")


def plain(line):
    return re.sub(r"\x1b\[\d+m", "", line)


def targets(lines, cluster=CLUSTER):
    """Address and state of each target of a cluster in one frame."""
    found, current = [], None
    for line in map(plain, lines):
        row = re.match(r"  (\w*) +(\d[\d.]+):443 +(\w+)", line)
        if row:
            current = row[1] or current
            if current == cluster:
                found.append((row[2], row[3]))
    return found


def text(x, y, line):
    """A line with its colours as SVG. What stands apart is placed apart, whatever the font's width."""
    parts, style, column = [], "", 0
    for code, run in re.findall(r"(?:\x1b\[(\d+)m)?([^\x1b]*)", line):
        style = COLOURS.get(code, "") if code else style
        for words in re.finditer(r"\S+(?: \S+)*", run):
            at = x + (column + words.start()) * COLUMN
            parts.append(f'<text class="{style}" x="{at:.1f}" y="{y}">{escape(words[0])}</text>')
        column += len(run)
    return "".join(parts)


def box(x, y, width, height, label, below="", style=""):
    middle = x + width / 2
    parts = [f'<rect class="box {style}" x="{x}" y="{y}" width="{width}" height="{height}" rx="5"/>']
    parts.append(f'<text class="middle small" x="{middle}" y="{y + (height * 0.43 if below else height / 2 + 4):.1f}">{escape(label)}</text>')
    if below:
        parts.append(f'<text class="middle small {style or "dim"}" x="{middle}" y="{y + height * 0.79:.1f}">{escape(below)}</text>')
    return "".join(parts)


def network():
    """What stays as it is in every frame."""
    return "".join(
        [
            '<text class="dim small" x="24" y="28">tools\' VPC</text><text class="dim small" x="350" y="28">cluster\'s VPC</text>',
            '<path class="dim" d="M330 16V56M330 72V176" stroke="#8b98ac" stroke-dasharray="3 5"/>',
            box(24, 76, 90, 42, "kubectl"),
            box(160, 76, 140, 42, "interface", "endpoint"),
            box(370, 76, 150, 42, "Network Load", "Balancer"),
            '<path class="way" d="M114 97H160M300 97H370"/><text class="dim small middle" x="331" y="66">PrivateLink</text>',
            f'<text class="dim small" x="556" y="28">{CLUSTER}</text>',
            box(370, 140, 150, 36, "eks-nlb-sync", "once a minute", "cyan"),
            '<path class="tells" d="M520 158H664M664 18V172"/>',
        ]
    )


def way(found):
    """Where connections go in one frame: the load balancer, and its targets."""
    parts = []
    step = 162 / max(len(found), 1)
    serving = any(state == "healthy" for _, state in found)
    for n, (address, state) in enumerate(found):
        y = 14 + n * step + (step - 36) / 2
        style = OF_STATE[state]
        parts.append(box(680, round(y, 1), 150, 36, address, state, style))
        if state == "healthy":
            path = f"M520 97C600 97 600 {y + 18:.1f} 680 {y + 18:.1f}"
            parts.append(f'<path class="way" d="{path}"/>')
            begin = f"{n * 0.5:.1f}s"
            whole = f"M114 97H520{path.removeprefix('M520 97')}"
            motion = f'<animateMotion dur="2s" begin="{begin}" repeatCount="indefinite" path="{whole}"/>'
            parts.append(f'<circle class="packet" r="4">{motion}</circle>')
    if not serving:
        parts.append('<text class="small yellow" x="545" y="100">not in service yet</text>')
    return "".join(parts)


def animation(count, first):
    total = count * SECONDS_A_FRAME
    rules = [
        f"@keyframes turn{{0%{{visibility:visible}}{100 / count:.3f}%,100%{{visibility:hidden}}}}",
        f".frame{{animation:turn {total}s step-end infinite}}.packet{{visibility:inherit}}",
    ]
    # One that has a negative delay has begun before.
    rules += [f".f{n}{{animation-delay:{(n - first) % count * SECONDS_A_FRAME - total}s}}" for n in range(count)]
    return f"@media (prefers-reduced-motion:no-preference){{{''.join(rules)}}}"


def drawn(output):
    minutes, end = frames(output)
    prompt = text(24, SCENE_HEIGHT + 26, "\x1b[36m$\x1b[0m make demo")
    parts = []
    minutes[-1] += ["", *end]
    rows = max(map(len, minutes))
    top = SCENE_HEIGHT + 34
    height = top + (rows + 1) * LINE
    [first] = [n for n, lines in enumerate(minutes) if plain(lines[0]).startswith(STILL)]
    for n, lines in enumerate(minutes):
        still = " still" if n == first else ""
        body = "".join(text(24, top + LINE * (row + 1), line) for row, line in enumerate(lines) if line)
        parts.append(f'<g class="frame f{n}{still}">{way(targets(lines))}{body}</g>\n')
    told = " ".join(plain(lines[0]) for lines in minutes) + " " + " ".join(end)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'role="img" aria-labelledby="title desc">\n'
        '<title id="title">The path of a packet, and one rotation of API servers</title>\n'
        f'<desc id="desc">kubectl reaches the API servers through an interface endpoint, PrivateLink and a Network Load Balancer. {escape(told)}</desc>\n'
        f"<style>{STYLE}{animation(len(minutes), first)}</style>\n"
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#0d1520"/>\n'
        f"{network()}\n"
        f'<path d="M0 {SCENE_HEIGHT}H{WIDTH}" stroke="#2c3a4d"/>{prompt}\n'
        f"{''.join(parts)}</svg>\n"
    )


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(drawn(recorded()))
