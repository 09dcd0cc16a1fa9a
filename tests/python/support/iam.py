"""Evaluates IAM policies that deny, as far as the project's own go.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and
"Single-valued vs. multivalued context keys", read in November 2026. An operator
that is not here is an error, never a match. Standard library only.
"""

import re


def denied(policy, action, context):
    """Whether a statement of `policy` denies `action` on any resource, with the request's context keys."""
    return any(_applies(statement, action, context) for statement in policy["Statement"])


def _applies(statement, action, context):
    assert statement["Effect"] == "Deny" and statement["Resource"] == "*", statement
    # Names of context keys are compared without case.
    context = {key.lower(): value for key, value in context.items()}
    return any(_like(each, action, re.IGNORECASE) for each in statement["Action"]) and all(
        _holds(operator, key.lower(), wanted, context)
        # All operators and all keys must hold; of a key's values, one.
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def _holds(operator, key, wanted, context):
    match operator:
        # No match where the key is missing or has no value.
        case "ForAnyValue:StringEquals":
            return any(value in wanted for value in context.get(key, []))
        case "ForAnyValue:StringEqualsIgnoreCase":
            return any(value.lower() in map(str.lower, wanted) for value in context.get(key, []))
        # A negated operator matches where the key is missing.
        case "ArnNotLike":
            return key not in context or not any(_arn_like(each, context[key]) for each in wanted)
        case "Null":
            return (key not in context) == (wanted == "true")
    raise NotImplementedError(operator)


def _arn_like(pattern, arn):
    """Each of the six parts of an ARN is compared on its own: a `*` matches no colon before the sixth."""
    patterns, parts = pattern.split(":", 5), arn.split(":", 5)
    return len(patterns) == len(parts) and all(map(_like, patterns, parts))


def _like(pattern, text, flags=0):
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text, flags) is not None
