"""What the processes of the tests do; found by name in processes that know nothing of pytest."""

import importlib
import os
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import torch

from recbole_lsrec.errors import DataError
from recbole_lsrec.processes import group
from recbole_lsrec.processes.place import place


def exchange() -> dict[str, Any]:
    """Every function of ``group`` once, in a process that has ``rank + 1`` rows."""
    with group.joined(place()):
        rank = group.rank()
        rows = torch.full((rank + 1, 2), float(rank), requires_grad=True)
        everyone = group.together(rows)
        (everyone * torch.arange(1.0, len(everyone) + 1)[:, None]).sum().backward()
        here = torch.tensor([float(rank)], requires_grad=True)
        whole = group.total(here)
        (whole * (rank + 1)).sum().backward()
        with group.alone():
            alone = (group.world(), group.share(5), group.first(rank))
        table = torch.nn.Embedding(5, 1, sparse=True)
        unused, seldom, weight = (torch.nn.Parameter(torch.zeros(2)) for _ in range(3))
        table(torch.tensor([rank, 3, 3])).sum().backward()
        weight.grad = torch.full((2,), rank + 1.0)
        if rank == 1:
            seldom.grad = torch.ones(2)
        group.add_gradients([table.weight, unused, seldom, weight])
        return {
            "world": group.world(),
            "parts": group.every(group.part(7)),
            "first": group.first(f"of {rank}"),
            "numbers": group.numbers(rank + 1),
            "shares": group.every(group.share(rank + 1)),
            "together": everyone.tolist(),
            "gradients of rows": group.every(rows.grad.tolist()),
            "total": whole.tolist(),
            "gradients of the total": group.every(here.grad.tolist()),
            "stacked": group.stacked(torch.tensor([float(rank)])).tolist(),
            "distinct": group.every([group.distinct(torch.tensor([[3, rank], [9, 3]]))[0].tolist()]),
            "drawn": group.every(group.drawn(lambda n: torch.arange(n) + 100 * rank, rank + 1).tolist()),
            "same": group.every(group.same(torch.tensor([rank])).tolist()),
            "once": group.once(torch.ones(1)).item(),
            "alone": alone,
            "sparse": table.weight.grad.to_dense().flatten().tolist(),
            "unused": unused.grad,
            "seldom": seldom.grad.tolist(),
            "weight": weight.grad.tolist(),
        }


def threads_left() -> list[str]:
    """Those of gloo that are there once the group is left, in a run that imports what training does."""
    with group.joined(place()):
        importlib.import_module("torch.distributed.nn.functional")
        group.total(torch.ones(1))
    names = [Path(f"/proc/self/task/{thread.id}/comm").read_text().strip() for thread in psutil.Process().threads()]
    return [name for name in names if "gloo" in name]


def fail(who: int) -> None:
    """One process meets an error, the others wait for it."""
    with group.joined(place()):
        if group.rank() == who:
            raise DataError("shop.inter line 7: no number.")
        group.total(torch.ones(1))


def die_unseen(who: int) -> None:
    """One process is killed, the others are busy with something else."""
    with group.joined(place()):
        if group.rank() == who:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(600)


def die(who: int) -> None:
    """One process is killed, the others wait for it."""
    with group.joined(place()):
        group.total(torch.ones(1))
        if group.rank() == who:
            os.kill(os.getpid(), signal.SIGKILL)
        group.total(torch.ones(1))
        time.sleep(600)


def wait() -> None:
    """All have met, and wait for each other for ever."""
    with group.joined(place()):
        group.total(torch.ones(1))
        print("met", flush=True)
        if group.rank() == 0:
            time.sleep(600)
        group.total(torch.ones(1))


def listening() -> set[str]:
    """Where the processes listen, and the store they met at."""
    with group.joined(place()):
        group.total(torch.ones(1))
        store = int(os.environ["MASTER_PORT"])
        found = [one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
        own = [one for one in found if one.pid == os.getpid() or one.laddr.port == store]
        assert len({one.laddr.port for one in own}) > 1
        return {address for addresses in group.every({one.laddr.ip for one in own}) for address in addresses}
