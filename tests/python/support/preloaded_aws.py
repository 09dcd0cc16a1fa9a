"""AWS's CLI, loaded once: that takes half a second, and a guide has dozens of commands.

    python preloaded_aws.py SOCKET                # loads it, says so, and waits for commands
    python preloaded_aws.py SOCKET ec2 describe-vpcs    # has one run, in a process of its own

The first needs awscli, the second the standard library only.
"""

import json
import os
import socket
import sys


def serve(path):
    import awscli.handlers  # noqa: F401, what awscli loads when it begins
    from awscli.clidriver import main

    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server.bind(path)
    server.listen()
    print("ready", flush=True)
    while True:
        client, _ = server.accept()
        if os.fork() == 0:
            command, descriptors, _, _ = socket.recv_fds(client, 2**17, 3)
            sys.argv[1:], variables, folder = json.loads(command)
            os.environ.update(variables)
            os.chdir(folder)
            for number, descriptor in enumerate(descriptors):
                os.dup2(descriptor, number)
            status = main()
            sys.stdout.flush()
            # Taking down what it never used takes longer than most commands.
            os._exit(status)
        _, status = os.wait()
        client.send(bytes([os.waitstatus_to_exitcode(status) & 255]))
        client.close()


def send(path, arguments):
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server.connect(path)
    command = json.dumps([arguments, dict(os.environ), os.getcwd()]).encode()
    socket.send_fds(server, [command], [0, 1, 2])
    return server.recv(1)[0]


if __name__ == "__main__":
    path, *arguments = sys.argv[1:]
    sys.exit(send(path, arguments) if arguments else serve(path))
