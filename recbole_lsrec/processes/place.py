"""Which of a run's processes this one is, as torchrun says it: by environment variables, read without importing torch."""

import os
from typing import NamedTuple

_TOLD = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


class Place(NamedTuple):
    """A process among those of a run."""

    rank: int  # 0 to world - 1; process 0 writes and speaks
    world: int
    local: int  # on this machine, which is the GPU it takes


def place() -> Place | None:
    """The place that torchrun, or we, gave this process; None where it was started alone, whatever else is called RANK."""
    if not all(os.environ.get(name) for name in _TOLD) or not all(os.environ[name].isdecimal() for name in _TOLD[:3]):
        return None
    rank, world, local = (int(os.environ[name]) for name in _TOLD[:3])
    return Place(rank, world, local)


def environment(place: Place, address: str, port: int) -> dict[str, str]:
    """The variables that say it; the store at ``address:port`` is there already."""
    values = (place.rank, place.world, place.local, address, port)
    told = dict(zip(_TOLD, map(str, values), strict=True))
    return {**told, "TORCHELASTIC_USE_AGENT_STORE": "True", "USE_LIBUV": "0"}  # as the store, see launch
