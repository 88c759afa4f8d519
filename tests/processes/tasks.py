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
        everyone = group.rows_of_all(rows)
        (everyone * torch.arange(1.0, len(everyone) + 1)[:, None]).sum().backward()
        here = torch.tensor([float(rank)], requires_grad=True)
        whole = group.sum_over_all(here)
        (whole * (rank + 1)).sum().backward()
        with group.alone():
            alone = (group.world(), group.share_of_batch(5), group.as_first(rank))
        table = torch.nn.Embedding(5, 1, sparse=True)
        unused, seldom, weight = (torch.nn.Parameter(torch.zeros(2)) for _ in range(3))
        table(torch.tensor([rank, 3, 3])).sum().backward()
        weight.grad = torch.full((2,), rank + 1.0)
        if rank == 1:
            seldom.grad = torch.ones(2)
        group.add_gradients([table.weight, unused, seldom, weight])
        return {
            "world": group.world(),
            "parts": group.of_each(group.own_part(7)),
            "first": group.as_first(f"of {rank}"),
            "numbers": group.number_of_each(rank + 1),
            "shares": group.of_each(group.share_of_batch(rank + 1)),
            "together": everyone.tolist(),
            "gradients of rows": group.of_each(rows.grad.tolist()),
            "total": whole.tolist(),
            "gradients of the total": group.of_each(here.grad.tolist()),
            "stacked": group.stack_of_each(torch.tensor([float(rank)])).tolist(),
            "distinct": group.of_each([group.distinct_of_all(torch.tensor([[3, rank], [9, 3]]))[0].tolist()]),
            "drawn": group.of_each(group.drawn_for_all(lambda n: torch.arange(n) + 100 * rank, rank + 1).tolist()),
            "same": group.of_each(group.tensor_of_first(torch.tensor([rank])).tolist()),
            "once": group.counted_once(torch.ones(1)).item(),
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
        group.sum_over_all(torch.ones(1))
    names = [Path(f"/proc/self/task/{thread.id}/comm").read_text().strip() for thread in psutil.Process().threads()]
    return [name for name in names if "gloo" in name]


def fail(who: int) -> None:
    """One process meets an error, the others wait for it."""
    with group.joined(place()):
        if group.rank() == who:
            raise DataError("shop.inter line 7: no number.")
        group.sum_over_all(torch.ones(1))


def die_unseen(who: int) -> None:
    """One process is killed, the others are busy with something else."""
    with group.joined(place()):
        if group.rank() == who:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(600)


def die(who: int) -> None:
    """One process is killed, the others wait for it."""
    with group.joined(place()):
        group.sum_over_all(torch.ones(1))
        if group.rank() == who:
            os.kill(os.getpid(), signal.SIGKILL)
        group.sum_over_all(torch.ones(1))
        time.sleep(600)


def wait() -> None:
    """All have met, and wait for each other for ever."""
    with group.joined(place()):
        group.sum_over_all(torch.ones(1))
        print("met", flush=True)
        if group.rank() == 0:
            time.sleep(600)
        group.sum_over_all(torch.ones(1))


def listening() -> set[str]:
    """Where the processes listen, and the store they met at."""
    with group.joined(place()):
        group.sum_over_all(torch.ones(1))
        store = int(os.environ["MASTER_PORT"])
        found = [one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
        own = [one for one in found if one.pid == os.getpid() or one.laddr.port == store]
        assert len({one.laddr.port for one in own}) > 1
        return {address for addresses in group.of_each({one.laddr.ip for one in own}) for address in addresses}
