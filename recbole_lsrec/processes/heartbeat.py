"""What the machines of a run tell each other: that they are there, or that they are over.

One that loses its power or its network closes no connection, so that silence has to tell.
"""

from contextlib import suppress
from threading import Event, Thread
from time import monotonic

import torch.distributed as dist

from recbole_lsrec.processes.group import ProcessLost

SILENCE = 60.0
"""Seconds after which a machine counts as lost."""
_BEAT = 0.5  # seconds
_ANSWERS = 5.0  # seconds within which a store that is there has answered
_ENDED = "ended"  # the key under which a machine says that it is over before its time
_LEFT = -(1 << 40)  # added to the beats of one that is over in good order


class Heartbeat:
    """Counts this machine's beats in the store, and looks at those of the others, while its block runs.

    Args:
        store: where the machines meet.
        first: rank of this machine's first process.
        world: processes on all machines.
    """

    def __init__(self, store: dist.TCPStore, first: int, world: int) -> None:
        self._store, self._first, self._world = store, first, world
        self._beats: dict[int, int] = {}
        self._heard: dict[int, float] = {}  # by rank, when its beats last changed
        self._told, self._answered, self._over = "", monotonic(), Event()
        # A thread, since a store whose machine is lost answers neither yes nor no.
        self._thread = Thread(target=self._go_on, daemon=True)
        self._thread.start()

    def __enter__(self) -> "Heartbeat":
        return self

    def __exit__(self, *_: object) -> None:
        # A thread that comes back from the store while Python ends takes the process down with it.
        self._over.set()
        self._thread.join(_ANSWERS)

    def _go_on(self) -> None:
        with suppress(RuntimeError):  # the store goes with its machine, also in good order; connections say which
            while not self._over.wait(_BEAT):
                beats = {rank: self._store.add(f"beats {rank}", rank == self._first) for rank in range(self._world)}
                self._told = self._store.get(_ENDED).decode() if self._store.check([_ENDED]) else ""
                self._answered = monotonic()
                changed = {rank: self._answered for rank, count in beats.items() if count != self._beats.get(rank, 0)}
                self._beats, self._heard = beats, {**self._heard, **changed}
        self._over.set()

    def check(self) -> None:
        """Looks.

        Raises:
            ProcessLost: another machine is over, or has been silent for :data:`SILENCE`.
        """
        if self._told:
            raise ProcessLost(f"on another machine: {self._told}")
        beats, heard, answered = self._beats, self._heard, self._answered
        silent = [rank for rank, at in heard.items() if beats[rank] > 0 and answered - at > SILENCE]
        if not self._over.is_set() and monotonic() - answered > SILENCE:
            silent = [0]  # its machine has the store
        if silent:
            raise ProcessLost(
                f"nothing was heard of the machine of process {silent[0]} for {SILENCE:.0f} s: it has lost its power or its "
                "network. The processes here were ended."
            )

    def tell(self, cause: Exception) -> None:
        """Says that this machine is over, and why."""
        with suppress(RuntimeError):  # the machine of the store may be the one that is gone
            self._store.set(_ENDED, str(cause))

    def leave(self) -> None:
        """Says that this machine has nothing more to do."""
        self._over.set()
        with suppress(RuntimeError):
            self._store.add(f"beats {self._first}", _LEFT)
