"""Machines that fall silent."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch.distributed as dist

from recbole_lsrec.processes import heartbeat
from recbole_lsrec.processes.group import ProcessLost
from recbole_lsrec.processes.heartbeat import Heartbeat

ROOT = Path(__file__).resolve().parents[2]


def until(holds):
    """Waits, not for ever."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


class Clock:
    """Time passes as a test says, however busy the machine is."""

    now = 0.0

    def __call__(self):
        return self.now

    def advance(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(heartbeat, "monotonic", clock)
    return clock


@pytest.fixture
def machines(monkeypatch, clock):
    """Of process 0, 1 and 2, 3."""
    monkeypatch.setattr(heartbeat, "_BEAT", 0.02)
    store = dist.TCPStore("localhost", 0, is_master=True, wait_for_workers=False)
    other = dist.TCPStore("localhost", store.port, is_master=False)
    with Heartbeat(store, 0, 4) as one, Heartbeat(other, 2, 4) as two:
        until(lambda: one._heard.keys() == two._heard.keys() == {0, 2})
        yield one, two


def test_machines_that_beat_are_there(machines, clock):
    for _ in range(3):
        clock.advance(50)
        for machine in machines:
            until(lambda heard=machine: heard._heard[0] == heard._heard[2] == clock.now)
            machine.check()


def test_one_that_is_silent_is_lost(machines, clock):
    machines[1]._over.set()

    def silent():
        asked = machines[0]._answered == clock.now
        return asked and (machines[0]._heard[2] < clock.now or clock.advance(61))  # again if a beat was under way

    until(silent)
    with pytest.raises(
        ProcessLost, match=r"^nothing was heard of the machine of process 2 for 60 s: it has lost its power"
    ):
        machines[0].check()


def test_one_that_has_left_is_not_missed(machines, clock):
    machines[1].leave()
    until(lambda: machines[0]._beats[2] < 0)
    clock.advance(61)
    until(lambda: machines[0]._answered == clock.now)
    machines[0].check()


def test_one_that_says_why_it_ends_is_quoted(machines):
    machines[1].tell(ProcessLost("process 2 of 4 was killed."))
    until(lambda: machines[0]._told)
    with pytest.raises(ProcessLost, match=r"^on another machine: process 2 of 4 was killed\.$"):
        machines[0].check()


@pytest.mark.slow  # two programs
@pytest.mark.parametrize("stopped", [0, 1])
def test_a_machine_that_stops_answering_ends_the_other(stopped):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    pair = []
    for first in ("0", "1"):
        command = [sys.executable, "-m", "tests.processes.machine", first, port]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        pair.append(subprocess.Popen(command, cwd=ROOT, start_new_session=True, **pipes))
    try:
        for machine in pair:
            assert machine.stdout.readline() == "met\n"
        time.sleep(2 * heartbeat._BEAT)  # each has been heard
        os.killpg(pair[stopped].pid, signal.SIGSTOP)  # no connection is closed
        said = pair[1 - stopped].communicate(timeout=100)[1]
        assert f"nothing was heard of the machine of process {stopped} for 2 s" in said
    finally:
        for machine in pair:
            os.killpg(machine.pid, signal.SIGKILL)
            machine.wait()
