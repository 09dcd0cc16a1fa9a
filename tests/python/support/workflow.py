"""Executes Step Functions workflows in simulated time.

    clock = Clock()
    execution = Execution(clock, definition, {"lambda:invoke": invoke}, name="round-1")
    clock.run()
    assert execution.status == "SUCCEEDED"

A service takes the parameters of a task and returns its result, or raises
`TaskError`; one that takes time is a generator that yields seconds. Knows the
states, paths and intrinsic functions that our definitions use, and refuses any
other. Enforces what Step Functions does: the size of a state's data, the time
of an execution, how a distributed map tolerates failures. Source: Amazon States
Language specification; Step Functions Developer Guide, Map state in Distributed
mode and Service quotas. Standard library only.
"""

import heapq
import itertools
import json
import re
from datetime import datetime, timedelta, timezone

from states_language import TaskError, at, resolve

# Service quotas: maximum input or result size of a state.
DATA_BYTES = 256 * 1024

# An express workflow lasts five minutes at most.
EXPRESS_SECONDS = 300

START = datetime(2026, 11, 25, 3, 0, 2, tzinfo=timezone.utc)


class Clock:
    """Simulated time, and the generators that wait in it."""

    def __init__(self):
        self.now = 0.0
        self._waiting = []
        self._order = itertools.count()

    def start(self, generator, after=0.0):
        heapq.heappush(self._waiting, (self.now + after, next(self._order), generator))

    def run(self, until=float("inf")):
        while self._waiting and self._waiting[0][0] <= until:
            self.now, _, generator = heapq.heappop(self._waiting)
            try:
                wanted = next(generator)
            except StopIteration:
                continue
            # Seconds to wait, or a place to be woken from.
            if isinstance(wanted, Event):
                wanted.waiting.append(generator)
            else:
                self.start(generator, wanted)

    def text(self):
        return (START + timedelta(seconds=self.now)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class Event:
    """Something that generators wait for."""

    def __init__(self, clock):
        self.clock, self.waiting = clock, []

    def happen(self):
        for generator in self.waiting:
            self.clock.start(generator)
        self.waiting = []


class Execution:
    """One execution of a definition. `name` is its name, `arn` what $$ says."""

    def __init__(self, clock, definition, services, data=None, name="round", machine="fleet", express=False):
        self.clock, self.services, self.name = clock, services, name
        self.definition, self.machine = definition, f"arn:aws:states:eu-west-1:111122223333:stateMachine:{machine}"
        self.arn = f"{self.machine.replace(':stateMachine:', ':execution:')}:{name}"
        self.status, self.output, self.error, self.cause = "RUNNING", None, None, None
        self.transitions, self.ended_at, self.started_at = 0, None, clock.now
        self.input = data if data is not None else {}
        self.started_text = clock.text()
        self.seconds = EXPRESS_SECONDS if express else definition.get("TimeoutSeconds", float("inf"))
        self.over = Event(clock)
        # Those of maps: the map's failures and children are found here.
        self.children = 0
        clock.start(self._run())

    def _run(self):
        try:
            self.output = yield from self._states(self.definition, self.input)
            self.status = "SUCCEEDED"
        except TaskError as failure:
            self.status = "TIMED_OUT" if failure.error == "States.Timeout" else "FAILED"
            self.error, self.cause = failure.error, failure.cause
        self.ended_at = self.clock.now
        self.over.happen()

    def _states(self, machine, data):
        name = machine["StartAt"]
        while True:
            state = machine["States"][name]
            self.transitions += 1
            entered = self.clock.text()
            context = {
                "Execution": {"Id": self.arn, "Name": self.name, "StartTime": self.started_text, "Input": self.input},
                "State": {"Name": name, "EnteredTime": entered},
                "StateMachine": {"Id": self.machine},
            }
            if self.clock.now - self.started_at > self.seconds:
                raise TaskError("States.Timeout", f"the execution took more than {self.seconds} s")
            kind = state["Type"]
            if kind == "Succeed":
                return data
            if kind == "Fail":
                cause = resolve({"cause.$": state["CausePath"]}, data, context)["cause"] if "CausePath" in state else state["Cause"]
                raise TaskError(state["Error"], cause)
            if kind == "Choice":
                name = next((each["Next"] for each in state["Choices"] if holds(each, data)), state["Default"])
                continue
            try:
                result = yield from self._result(state, data, context)
                if "ResultSelector" in state:
                    result = resolve(state["ResultSelector"], result, context)
                data = placed(state.get("ResultPath", "$"), data, result)
                if len(json.dumps(data)) > DATA_BYTES:
                    raise TaskError("States.DataLimitExceeded", f"{name}: {len(json.dumps(data))} bytes")
            except TaskError as failure:
                catch = next((each for each in state.get("Catch", []) if catches(each, failure)), None)
                if catch is None:
                    raise
                data = placed(catch.get("ResultPath", "$"), data, {"Error": failure.error, "Cause": failure.cause})
                name = catch["Next"]
                continue
            if state.get("End"):
                return data
            name = state["Next"]

    def _result(self, state, data, context):
        match state["Type"]:
            case "Pass":
                return state["Result"] if "Result" in state else resolve(state.get("Parameters", data), data, context)
            case "Wait":
                yield state["Seconds"]
                return data
            case "Task":
                return (yield from self._task(state, data, context))
            case "Map":
                return (yield from self._map(state, data, context))
        raise NotImplementedError(state["Type"])

    def _task(self, state, data, context):
        parameters = resolve(state["Parameters"], data, context)
        retries = {id(each): 0 for each in state.get("Retry", [])}
        while True:
            began = self.clock.now
            try:
                result = self._call(state["Resource"], parameters)
                if hasattr(result, "send"):
                    result = yield from result
                if self.clock.now - began > state.get("TimeoutSeconds", float("inf")):
                    raise TaskError("States.Timeout", "the task took too long")
                return result
            except TaskError as failure:
                retry = next((each for each in state.get("Retry", []) if catches(each, failure)), None)
                if retry is None or retries[id(retry)] == retry["MaxAttempts"]:
                    raise
                wait = retry["IntervalSeconds"] * retry["BackoffRate"] ** retries[id(retry)]
                retries[id(retry)] += 1
                # The longest that jitter leaves.
                yield min(wait, retry.get("MaxDelaySeconds", wait))

    def _call(self, resource, parameters):
        name = resource.split(":states:::")[1]
        if name not in self.services:
            raise NotImplementedError(name)
        return self.services[name](parameters)

    def _map(self, state, data, context):
        assert state["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}
        assert state["ToleratedFailurePercentage"] == 100
        try:
            reader = state["ItemReader"]
            assert reader["ReaderConfig"] == {"InputType": "JSON"}
            items = json.loads(self._call(reader["Resource"], resolve(reader["Parameters"], data, context)))
            if not isinstance(items, list):
                raise TaskError("States.ItemReaderFailed", "not a list")
        except (TaskError, ValueError) as failure:
            raise TaskError("States.ItemReaderFailed", str(failure)) from failure
        map_run = f"{self.machine.replace(':stateMachine:', ':mapRun:')}/{state['Label']}:{self.name}"
        children, waiting = [], iter(enumerate(items))
        count = working = min(state["MaxConcurrency"], len(items))
        done = Event(self.clock)

        def worker():
            # One of as many as run at the same time.
            nonlocal working
            for number, item in waiting:
                child = Execution(self.clock, state["ItemProcessor"], self.services, item, f"{number}", express=True)
                children.append(child)
                yield child.over
            working -= 1
            if not working:
                done.happen()

        for _ in range(count):
            self.clock.start(worker())
        if count:
            yield done
        self.children += len(children)
        writer = state["ResultWriter"]
        where = resolve(writer["Parameters"], data, context)
        results = {"SUCCEEDED": [], "FAILED": [], "TIMED_OUT": []}
        for child in children:
            results[child.status].append(child.as_result())
        key = f"{where['Prefix']}/{self.name}/manifest.json"
        self._call(writer["Resource"], where | {"Key": key, "Body": {"MapRunArn": map_run, "ResultFiles": results}})
        return {"MapRunArn": map_run, "ResultWriterDetails": {"Bucket": where["Bucket"], "Key": key}}

    def as_result(self):
        """What a ResultWriter writes about a child, as far as our report needs it."""
        result = {"ExecutionArn": self.arn, "Input": json.dumps(self.input), "Status": self.status}
        if self.status == "SUCCEEDED":
            return result | {"Output": json.dumps(self.output)}
        return result | {"Error": self.error, "Cause": self.cause}


def catches(rule, failure):
    return failure.error in rule["ErrorEquals"] or "States.ALL" in rule["ErrorEquals"]


def placed(path, data, result):
    """`data` with `result` at a reference path; null drops the result."""
    if path is None:
        return data
    if path == "$":
        return result
    [key] = re.fullmatch(r"\$\.(\w+)", path).groups()
    return data | {key: result}


def holds(choice, data):
    if "And" in choice:
        return all(holds(each, data) for each in choice["And"])
    try:
        value = at(choice["Variable"], data)
    except KeyError:
        value = None
    [(test, wanted)] = [(key, each) for key, each in choice.items() if key not in ("Variable", "Next")]
    match test:
        case "IsPresent":
            return (value is not None) == wanted
        case "NumericEquals" | "BooleanEquals" | "StringEquals":
            return value == wanted
        case "NumericGreaterThan":
            return value > wanted
    raise NotImplementedError(test)
