"""Reads a CloudFormation template and works out what a deployment would make.

    stack = Stack(load(ROOT / "fleet.yaml"), {"FunctionArn": "arn:..."})
    stack.refusals()                       # why CloudFormation would not begin
    stack.resources()["Workflow"]["Properties"]

Knows the functions that our templates use and refuses any other. What only a
deployment knows (names, ARNs) is made up, in the right form. Needs PyYAML.
"""

import re

import yaml

PSEUDO = {
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackName": "eks-nlb-sync",
    "AWS::URLSuffix": "amazonaws.com",
}

# Stands for AWS::NoValue until its key or item is dropped.
_NOTHING = object()


class _Loader(yaml.CSafeLoader):
    pass


def _short_form(loader, tag, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if tag == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _short_form)


def load(path):
    """The template at `path`, with every function in its long form."""
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, _Loader)


def walk(value, path=()):
    """Every value inside `value`, with the way to it."""
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from walk(inner, (*path, key))


_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")


def references(value):
    """Every name that `value` refers to by Ref, GetAtt or Sub."""
    names = set()
    for _, each in walk(value):
        if not isinstance(each, dict):
            continue
        if isinstance(each.get("Ref"), str):
            names.add(each["Ref"])
        if "Fn::GetAtt" in each:
            attribute = each["Fn::GetAtt"]
            names.add(attribute[0] if isinstance(attribute, list) else attribute.split(".")[0])
        if "Fn::Sub" in each:
            text = each["Fn::Sub"]
            text, own = (text, {}) if isinstance(text, str) else text
            names |= {name.split(".")[0] for name in _VARIABLE.findall(text)} - set(own)
    return names


class Stack:
    """A template with its parameters chosen."""

    def __init__(self, document, parameters=None, **pseudo):
        self.document = document
        self.pseudo = PSEUDO | {f"AWS::{name}": value for name, value in pseudo.items()}
        self.parameters = {
            name: str((parameters or {}).get(name, declared.get("Default")))
            for name, declared in document.get("Parameters", {}).items()
        }
        unknown = set(parameters or {}) - set(self.parameters)
        assert not unknown, f"no such parameter: {unknown}"
        self._conditions = {}

    def refusals(self):
        """Why CloudFormation would not begin: parameters, then rules."""
        return list(self._bad_parameters()) + list(self._broken_rules())

    def condition(self, name):
        if name not in self._conditions:
            self._conditions[name] = self._true(self.document["Conditions"][name])
        return self._conditions[name]

    def resources(self):
        """The resources that would be made, with their values."""
        made = {}
        for name, resource in self.document["Resources"].items():
            if "Condition" not in resource or self.condition(resource["Condition"]):
                made[name] = resource | {"Properties": self.resolve(resource.get("Properties", {}))}
        return made

    def of_type(self, kind):
        return {name: r["Properties"] for name, r in self.resources().items() if r["Type"] == kind}

    def outputs(self):
        return {
            name: self.resolve(output["Value"])
            for name, output in self.document.get("Outputs", {}).items()
            if "Condition" not in output or self.condition(output["Condition"])
        }

    def resolve(self, value):
        value = self._resolve(value)
        assert value is not _NOTHING, "a value that is not there"
        return value

    def _bad_parameters(self):
        for name, value in self.parameters.items():
            declared = self.document["Parameters"][name]
            if "Default" not in declared and value == "None":
                yield f"{name}: no value"
                continue
            allowed = [str(each) for each in declared.get("AllowedValues", [value])]
            if value not in allowed:
                yield f"{name}: {value!r} is not among {allowed}"
            # CloudFormation wants the whole value to match.
            if not re.fullmatch(declared.get("AllowedPattern", ".*"), value, re.ASCII | re.DOTALL):
                yield f"{name}: {value!r} {declared['ConstraintDescription']}"
            if not declared.get("MinLength", 0) <= len(value) <= declared.get("MaxLength", 4096):
                yield f"{name}: {value!r} is too short or too long"
            if declared["Type"] == "Number":
                low, high = declared.get("MinValue", float("-inf")), declared.get("MaxValue", float("inf"))
                if not re.fullmatch(r"-?\d+(\.\d+)?", value) or not low <= float(value) <= high:
                    yield f"{name}: {value!r} is not within {low} and {high}"

    def _broken_rules(self):
        for rule in self.document.get("Rules", {}).values():
            if self._true(rule.get("RuleCondition", {"Fn::Equals": ["", ""]})):
                for assertion in rule["Assertions"]:
                    if not self._true(assertion["Assert"]):
                        yield assertion["AssertDescription"]

    def _true(self, test):
        [(function, operand)] = test.items()
        match function:
            case "Condition":
                return self.condition(operand)
            case "Fn::Equals":
                left, right = map(self.resolve, operand)
                return left == right
            case "Fn::Not":
                return not self._true(operand[0])
            case "Fn::And":
                return all([self._true(each) for each in operand])
            case "Fn::Or":
                return any([self._true(each) for each in operand])
        raise NotImplementedError(function)

    def _resolve(self, value):
        if isinstance(value, list):
            return [each for each in map(self._resolve, value) if each is not _NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(function, operand)] = value.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self._call(function, operand)
        resolved = {key: self._resolve(each) for key, each in value.items()}
        return {key: each for key, each in resolved.items() if each is not _NOTHING}

    def _call(self, function, operand):
        match function:
            case "Ref":
                return self._ref(operand)
            case "Fn::GetAtt":
                name, attribute = operand if isinstance(operand, list) else operand.split(".", 1)
                return self._attribute(name, attribute)
            case "Fn::If":
                name, then, otherwise = operand
                return self._resolve(then if self.condition(name) else otherwise)
            case "Fn::FindInMap":
                name, key, attribute = (self.resolve(each) for each in operand)
                return self.document["Mappings"][name][key][attribute]
            case "Fn::Join":
                return operand[0].join(str(each) for each in self.resolve(operand[1]))
            case "Fn::Split":
                return self.resolve(operand[1]).split(operand[0])
            case "Fn::Select":
                return self.resolve(operand[1])[int(operand[0])]
            case "Fn::Sub":
                text, own = (operand, {}) if isinstance(operand, str) else operand
                text = _VARIABLE.sub(lambda match: str(self._variable(match[1], own)), text)
                return text.replace("${!", "${")
        raise NotImplementedError(function)

    def _variable(self, name, own):
        if name in own:
            return self.resolve(own[name])
        if "." in name:
            return self._attribute(*name.split(".", 1))
        return self.resolve({"Ref": name})

    def _ref(self, name):
        if name == "AWS::NoValue":
            return _NOTHING
        if name in self.pseudo:
            return self.pseudo[name]
        if name in self.parameters:
            return self.parameters[name]
        resource = self._made(name)
        match resource["Type"]:
            case "AWS::SNS::Topic" | "AWS::StepFunctions::StateMachine":
                return self._attribute(name, "Arn")
            case "AWS::Logs::LogGroup":
                return self.resolve(resource["Properties"]["LogGroupName"])
            case "AWS::CloudWatch::Dashboard":
                return self.resolve(resource["Properties"]["DashboardName"])
            case "AWS::S3::Bucket":
                return f"stack-{name.lower()}-1abc"
        return f"stack-{name}-1ABC"

    def _attribute(self, name, attribute):
        if attribute == "GroupId":
            self._made(name)
            return f"sg-0123456789abcdef{sum(name.encode()) % 10}"
        assert attribute == "Arn", f"{name}.{attribute}"
        resource = self._made(name)
        account = self.pseudo["AWS::AccountId"]
        home = f"{self.pseudo['AWS::Region']}:{account}"
        tail = {
            "AWS::IAM::Role": lambda: f"iam::{account}:role/{self._ref(name)}",
            "AWS::Lambda::Function": lambda: f"lambda:{home}:function:{self._ref(name)}",
            "AWS::Serverless::Function": lambda: f"lambda:{home}:function:{self._ref(name)}",
            "AWS::Logs::LogGroup": lambda: f"logs:{home}:log-group:{self._ref(name)}:*",
            "AWS::S3::Bucket": lambda: f"s3:::{self._ref(name)}",
            "AWS::SNS::Topic": lambda: f"sns:{home}:stack-{name}-1ABC",
            "AWS::Events::Rule": lambda: f"events:{home}:rule/{self._ref(name)}",
            "AWS::CloudWatch::Alarm": lambda: f"cloudwatch:{home}:alarm:stack-{name}-1ABC",
            "AWS::StepFunctions::StateMachine": lambda: "states:{}:stateMachine:{}".format(
                home, self.resolve(resource["Properties"]["StateMachineName"])
            ),
        }[resource["Type"]]
        return f"arn:{self.pseudo['AWS::Partition']}:{tail()}"

    def _made(self, name):
        resource = self.document["Resources"][name]
        condition = resource.get("Condition")
        assert condition is None or self.condition(condition), f"{name} is not made when {condition} is false"
        return resource
