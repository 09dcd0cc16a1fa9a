"""Every input of every module and example, changed on a standing state, in two plans.

A module is applied once. Its part of the state is then copied, once for each
change, so that one plan shows what all of them would do; a second one shows what
is refused. Neither plan refreshes or writes any resource.

    SWEEP = Sweep(base={"name": "a"}, changes={"name": [Change("b"), Change("!", refused="name is")]})

One rule: nothing is removed, or replaced before its successor serves, unless the
change names it and says why.
"""

import dataclasses
import json
import re

import module_docs


@dataclasses.dataclass
class Change:
    """Another value of one input. `others` are inputs that go with it."""

    value: object
    # Address (a regular expression) of what is removed, or replaced by one that is
    # made first, and why no client loses anything.
    goes: dict = dataclasses.field(default_factory=dict)
    # Address of what is removed before its successor is made, and why that is so.
    gap: dict = dataclasses.field(default_factory=dict)
    # Words of the refusal, of a change that is refused.
    refused: str = None
    # Nothing stands yet: what is planned is the first apply.
    fresh: bool = False
    others: dict = dataclasses.field(default_factory=dict)
    # Not together with changes of other inputs, one of which it excludes.
    apart: bool = False

    def alone(self, loose):
        return bool(self.others or self.fresh or self.apart or not loose and (self.goes or self.gap))


@dataclasses.dataclass
class Sweep:
    directory: str  # below terraform/, here as in the caller's copy
    base: dict
    changes: dict
    providers: dict = None
    # Whether changes at which something goes are planned together, too: an example,
    # whose network may be replaced, shows nothing more one by one.
    loose: bool = False

    def call(self, **inputs):
        call = {"source": f"../terraform/{self.directory}", **self.base, **inputs}
        return {**call, "providers": self.providers} if self.providers else call

    def variables(self):
        return dict(module_docs.blocks(module_docs.TERRAFORM / self.directory, "variable"))

    def defaults(self):
        return {name: plain(variable["default"]) for name, variable in self.variables().items() if "default" in variable}

    def each(self):
        """Every change, with its input and a name for it."""
        for name, changes in self.changes.items():
            for index, change in enumerate(changes):
                yield f"{name}__{index}", name, change

    def instances(self):
        """What is planned by name, as changes by input: those at which nothing may go all together, the others one by one."""
        found = {}
        for name, input, change in self.each():
            if change.refused is None:
                together = sum(other is not change and not other.alone(self.loose) and other.refused is None for other in self.changes[input][: self.changes[input].index(change)])
                found.setdefault(name if change.alone(self.loose) else f"together_{together}", {})[input] = change
        return found


def plain(value):
    """A default as hcl2 reads it, as JSON has it."""
    if isinstance(value, dict):
        return {key.strip('"'): plain(one) for key, one in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.strip('"') if isinstance(value, str) else value


def gaps(sweep):
    """What a sweep leaves out: an input, or a way in which a collection can change."""
    missing = [f"{name} is not in the sweep" for name in sweep.variables() if name not in sweep.changes]
    missing += [f"{name} is no input" for name in sweep.changes if name not in sweep.variables()]
    for name, variable in sweep.variables().items():
        kind = module_docs.written(variable["type"])
        values = [change.value for change in sweep.changes.get(name, []) if not change.fresh]
        if kind.startswith(("set(", "list(", "map(")) and values:
            missing += [f"{name}: {what}" for what in _unseen(kind, sweep.base.get(name), values)]
    return missing


def _unseen(kind, before, values):
    size = len(before or [])
    sizes = [len(value or []) for value in values if not isinstance(value, str)]
    yield from ["no value is longer"] if not any(one > size for one in sizes) else []
    yield from ["no value is shorter"] if size and not any(one < size for one in sizes) else []
    if kind.startswith("list(") and size > 1 and not any(isinstance(value, list) and value != before and sorted(value) == sorted(before) for value in values):
        yield "no value has another order"


STANDING = "standing"


def standing_calls(sweeps):
    """The first apply's: each module once."""
    return {key: {"for_each": f'${{toset(["{STANDING}"])}}', **sweep.call()} for key, sweep in sweeps.items()}


def accepted_calls(sweeps):
    """One call of each module with an instance for each change that is not refused, and their inputs.

    A call of its own for each would take Terraform minutes: the time of a plan grows
    with the square of the calls.
    """
    calls, inputs = {}, {}
    for key, sweep in sweeps.items():
        standing = {**sweep.defaults(), **sweep.base}
        inputs[key] = {STANDING: standing, **{name: {**standing, **changed(changes)} for name, changes in sweep.instances().items()}}
        given = {input: f"${{local.inputs.{key}[each.key].{input}}}" for input in standing}
        calls[key] = {"for_each": f"${{toset({json.dumps(list(inputs[key]))})}}", **sweep.call(**given)}
    return calls, inputs


def changed(changes):
    """The inputs of an instance that are not those of the standing one."""
    return {name: value for input, change in changes.items() for name, value in {**change.others, input: change.value}.items()}


def refused_calls(sweeps, done):
    """A call for each change that is refused, one line each, and where each line leads; without those done. None, if all are."""
    names = [(key, name, input, change) for key, sweep in sweeps.items() for name, input, change in sweep.each() if change.refused is not None and f"{key}__{name}" not in done]
    calls = {f"{key}__{name}": sweeps[key].call(**{**change.others, input: change.value}) for key, name, input, change in names}
    if not calls:
        return None
    lines = ['"module": {', *(f"{json.dumps(name)}: {json.dumps(call)}," for name, call in calls.items())]
    lines[-1] = lines[-1].rstrip(",") + "}"
    return "\n".join(lines), {number: name for number, name in enumerate(calls, start=2)}


def copies(state, sweeps, accepted):
    """The state with each standing module again for each change: as another instance, or as another call."""
    kept = []
    for resource in state["resources"]:
        found = re.match(rf'module\.(\w+)\["{STANDING}"\](.*)', resource.get("module", ""))
        if resource["mode"] == "data" or not found:
            continue
        key, nested = found.groups()
        text = json.dumps({**resource, "module": None})
        if accepted:
            kept.append(resource)
            names = [name for name, changes in sweeps[key].instances().items() if not any(change.fresh for change in changes.values())]
            kept += [{**json.loads(text), "module": f'module.{key}["{name}"]{nested}'} for name in names]
        else:
            names = [f"{key}__{name}" for name, _, change in sweeps[key].each() if change.refused is not None]
            kept += [{**json.loads(text.replace(f'"module.{key}.', f'"module.{name}.')), "module": f"module.{name}{nested}"} for name in names]
    return {**state, "resources": kept, "outputs": {}, "check_results": None, "serial": state["serial"] + 1}


def judged(changes, actions):
    """Violations of the rule in the plan of these changes: Terraform's actions by address."""
    goes = {pattern: why for change in changes.values() for pattern, why in change.goes.items()}
    gap = {pattern: why for change in changes.values() for pattern, why in change.gap.items()}
    against, seen = [], set()
    for address, action in actions.items():
        if "delete" not in action:
            continue
        allowed = gap if action == ["delete", "create"] else {**goes, **gap}
        pattern = next((one for one in allowed if re.fullmatch(one, address)), None)
        seen.add(pattern)
        if pattern is None:
            against.append(f"{address}: {' then '.join(action)}")
    return against + [f"{one} was said to go, and stays" for one in {**goes, **gap} if one not in seen]


def planned(shown):
    """Actions by address, of each instance, from `terraform show -json`."""
    found = {}
    for one in shown["resource_changes"]:
        match = re.match(r'module\.(\w+)\["(\w+)"\]\.(.*)', one["address"])
        if match and one["mode"] == "managed" and one["change"]["actions"] != ["no-op"]:
            found.setdefault((match[1], match[2]), {})[match[3]] = one["change"]["actions"]
    return found


def refusals(output, lines):
    """Terraform's errors for each call, from `terraform plan -json`."""
    found = {}
    for line in map(json.loads, output.splitlines()):
        if line["type"] != "diagnostic" or line["diagnostic"]["severity"] != "error":
            continue
        diagnostic = line["diagnostic"]
        match = re.match(r'module\.(\w+)(\["\w+"\])?', diagnostic.get("address", ""))
        place = diagnostic.get("range") or {"filename": "", "start": {"line": 0}}
        caller = place["filename"] == "main.tf.json"
        name = match[0].removeprefix("module.") if match else lines.get(place["start"]["line"], "main.tf.json") if caller else place["filename"]
        words = " ".join(f"{diagnostic['summary']}: {diagnostic.get('detail', '')}".split())
        found.setdefault(name, [])
        if words not in found[name]:
            found[name].append(words)
    return {name: " ".join(words) for name, words in found.items()}


def attributed(found, sweeps):
    """Words by call. What a module inside an example is refused has no call, and is known by its words."""
    calls = {f"{key}__{name}": change for key, sweep in sweeps.items() for name, _, change in sweep.each() if change.refused is not None}
    rest = " ".join(words for name, words in found.items() if name not in calls)
    return {name: found[name] if name in found else rest for name, change in calls.items() if name in found or change.refused in rest}
