"""What the processes of a run exchange. With one process every function gives back what it got, and nothing is sent.

A loss that looks across a batch is divided so that the processes' parts *add up* to it: each returns its own part, and
gradients are summed. Statistics of the whole batch are made by :func:`sum_over_all` and :func:`rows_of_all`, through which
gradients find their way back to every process.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist
import torch.distributed.nn  # before there is a group: it keeps the one that it finds, with threads that outlive the run
from torch import Tensor
from torch.distributed.rendezvous import rendezvous

from recbole_lsrec.errors import MachineError
from recbole_lsrec.processes.place import Place

T = TypeVar("T")

# Process 0 may train alone while the others wait. That another one died is told by its connection, not by this.
_PATIENCE = timedelta(days=7)
_MEETING = timedelta(minutes=5)  # whoever keeps the store may be gone before this process has reached it
_rank, _world = 0, 1


class ProcessLost(MachineError):
    """Another process of the run has ended before its time."""


@contextmanager
def joined(place: Place | None, on_gpu: bool = False) -> Iterator[None]:
    """Makes this process one of the run's while the block runs; without a place there is no other.

    Args:
        place: of this process.
        on_gpu: whether tensors of a GPU are exchanged (by NCCL), or of the CPU alone (by gloo).
    """
    global _rank, _world
    if place is None:
        yield
        return
    try:
        store, *_ = next(rendezvous("env://", timeout=_MEETING))
        store.set_timeout(_PATIENCE)
        backend = "cpu:gloo,cuda:nccl" if on_gpu else "gloo"
        dist.init_process_group(backend, rank=place.rank, world_size=place.world, store=store, timeout=_PATIENCE)
    except RuntimeError as error:
        raise ProcessLost(
            f"the processes of this run could not connect to each other ({str(error).splitlines()[0]}): one has ended, or a "
            "network is in the way. GLOO_SOCKET_IFNAME names the interface that leads to the other machines."
        ) from error
    _rank, _world = place.rank, place.world
    try:
        yield
    finally:
        _rank, _world = 0, 1
        dist.destroy_process_group()


def world() -> int:
    """How many processes share the work at hand."""
    return _world


def rank() -> int:
    """Which of them this one is, from 0."""
    return _rank


@contextmanager
def alone() -> Iterator[None]:
    """Inside, this process does the whole work itself, as if there was no other."""
    global _rank, _world
    before = _rank, _world
    _rank, _world = 0, 1
    try:
        yield
    finally:
        _rank, _world = before


def own_part(n: int) -> slice:
    """This process's part of ``n`` things in a row; parts differ by one at most, and each thing is in one."""
    return slice(_rank * n // _world, (_rank + 1) * n // _world)


# ---- values ----------------------------------------------------------------------------------------------------------


def as_first(value: T) -> T:
    """What process 0 has."""
    if _world == 1:
        return value
    box = [value]
    with _still_there():
        dist.broadcast_object_list(box, 0)
    return box[0]


def made_by_first(make: Callable[[], T]) -> T:
    """What process 0 makes, alone."""
    return cast(T, as_first(make() if _rank == 0 else None))


def of_each(value: T) -> list[T]:
    """What each process has, in their order."""
    if _world == 1:
        return [value]
    found: list[Any] = [None] * _world
    with _still_there():
        dist.all_gather_object(found, value)
    return found


def number_of_each(n: int) -> list[int]:
    """The number that each process has: cheaper than :func:`of_each`."""
    if _world == 1:
        return [n]
    found = torch.zeros(_world, dtype=torch.int64)
    found[_rank] = n
    return _summed(found).tolist()


# ---- batches ---------------------------------------------------------------------------------------------------------


def share_of_batch(n: int) -> float:
    """This process's share of the whole, of which it has ``n``: what a mean over ``n`` counts in the mean over all."""
    return 1.0 if _world == 1 else n / sum(number_of_each(n))


def counted_once(x: Tensor) -> Tensor:
    """This process's part of what each of them has whole, such as a penalty of the weights."""
    return x if _world == 1 else x / _world


def sum_over_all(x: Tensor) -> Tensor:
    """The sum over processes of a tensor that has the same shape in each; gradients are summed likewise."""
    return x if _world == 1 else _Total.apply(x)


def stack_of_each(x: Tensor) -> Tensor:
    """The tensors of all processes, of the same shape in each, ``[processes, ...]``; gradients return to their own."""
    before, after = (x.new_zeros(n, *x.shape) for n in (_rank, _world - 1 - _rank))
    return sum_over_all(torch.cat([before, x.unsqueeze(0), after]))


def rows_of_all(rows: Tensor) -> Tensor:
    """The rows of all processes, process 0's first; gradients return to the rows' own process."""
    if _world == 1:
        return rows
    sizes = number_of_each(len(rows))
    before, after = sum(sizes[:_rank]), sum(sizes[_rank + 1 :])
    around = [rows.new_zeros(n, *rows.shape[1:]) for n in (before, after)]
    return sum_over_all(torch.cat([around[0], rows, around[1]]))


def distinct_of_all(ids: Tensor) -> tuple[Tensor, int]:
    """The distinct ``ids`` of the whole batch, of any shape: this process's part of them, and how many there are."""
    found = ids.unique()
    if _world > 1:
        found = rows_of_all(found).unique()
    return found[own_part(len(found))], len(found)


def drawn_for_all(draw: Callable[[int], Tensor], n: int) -> Tensor:
    """What ``draw`` gives for this process's ``n`` rows, where process 0 draws for the rows of all."""
    if _world == 1:
        return draw(n)
    sizes = number_of_each(n)
    before = sum(sizes[:_rank])
    return tensor_of_first(draw(sum(sizes)))[before : before + n]


def tensor_of_first(x: Tensor) -> Tensor:
    """Process 0's tensor, of the shape that it has in each; no gradient passes."""
    if _world == 1:
        return x
    x = x.detach().contiguous()
    with _still_there():
        dist.broadcast(x, 0)
    return x


# ---- gradients -------------------------------------------------------------------------------------------------------


def add_gradients(parameters: Iterable[torch.nn.Parameter]) -> None:
    """Gives each parameter the sum of its gradients; one that has a gradient in some process gets one in all."""
    trained = [p for p in parameters if p.requires_grad]
    kinds = _summed(
        torch.tensor([[p.grad is not None, p.grad is not None and p.grad.is_sparse] for p in trained]).long()
    )
    dense = []
    for parameter, (known, sparse) in zip(trained, kinds.tolist(), strict=True):
        if sparse:
            parameter.grad = _summed_rows(parameter)
        elif known:
            dense.append(parameter)
    if dense:
        flat = _summed(torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).reshape(-1) for p in dense]))
        for parameter, gradient in zip(dense, flat.split([p.numel() for p in dense]), strict=True):
            parameter.grad = gradient.view_as(parameter)


def _summed_rows(table: torch.nn.Parameter) -> Tensor:
    """The sum of the sparse gradients of ``table [N, D]``: the rows of all, repeats added up."""
    rows = torch.empty(0, dtype=torch.int64, device=table.device)
    values = table.new_empty(0, table.shape[1])
    if table.grad is not None:
        gradient = table.grad.coalesce()
        rows, values = gradient.indices()[0], gradient.values()
    with torch.no_grad():
        return torch.sparse_coo_tensor(rows_of_all(rows)[None], rows_of_all(values), table.shape).coalesce()


class _Total(torch.autograd.Function):
    """A sum over processes, whose gradient is the sum of what each of them makes of it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:  # type: ignore[override]
        return _summed(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        return _summed(gradient)


def _summed(x: Tensor) -> Tensor:
    found = x.detach().clone(memory_format=torch.contiguous_format)
    with _still_there():
        dist.all_reduce(found)
    return found


@contextmanager
def _still_there() -> Iterator[None]:
    """Makes of a broken connection an error with words."""
    try:
        yield
    except RuntimeError as error:  # gloo's and NCCL's
        raise ProcessLost("another process of this run has ended, so that this one cannot go on.") from error
