"""Ray that a command starts: its ports, and its signal handler."""

import os
import socket
import subprocess
import sys

import pytest

from recbole_lsrec.errors import ConfigError, MachineError
from recbole_lsrec.ray_session import running_ray

PROGRAM = """
import os, signal
import click, psutil
from recbole_lsrec.cli.shared import listen_here_alone

def ours(*_):
    pass

@click.command()
@click.option("--address", callback=listen_here_alone)
def command(address):
    from recbole_lsrec.ray_session import running_ray
    signal.signal(signal.SIGTERM, ours)
    with running_ray(address, cpus=1):
        own = {process.pid for process in psutil.Process().children(recursive=True)} | {os.getpid()}
        open_ports = [c.laddr.ip for c in psutil.net_connections("tcp") if c.status == "LISTEN" and c.pid in own]
        print(len(open_ports) > 3, {ip.removeprefix("::ffff:") for ip in open_ports}, signal.getsignal(signal.SIGTERM) is ours)

command()
"""


def test_an_address_where_nobody_listens_is_said_at_once():
    with socket.socket() as taken:  # bound, and listening to nobody
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigError, match=f"^address: no Ray cluster answers at '{address}'"), running_ray(address):
            pass


@pytest.mark.parametrize("own", [None, "7"])
def test_a_ray_that_does_not_start_is_the_machines_fault_and_it_is_given_time(monkeypatch, own):
    variable = "RAY_agent_register_timeout_ms"

    def init(**_):
        raise RuntimeError(f"Failed to start GCS\nwithin {os.getenv(variable)}")

    monkeypatch.setattr("ray.init", init)
    monkeypatch.setenv(variable, own or "")
    if own is None:
        monkeypatch.delenv(variable)
    wait = own or "180000"
    words = rf"^Ray could not start \(RuntimeError: Failed to start GCS within {wait}\); start the command again\.$"
    with pytest.raises(MachineError, match=words), running_ray():
        pass
    monkeypatch.delenv(variable)


def test_a_folder_too_long_for_rays_sockets_is_named_with_what_to_set(monkeypatch):
    def init(**_):
        raise OSError("AF_UNIX path length cannot exceed 107 bytes: '/scratch/ray/session/sockets/plasma_store'")

    monkeypatch.setattr("ray.init", init)
    with pytest.raises(MachineError, match="set the environment variable RAY_TMPDIR to a short one"), running_ray():
        pass


@pytest.mark.slow  # starts Ray as a command does
def test_ray_of_this_machine_listens_on_it_alone_and_leaves_our_handler():
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RAY_")}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split("\n")[0] == "True {'127.0.0.1'} True"
