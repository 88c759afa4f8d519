"""Processes exchange what they should, and end together."""

import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import torch

from recbole_lsrec.errors import DataError, MachineError
from recbole_lsrec.processes import group
from recbole_lsrec.processes.group import ProcessLost
from recbole_lsrec.processes.launch import _network, launch
from recbole_lsrec.processes.place import Place, environment, place
from tests.processes import tasks


def start(task, *arguments, n=2):
    return launch(task, arguments, n, world=n, first=0, address="localhost", port=None)


def test_two_processes_exchange():
    assert start(tasks.exchange) == {
        "world": 2,
        "parts": [slice(0, 3), slice(3, 7)],
        "first": "of 0",
        "numbers": [1, 2],
        "shares": [1 / 3, 2 / 3],
        "together": [[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]],
        # Each process adds 1, 2 and 3 times the rows to its part of the loss.
        "gradients of rows": [[[2.0, 2.0]], [[4.0, 4.0], [6.0, 6.0]]],
        "total": [1.0],
        "gradients of the total": [[3.0], [3.0]],  # once from the first, twice from the second
        "stacked": [[0.0], [1.0]],
        "distinct": [[[0, 1]], [[3, 9]]],
        "drawn": [[0], [1, 2]],
        "same": [[0], [0]],
        "once": 0.5,
        "alone": (1, 1.0, 0),
        "sparse": [1.0, 1.0, 0.0, 4.0, 0.0],
        "unused": None,
        "seldom": [1.0, 1.0],
        "weight": [3.0, 3.0],
    }


def test_processes_of_one_machine_listen_on_it_alone():
    assert start(tasks.listening) == {"127.0.0.1"}


def test_one_process_sends_nothing():
    rows = torch.ones(3, 2)
    assert group.world() == 1
    assert group.own_part(7) == slice(0, 7)
    assert group.sum_over_all(rows) is rows
    assert group.rows_of_all(rows) is rows
    assert group.counted_once(rows) is rows
    assert group.share_of_batch(5) == 1.0
    assert group.as_first("mine") == "mine"
    assert group.of_each("mine") == ["mine"]
    assert group.number_of_each(4) == [4]
    found, n = group.distinct_of_all(torch.tensor([[3, 1], [3, 9]]))
    assert (found.tolist(), n) == ([1, 3, 9], 3)


@pytest.mark.skipif(sys.platform != "linux", reason="names of Linux's threads")
def test_no_thread_outlives_the_group():
    assert start(tasks.threads_left) == []  # one that lets go of a tensor while Python ends would abort it


def test_an_error_of_one_process_is_the_error():
    with pytest.raises(DataError, match=r"^shop\.inter line 7: no number\.$"):
        start(tasks.fail, 1)


def test_a_killed_process_ends_the_others():
    with pytest.raises(ProcessLost, match=r"^process 1 of 2 was killed \(SIGKILL\), and the others were ended\.$"):
        start(tasks.die, 1)


def test_a_process_whose_starter_is_gone_does_not_wait_for_days(monkeypatch):
    monkeypatch.setattr(group, "_MEETING", timedelta(seconds=1))
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    for name, value in environment(Place(1, 2, 1), "127.0.0.1", port).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ProcessLost, match="could not connect to each other"), group.joined(place()):
        pass


def on_two_machines(task, *arguments):
    """As two machines start it: one process each."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {"world": 2, "address": "127.0.0.1", "port": port}
    with ThreadPoolExecutor() as machines:
        return [machines.submit(launch, task, arguments, 1, first=first, **given) for first in (0, 1)]


def test_two_machines_exchange():
    first, second = (machine.result() for machine in on_two_machines(tasks.exchange))
    assert first["world"] == 2
    assert first["parts"] == second["parts"] == [slice(0, 3), slice(3, 7)]


def test_a_killed_process_ends_those_of_other_machines():
    first, second = on_two_machines(tasks.die_unseen, 1)
    with pytest.raises(ProcessLost, match=r"^process 1 of 2 was killed \(SIGKILL\), and the others were ended\.$"):
        second.result()
    with pytest.raises(ProcessLost, match=r"^on another machine: process 1 of 2 was killed"):
        first.result()
    assert not [thread for thread in threading.enumerate() if "_go_on" in thread.name]  # nothing beats any more


@pytest.mark.skipif(sys.platform != "linux", reason="names of Linux's network interfaces")
def test_gloo_is_told_the_interface(monkeypatch):
    assert _network("127.0.0.1") == {"GLOO_SOCKET_IFNAME": "lo"}
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "mine")
    assert _network("127.0.0.1") == {"GLOO_SOCKET_IFNAME": "mine"}


def test_the_environment_says_the_place(monkeypatch):
    assert place() is None
    told = Place(rank=3, world=4, local=1)
    for name, value in environment(told, "there", 5678).items():
        monkeypatch.setenv(name, value)
    assert place() == told
    monkeypatch.delenv("RANK")
    assert place() is None
    monkeypatch.setenv("RANK", "my")  # somebody else's variable
    assert place() is None


def test_a_port_that_is_taken_is_an_error_in_words():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(MachineError, match=rf"^ip, port: the processes cannot meet at 127.0.0.1:{port} \("):
            launch(tasks.fail, (), 2, world=2, first=0, address="localhost", port=port)
