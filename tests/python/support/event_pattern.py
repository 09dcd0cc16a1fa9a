"""Matches events against EventBridge patterns, as far as ours go.

Source: EventBridge User Guide, Comparison operators for use in event patterns.
Standard library only.
"""


def matches(pattern, event):
    """Whether an EventBridge rule with `pattern` takes `event`."""
    for key, wanted in pattern.items():
        if key == "$or":
            if not any(matches(each, event) for each in wanted):
                return False
        elif isinstance(wanted, dict):
            if not matches(wanted, event.get(key) if isinstance(event.get(key), dict) else {}):
                return False
        elif not any(_accepts(each, event, key) for each in wanted):
            return False
    return True


def _accepts(wanted, event, key):
    value = event.get(key)
    if not isinstance(wanted, dict):
        return key in event and value == wanted
    [(operator, operand)] = wanted.items()
    match operator:
        case "exists":
            return (key in event) == operand
        case "prefix":
            return isinstance(value, str) and value.startswith(operand)
    raise NotImplementedError(operator)
