"""Reads a SAM template and works out what it makes of given parameters.

Knows the functions and conditions of CloudFormation that template.yaml uses,
and stops at any other. What refers to a resource stays a placeholder:
`<LogGroup>`, `<LogGroup.Arn>`.
"""

import re

import yaml

NOTHING = object()  # AWS::NoValue


class _Loader(yaml.SafeLoader):
    """`!If […]` as `{"Fn::If": […]}`, `!Ref X` as `{"Ref": "X"}`."""


def _function(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)


def load(path):
    return yaml.load(path.read_text(), _Loader)


class Stack:
    """A template with its parameters."""

    def __init__(self, template, parameters, pseudo):
        self._template = template
        defaults = {name: str(parameter["Default"]) for name, parameter in template["Parameters"].items()}
        unknown = set(parameters) - set(defaults)
        assert not unknown, f"no parameters of the template: {sorted(unknown)}"
        self._values = {**defaults, **parameters, **pseudo, "AWS::NoValue": NOTHING}

    def resources(self, kind):
        """The properties of every resource of this type that is made, by logical id."""
        return {
            name: self.resolve(resource.get("Properties", {}))
            for name, resource in self._template["Resources"].items()
            if resource["Type"] == kind and self.holds(resource.get("Condition"))
        }

    def holds(self, condition):
        return condition is None or self.resolve(self._template["Conditions"][condition])

    def resolve(self, node):
        if isinstance(node, list):
            return [value for value in map(self.resolve, node) if value is not NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            if name in ("Ref", "Condition") or name.startswith("Fn::"):
                return self._call(name, argument)
        resolved = {key: self.resolve(value) for key, value in node.items()}
        return {key: value for key, value in resolved.items() if value is not NOTHING}

    def _call(self, name, argument):
        match name:
            case "Ref":
                return self._values.get(argument, f"<{argument}>")
            case "Condition":
                return self.holds(argument)
            case "Fn::GetAtt":
                return f"<{argument}>"
            case "Fn::If":
                condition, yes, no = argument
                return self.resolve(yes if self.holds(condition) else no)
            case "Fn::Sub":
                text, variables = argument if isinstance(argument, list) else (argument, {})
                known = {**self._values, **self.resolve(variables)}
                return re.sub(r"\$\{([^!}][^}]*)\}", lambda found: str(known.get(found[1], f"<{found[1]}>")), text)
            case "Fn::Split":
                separator, text = self.resolve(argument)
                return text.split(separator)
            case "Fn::Select":
                index, items = self.resolve(argument)
                return items[index]
            case "Fn::Equals":
                one, other = self.resolve(argument)
                return one == other
            case "Fn::Not":
                return not self.resolve(argument)[0]
            case "Fn::And":
                return all(self.resolve(argument))
            case _:
                raise NotImplementedError(f"{name}: teach it to sam.py")
