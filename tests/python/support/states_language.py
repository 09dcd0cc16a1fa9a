"""Paths and intrinsic functions of the Amazon States Language, as far as our definitions use them; refuses any other."""

import json
import re


class TaskError(Exception):
    """What a task fails with: `error` is what Retry and Catch go by."""

    def __init__(self, error, cause=""):
        super().__init__(f"{error}: {cause}")
        self.error, self.cause = error, cause


def resolve(template, data, context):
    """A payload template: keys that end in `.$` are paths or intrinsic functions."""
    if isinstance(template, list):
        return [resolve(each, data, context) for each in template]
    if not isinstance(template, dict):
        return template
    resolved = {}
    for key, value in template.items():
        if key.endswith(".$"):
            resolved[key[:-2]] = _Expression(value, data, context).whole()
        else:
            resolved[key] = resolve(value, data, context)
    return resolved


def at(path, data):
    """What a path leads to: `$.a.b`, `$.a[0]`, `$.a[*].b`."""
    steps = re.findall(r"\.(\w+)|\[(\d+|\*)\]", path)
    assert re.fullmatch(r"\$(\.\w+|\[(\d+|\*)\])*", path), path
    for number, (key, index) in enumerate(steps):
        if index == "*":
            rest = "$" + "".join(f".{k}" if k else f"[{i}]" for k, i in steps[number + 1 :])
            return [at(rest, each) for each in data]
        if key:
            if not isinstance(data, dict) or key not in data:
                raise KeyError(path)
            data = data[key]
        else:
            data = data[int(index)]
    return data


class _Expression:
    """One path or intrinsic function."""

    _TOKEN = re.compile(r"\s*(?:(?P<path>\$\$?(?:\.\w+|\[(?:\d+|\*)\])*)|(?P<name>States\.\w+)|'(?P<text>(?:[^'\\]|\\.)*)'|(?P<number>-?\d+)|(?P<sign>[(),]))")

    def __init__(self, text, data, context):
        self.text, self.at, self.data, self.context = text, 0, data, context

    def whole(self):
        value = self._value()
        assert self.at == len(self.text), self.text
        return value

    def _next(self):
        found = self._TOKEN.match(self.text, self.at)
        assert found, f"{self.text!r} at {self.at}"
        self.at = found.end()
        return found

    def _value(self):
        token = self._next()
        match token.lastgroup:
            case "path":
                path, inside = token["path"], token["path"].startswith("$$")
                try:
                    return at(path[1:] if inside else path, self.context if inside else self.data)
                except KeyError as missing:
                    raise TaskError("States.ParameterPathFailure", str(missing)) from missing
            case "text":
                return token["text"]
            case "number":
                return int(token["number"])
        assert self._next()["sign"] == "("
        arguments = []
        while True:
            arguments.append(self._value())
            if self._next()["sign"] == ")":
                return _FUNCTIONS[token["name"]](*arguments)


def _format(template, *values):
    for value in values:
        template = template.replace("{}", value if isinstance(value, str) else json.dumps(value), 1)
    return template


_FUNCTIONS = {
    "States.ArrayContains": lambda array, value: value in array,
    "States.ArrayLength": len,
    "States.Format": _format,
    "States.MathAdd": lambda left, right: left + right,
    "States.StringSplit": lambda text, by: [part for part in re.split(f"[{re.escape(by)}]", text) if part],
}
