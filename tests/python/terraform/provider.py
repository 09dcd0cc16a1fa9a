"""An AWS provider for many commands of Terraform, with the types that are in use.

Terraform would start a provider several times in each command, and ask each for
the schemas of 1,500 types. Reading those takes most of a command's time: between
the two stands a server that passes on every call, and of the schemas only the ones that
a module or a test names.

https://developer.hashicorp.com/terraform/plugin/terraform-plugin-protocol
"""

import concurrent.futures
import contextlib
import functools
import json
import pathlib
import re
import signal
import subprocess

import grpc

from harness import PROVIDER, ROOT, Terraform, environment

SCHEMAS = ("Schema", "Schemas")
ANY_LENGTH = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
THREADS = 100  # more than Terraform's -parallelism


def program(directory, version):
    """This version of the AWS provider, got by `terraform init`, or None."""
    aws = {"source": "hashicorp/aws", "version": version}
    (directory / "main.tf.json").write_text(json.dumps({"terraform": {"required_providers": {"aws": aws}}}))
    Terraform(directory).init(expect=None)
    return next((directory / ".terraform" / "providers").glob(f"{PROVIDER}/*/*/terraform-provider-aws_*"), None)


@contextlib.contextmanager
def served(program, **extra):
    """A provider that stays, and the setting that leads Terraform to it.

    It has one configuration at a time: it serves one account in one Region, one
    command after the other.
    """
    quiet = {"TF_LOG_SDK": "ERROR", "TF_LOG_PROVIDER_AWS": "ERROR"}  # not every request
    process = subprocess.Popen([program, "-debug"], env=environment(**quiet, **extra), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        setting = next((found for line in process.stdout if (found := re.search("(TF_REATTACH_PROVIDERS)='(.*)'", line))), None)
        assert setting, f"{program} does not start"
        (provider,) = json.loads(setting[2]).values()
        socket = provider["Addr"]["String"]
        with narrowed(socket) as narrow:
            yield {setting[1]: setting[2].replace(socket, narrow)}
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


@contextlib.contextmanager
def narrowed(socket):
    """The socket of a server that answers as the provider at `socket` does, without the types that nothing names."""
    narrow = f"{socket}-narrow"
    with grpc.insecure_channel(f"unix:{socket}", ANY_LENGTH) as provider, concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        server = grpc.server(pool, [Calls(provider)], options=ANY_LENGTH)
        server.add_insecure_port(f"unix:{narrow}")
        server.start()
        try:
            yield narrow
        finally:
            server.stop(grace=None).wait()


class Calls(grpc.GenericRpcHandler):
    """Passes each call on, with its bytes unchanged."""

    def __init__(self, provider):
        self.provider = provider

    def service(self, call):
        return self.handler(call.method)

    @functools.cache
    def handler(self, method):
        if not method.startswith("/tfplugin"):
            return None  # between Terraform and the programs it starts
        ask = self.provider.unary_unary(method)
        answer = functools.cache(lambda request: in_use(ask(request))) if method.endswith(SCHEMAS) else ask

        def handle(request, context):
            try:
                return answer(request)
            except grpc.RpcError as failed:
                context.abort(failed.code(), failed.details())

        return grpc.unary_unary_rpc_method_handler(handle)


def in_use(schemas):
    """Without the types that nothing names.

    Protocol Buffers write a map as a field for each entry, and an entry's key
    first: https://protobuf.dev/programming-guides/encoding/#maps
    """
    kept, at = [], 0
    while at < len(schemas):
        begin = at
        tag, at = varint(schemas, at)
        assert tag & 7 == 2, "each field of a schema says its length"
        length, at = varint(schemas, at)
        name = re.match(rb"\n.(aws_\w+)\x12", schemas[at : at + min(length, 200)], re.DOTALL)
        at += length
        if not name or name[1] in named():
            kept.append(schemas[begin:at])
    return b"".join(kept)


def varint(message, at):
    """The number that begins there, and where it ends."""
    end = next(index for index in range(at, len(message)) if message[index] < 0x80) + 1
    return sum((byte & 0x7F) << 7 * index for index, byte in enumerate(message[at:end])), end


@functools.cache
def named():
    """Every type that a module, an example, a README or a test names."""
    places = (ROOT / "terraform", pathlib.Path(__file__).parent)
    files = (path for place in places for path in place.rglob("*") if path.suffix in {".tf", ".hcl", ".md", ".py"})
    return {name for path in files for name in re.findall(rb"aws_\w+", path.read_bytes())}
