"""Instances with fewer competitors than a protocol asks for, or with none: counted, and refused where they are many."""

from collections.abc import Callable, Iterable, Mapping
from logging import getLogger
from typing import Any, NamedTuple

import numpy as np
import yaml

from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.errors import DataError
from recbole_lsrec.protocol import Protocol, protocols_of


class ShortLists(NamedTuple):
    """``too_few`` of the ``targets`` of a phase have fewer negatives than the protocol asks for, and one has the ``least``."""

    phase: str
    protocol: Protocol
    too_few: int
    targets: int
    least: int


def allowed_share(eval_args: Mapping[str, Any]) -> float:
    """Share of the instances that may have fewer: ``fewer`` as a number."""
    fewer = eval_args["fewer"]
    return {"error": 0.0, "allow": 1.0}[fewer] if isinstance(fewer, str) else float(fewer)


def check_short_lists(
    phase: str,
    protocol: Protocol,
    kept: np.ndarray,
    eval_args: Mapping[str, Any],
    elsewhere: Callable[[], list[np.ndarray]] = list,
) -> ShortLists | None:
    """Counts the instances with fewer negatives than asked for.

    Args:
        phase: ``valid`` or ``test``.
        protocol: that asks for ``protocol.n``.
        kept: ``[N]`` negatives of each instance.
        eval_args: the setting, for ``fewer`` and for what to write instead.
        elsewhere: gives the same of the other phases that the protocol ranks, which what is written must suit as well.

    Returns:
        what :func:`say_short_lists` warns of; None where every instance has enough.

    Raises:
        DataError: they are more than ``fewer`` allows; names three ways on.
    """
    short = int((kept < protocol.n).sum())
    if short == 0:
        return None
    allowed = allowed_share(eval_args)
    if short <= allowed * len(kept):
        return ShortLists(phase, protocol, short, len(kept), int(kept.min()))
    ways: list[tuple[str, dict[str, Any]]] = [
        ("rank them among what there is", {"fewer": "allow"}),
        ("rank among all items", {"mode": "full"}),
    ]
    # As many as all but the allowed share have, in every phase.
    if n := min(int(np.sort(counts)[int(allowed * len(counts))]) for counts in [kept, *elsewhere()]):
        smaller = f"{protocol.name[:3]}{n}"
        mode = {
            at: [smaller if m == protocol.name else m for m in protocols_of(eval_args["mode"], at)]
            for at in eval_args["mode"]
        }
        ways.insert(0, (f"ask for {n}", {"mode": mode}))
    texts = [f"{what}: {as_option(eval_args, **change)}" for what, change in ways]
    raise DataError(
        f"{phase}, {protocol.name}: {short} of {len(kept)} targets have fewer than {protocol.n} possible negatives (the least "
        f"{kept.min()}), {short / len(kept):.1%} where eval_args: fewer allows {allowed:.0%}. {'; or '.join(texts)}."
    )


def say_short_lists(found: Iterable[ShortLists]) -> None:
    """Warns of what :func:`check_short_lists` counted, in a line for each protocol."""
    by_protocol: dict[Protocol, list[ShortLists]] = {}
    for short in dict.fromkeys(found):
        by_protocol.setdefault(short.protocol, []).append(short)
    for protocol, phases in by_protocol.items():
        counts = " and ".join(f"{short.too_few} of {short.targets} {short.phase}" for short in phases)
        getLogger().warning(
            f"{protocol.name}: {counts} targets have fewer than {protocol.n} possible negatives (the least "
            f"{min(short.least for short in phases)}): ranked among what there is; n_candidates in the instance table says how "
            "many"
        )


def has_seen_all(dataset: SessionDataset) -> np.ndarray:
    """Boolean ``[N]``: the instances whose history holds every other item, so that ``filter_seen`` leaves no competitor."""
    rows, item, others = dataset.rows, dataset.item, dataset.item_num - 2
    first, end = dataset.start[dataset.user[rows]], dataset.history_end(rows)
    found = end - first >= others  # few histories are as long as the catalogue
    for place in np.flatnonzero(found):
        seen = np.unique(item[first[place] : end[place]])
        found[place] = np.count_nonzero(seen != item[rows[place]]) == others
    return found


def say_unrivalled(phase: str, count: int, instances: int) -> None:
    """Says that instances without any competitor are in no metric.

    Raises:
        DataError: no instance has one.
    """
    found = f"{phase}: {count} of {instances} instances have no competitor at all (a protocol has none for them)"
    if count == instances:
        raise DataError(
            f"{found}, so there is nothing to rank. Are all events at one time, or all given lists empty? eval_args: "
            "{mode: full} ranks among all items."
        )
    getLogger().warning(f"{found}; they are in no metric and in no file of the run")


def as_option(eval_args: Mapping[str, Any], **change: Any) -> str:
    """The option that changes parts of the setting, with the parts that a user may have set and would lose otherwise."""
    usual = {"group_by": "user", "exclude": ["positive"], "popularity": "train", "pool": "seen", "fewer": 0.05}
    own = {key: eval_args[key] for key in ("split", "mode", *usual) if eval_args[key] != usual.get(key)}
    text = yaml.safe_dump({**own, **change}, default_flow_style=True, sort_keys=False, width=1000).strip()
    return f'--eval_args="{text}"'
