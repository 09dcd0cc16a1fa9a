"""Runs CloudWatch Logs Insights queries on the log lines of a test.

    rows = query("filter message = 'failed' | stats count(*) by code", lines)

Knows the part of the language that our queries use, and refuses the rest, so a
misspelt command is found. Source: CloudWatch Logs User Guide, CloudWatch Logs
Insights language query syntax. Standard library only.
"""

import json
import re

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'[^']*'|"[^"]*")
    | (?P<regex>/(?:[^/\\]|\\.)+/)
    | (?P<number>-?\d+(?:\.\d+)?[smhd]?\b)
    | (?P<name>@?[A-Za-z_][\w.@]*|`[^`]+`)
    | (?P<sign>!=|<=|>=|[=<>(),\[\]|*])
    )""",
    re.VERBOSE,
)

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class QueryError(ValueError):
    """What Logs Insights would refuse."""


def query(text, lines):
    """The rows that `text` finds in `lines`: JSON documents, or other text.

    A line is a dict, its time in `@timestamp` (seconds, in order of appearance
    where it has none). A row is a dict.
    """
    events = [{"@message": json.dumps(line)} | _flat(line) | {"@timestamp": _time(line, number)} for number, line in enumerate(lines)]
    rows, shown = events, None
    for command in _commands(text):
        name = command.word()
        match name:
            case "filter":
                accepts = _condition(command)
                rows = [row for row in rows if accepts(row)]
            case "fields" | "display":
                shown = [*(shown or []), *_names(command)] if name == "fields" else _names(command)
            case "parse":
                field, pattern, names = _parse(command)
                rows = [row | _parsed(pattern, names, row.get(field)) for row in rows]
            case "stats":
                rows, shown = _stats(command, rows), None
            case "sort":
                field, descending = command.field(), command.word_if("desc", "asc") == "desc"
                rows = sorted(rows, key=lambda row: _order(row.get(field)), reverse=descending)
            case "limit":
                rows = rows[: int(command.next("number"))]
            case _:
                raise QueryError(f"no such command: {name}")
        command.end()
    if shown is None:
        return rows
    return [{field: row[field] for field in shown if field in row} for row in rows]


def _time(line, number):
    return line.get("@timestamp", number) if isinstance(line, dict) else number


def _flat(value, prefix=""):
    """Nested fields as Logs Insights names them: `summary.failed`, `frontends.0.cluster`."""
    if not isinstance(value, (dict, list)):
        return {prefix: value} if prefix else {"@message": value}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found = {}
    for key, each in items:
        path = f"{prefix}.{key}" if prefix else str(key)
        found |= _flat(each, path)
    return found


class _Command:
    """The tokens of one command, read from left to right."""

    def __init__(self, tokens):
        self._tokens = tokens

    def peek(self):
        return self._tokens[0] if self._tokens else (None, None)

    def next(self, *kinds):
        kind, value = self.peek()
        if kind not in kinds:
            raise QueryError(f"{value!r} where a {' or '.join(kinds)} should be")
        self._tokens.pop(0)
        return value

    def sign(self, sign):
        if self.next("sign") != sign:
            raise QueryError(f"no {sign!r}")

    def sign_if(self, *signs):
        kind, value = self.peek()
        return self.next("sign") if kind == "sign" and value in signs else None

    def word(self):
        return self.next("name").lower()

    def word_if(self, *words):
        kind, value = self.peek()
        return self.word() if kind == "name" and value.lower() in words else None

    def field(self):
        return self.next("name").strip("`")

    def end(self):
        if self._tokens:
            raise QueryError(f"left over: {self._tokens}")


def _commands(text):
    tokens, at = [[]], 0
    text = text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise QueryError(f"not understood: {text[at:]!r}")
        at = found.end()
        if found["sign"] == "|":
            tokens.append([])
        else:
            tokens[-1].append((found.lastgroup, found[found.lastgroup]))
    # A dashboard's query begins with where it looks.
    if tokens[0][:1] == [("name", "SOURCE")]:
        tokens.pop(0)
    return [_Command(each) for each in tokens]


def _names(command):
    names = [command.field()]
    while command.sign_if(","):
        names.append(command.field())
    return names


def _condition(command):
    found = _conjunction(command)
    while command.word_if("or"):
        left, right = found, _conjunction(command)
        found = lambda row, left=left, right=right: left(row) or right(row)  # noqa: E731
    return found


def _conjunction(command):
    found = _comparison(command)
    while command.word_if("and"):
        left, right = found, _comparison(command)
        found = lambda row, left=left, right=right: left(row) and right(row)  # noqa: E731
    return found


def _comparison(command):
    if command.word_if("not"):
        inner = _comparison(command)
        return lambda row: not inner(row)
    if command.sign_if("("):
        inner = _condition(command)
        command.sign(")")
        return inner
    if command.word_if("ispresent"):
        command.sign("(")
        field = command.field()
        command.sign(")")
        return lambda row: row.get(field) is not None
    field = command.field()
    if command.word_if("in"):
        values = _list(command)
        return lambda row: row.get(field) in values
    if command.word_if("like"):
        pattern = re.compile(command.next("regex")[1:-1])
        return lambda row: field in row and pattern.search(str(row[field])) is not None
    sign, value = command.sign_if("=", "!=", "<", "<=", ">", ">="), _value(command)
    compare = {
        "=": lambda left: left == value,
        "!=": lambda left: left != value,
        "<": lambda left: left is not None and left < value,
        "<=": lambda left: left is not None and left <= value,
        ">": lambda left: left is not None and left > value,
        ">=": lambda left: left is not None and left >= value,
    }[sign]
    return lambda row: compare(row.get(field))


def _list(command):
    command.sign("[")
    values = [_value(command)]
    while command.sign_if(","):
        values.append(_value(command))
    command.sign("]")
    return values


def _value(command):
    kind, _ = command.peek()
    value = command.next("text", "number")
    return value[1:-1] if kind == "text" else float(value)


def _parse(command):
    """Field, pattern and names of `parse field 'glob' as a, b`."""
    field, glob = command.field(), command.next("text")[1:-1]
    if not command.word_if("as"):
        raise QueryError("parse without as")
    names = _names(command)
    if glob.count("*") != len(names):
        raise QueryError(f"{glob!r} for {names}")
    return field, re.compile("(.*?)".join(map(re.escape, glob.split("*"))) + r"\Z", re.DOTALL), names


def _parsed(pattern, names, value):
    found = pattern.search(str(value)) if value is not None else None
    return dict(zip(names, found.groups(), strict=True)) if found else {}


_AGGREGATES = {
    "count": len,
    "sum": lambda values: sum(values),
    "max": lambda values: max(values, default=None),
    "min": lambda values: min(values, default=None),
    "avg": lambda values: sum(values) / len(values) if values else None,
    "latest": lambda values: values[-1] if values else None,
    "earliest": lambda values: values[0] if values else None,
}


def _stats(command, rows):
    wanted = [_aggregate(command)]
    while command.sign_if(","):
        wanted.append(_aggregate(command))
    keys = []
    if command.word_if("by"):
        keys = [_key(command)]
        while command.sign_if(","):
            keys.append(_key(command))
    groups = {}
    for row in sorted(rows, key=lambda row: row["@timestamp"]):
        groups.setdefault(tuple(of(row) for _, of in keys), []).append(row)
    return [
        {name: value for (name, _), value in zip(keys, group, strict=True) if value is not None}
        | {name: value for name, of in wanted if (value := of(members)) is not None}
        for group, members in groups.items()
    ]


def _aggregate(command):
    function = command.word()
    if function not in _AGGREGATES:
        raise QueryError(f"no such function: {function}")
    command.sign("(")
    field = command.sign_if("*") or command.field()
    command.sign(")")
    if field == "*" and function != "count":
        raise QueryError(f"{function}(*)")
    name = command.field() if command.word_if("as") else f"{function}({field})"
    values = lambda rows: [row[field] for row in rows if row.get(field) is not None]  # noqa: E731
    return name, lambda rows: _AGGREGATES[function](rows if field == "*" else values(rows))


def _key(command):
    if not command.word_if("bin"):
        field = command.field()
        return field, lambda row: row.get(field)
    command.sign("(")
    width = command.next("number")
    command.sign(")")
    seconds = int(width[:-1]) * _SECONDS[width[-1]]
    return f"bin({width})", lambda row: row["@timestamp"] // seconds * seconds


def _order(value):
    # What is absent comes first, and numbers before text.
    return (value is not None, isinstance(value, str), value if value is not None else 0)
