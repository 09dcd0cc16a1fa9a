"""State machines in moto's Step Functions interpreter."""

import json
import time
import urllib.request
import uuid

from conftest import ACCOUNT


def create(states, name, definition):
    role = f"arn:aws:iam::{ACCOUNT}:role/workflow"
    return states.create_state_machine(name=name, definition=definition, roleArn=role)["stateMachineArn"]


def start(states, machine):
    # moto names no execution by itself.
    return states.start_execution(stateMachineArn=machine, name=str(uuid.uuid4()), input="{}")["executionArn"]


def ended(states, execution):
    """An execution, once it has ended."""
    until(lambda: states.describe_execution(executionArn=execution)["status"] != "RUNNING")
    return states.describe_execution(executionArn=execution)


def until(is_so):
    end = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < end, "the workflow hangs"
        time.sleep(0.05)


def for_moto(definition):
    """The definition without what moto's grammar does not know, and AWS does.

    Step Functions Developer Guide, Map state in Distributed mode: children may
    be EXPRESS, and a percentage may be a whole number. Handling errors: a list
    that cannot be read is States.ItemReaderFailed.
    """
    assert '"ExecutionType": "EXPRESS"' in definition
    assert '"ToleratedFailurePercentage": 100,' in definition
    definition = definition.replace('"EXPRESS"', '"STANDARD"').replace(": 100,", ": 100.0,")
    return definition.replace('"States.ItemReaderFailed"', '"States.ItemReaderFailed", "States.Runtime"')


def configure(url, config):
    request = urllib.request.Request(f"{url}/moto-api/config", data=json.dumps(config).encode(), method="POST")
    request.add_header("Content-Type", "application/json")
    urllib.request.urlopen(request).close()
