"""Files of a simulated log: writing them, recognising them, and making the bundled ``cosmetics`` again when missing.

    <name>.inter            the log, sorted by user and time (atomic file: user_id, item_id, timestamp, category_id, event_type)
    <name>.item             category of each item (atomic file: item_id, category_id)
    <name>.meta.json        "simulated": true, parameters, SHA-256 of the files, statistics
    <name>.planted.parquet  why each event happened; no model may see it
    <name>.yaml             which column is what, and the protocol; not of the bundled log, whose settings ship

Line breaks are ``\\n`` and numbers are whole, so the text is the same on every machine. The draws come from numpy's
``Generator`` (PCG64): equal bytes were checked on numpy 1.26 and 2, with and without CPU-specific code.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recbole_lsrec.config.paths import is_plain
from recbole_lsrec.errors import ConfigError, DataError
from recbole_lsrec.simulated.parameters import Parameters
from recbole_lsrec.simulated.story import EVENT_TYPES, Catalogue, UserLog, build_catalogue, simulate
from recbole_lsrec.whole_files import file_sha256, sweep

INTER_HEADER = "user_id:token\titem_id:token\ttimestamp:float\tcategory_id:token\tevent_type:token\n"
ITEM_HEADER = "item_id:token\tcategory_id:token\n"
COSMETICS = "cosmetics"
# Frozen before any model was trained on the log. A change here is a change of every result on `cosmetics`.
COSMETICS_SHA256 = {
    "parameters": "287604bf2eb972a4939c2da225ed38e1aa49f3646f8cbeffdb490b27307c52d1",
    "inter": "11776eae1a1650541fffa3c1674d51d142c28e817a3a094059f0c8a617f0b3c6",
    "item": "cfa6841cb175dd3937da66bd109651b1ee686cb25965a85e56c0d645ea94f844",
    "planted": "8af8bf50789374621382c3ec2124c0f1b56fc66edbdb07b571444aad62d4db26",
}
SIMULATED_NOTICE = """\
THIS LOG IS SIMULATED. No person clicked anything here; results on it say nothing about real users.
It only has the shape of the Cosmetics log of the SLSRec paper (Table 1).
To put the real log in its place:
  1. download "eCommerce Events History in Cosmetics Shop" (mkechinov) from Kaggle,
  2. recbole-lsrec prepare cosmetics --raw <its folder> --out real
  3. run with --data_path=real."""

_SETTINGS = """\
# A simulated log. Settings as of the bundled one, `cosmetics`; they are yours to change.
load_col:
  inter: [user_id, item_id, timestamp, category_id, event_type]
CATEGORY_FIELD: category_id
timestamp_unit: s
session_threshold: 1800
eval_args: {mode: {valid: [pop99], test: [pop99, full]}, fewer: allow}
"""
_PLANTED = pa.schema(
    [
        ("row", pa.int64()),
        ("user_id", pa.string()),
        ("item_id", pa.string()),
        ("timestamp", pa.int64()),
        ("long_driven", pa.int8()),
        ("long_share", pa.float64()),
        ("session", pa.int32()),
        ("intent", pa.string()),
    ]
)
_USERS_PER_ROW_GROUP = 1000


def write_log(folder: Path, name: str, parameters: Parameters) -> dict[str, Any]:
    """Simulates a log and writes its files.

    ``row`` in the planted file is the 0-based number of the event in the log sorted by (user, time, original order)
    with users in the order of their first appearance in the .inter file. That is the order of the .inter file itself:
    row r is its line r + 2. ``user_id``, ``item_id`` and ``timestamp`` stand beside it to join after filters.

    Args:
        folder: Made if missing. Files appear in it complete or not at all, the .inter last.
        name: Name of the data set.
        parameters: What to simulate.

    Returns:
        The content of the meta file.

    Raises:
        DataError: The events do not fit into the period, the folder cannot be written, or it holds a log of that name that
            is not simulated.
    """
    held = folder / f"{name}.inter"
    if held.exists() and not is_simulated(folder, name):
        raise DataError(
            f"simulate: {held} is a log that was not simulated, or was changed since; give another folder or name."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        work = Path(tempfile.mkdtemp(prefix=f".{name}-", suffix=".part", dir=folder))
    except OSError as error:
        raise DataError(
            f"simulate: cannot write to {folder} ({error}). Give a folder that can be written (data_path)."
        ) from error
    try:
        catalogue = build_catalogue(parameters)
        tokens = _Tokens(parameters, catalogue)
        _write_items(work / f"{name}.item", parameters, tokens)
        statistics, planted = _write_events(work, name, tokens, simulate(parameters, catalogue))
        meta = {
            "simulated": True,
            "notice": SIMULATED_NOTICE.replace(COSMETICS + ".", name + ".").splitlines(),
            "parameters": parameters.to_dict(),
            "sha256": {
                "parameters": parameters.sha256(),
                "inter": file_sha256(work / f"{name}.inter"),
                "item": file_sha256(work / f"{name}.item"),
                "planted": planted,
            },
            "statistics": statistics,
        }
        (work / f"{name}.meta.json").write_text(json.dumps(meta, indent=2) + "\n", encoding="utf-8", newline="\n")
        if name != COSMETICS and not (folder / f"{name}.yaml").exists():
            (work / f"{name}.yaml").write_text(_SETTINGS, encoding="utf-8", newline="\n")
        for suffix in ("item", "planted.parquet", "meta.json", "yaml", "inter"):
            if (work / f"{name}.{suffix}").exists():
                os.replace(work / f"{name}.{suffix}", folder / f"{name}.{suffix}")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return meta


def check_name(name: str, parameters: Parameters) -> None:
    """Refuses what no run can name, and the bundled log's name for another log: every run of it looks for the frozen one.

    Raises:
        ConfigError: says what to do.
    """
    if not is_plain(name):
        raise ConfigError(f"simulate: name: found {name!r}; accepted: the name of a folder, such as shop (--name).")
    if name == COSMETICS and parameters.sha256() != COSMETICS_SHA256["parameters"]:
        raise ConfigError(
            f"simulate: name: found {name!r} with other parameters than the bundled log's, whose name it is; accepted: any other "
            "name (--name), or that one without parameters."
        )


def ensure_cosmetics(folder: Path) -> Path:
    """Path of ``cosmetics.inter`` in ``folder``; simulated again, and checked, where it is missing.

    A log of your own under that name is left alone, provided nothing of the simulated one lies beside it.

    Args:
        folder: The data set's folder, e.g. ``atomic_data/cosmetics``.

    Returns:
        The path of the .inter file.

    Raises:
        DataError: The regenerated log is not the frozen one; a changed or foreign log lies among simulated files; or
            the folder cannot be written.
    """
    inter = folder / f"{COSMETICS}.inter"
    if not inter.exists():
        meta = write_log(folder, COSMETICS, Parameters())
        _check_frozen(meta["sha256"], inter)
        return inter
    item = folder / f"{COSMETICS}.item"
    item_is_ours = item.exists() and file_sha256(item) == COSMETICS_SHA256["item"]
    if file_sha256(inter) == COSMETICS_SHA256["inter"]:
        if not item_is_ours:
            raise DataError(
                f"{item}: missing or changed, beside the bundled simulated log. "
                f"Delete {inter} and both are simulated again."
            )
    elif item_is_ours or _simulated_sha256(folder, COSMETICS):
        raise DataError(
            f"{inter}: this is not the bundled simulated log (SHA-256 {COSMETICS_SHA256['inter'][:12]}...), but "
            f"files of that log lie beside it. If it is the real log, delete {COSMETICS}.item, {COSMETICS}.meta.json "
            f"and {COSMETICS}.planted.parquet there; if it was changed by accident, delete {inter.name} and it is "
            "simulated again."
        )
    return inter


def ensure_bundled(name: str, folder: Path) -> None:
    """Simulates the bundled log again where it is missing from its folder; does nothing for logs of other names.

    Raises:
        DataError: see :func:`ensure_cosmetics`.
    """
    if name == COSMETICS:
        ensure_cosmetics(folder)


def is_simulated(folder: Path, name: str, sha256: str | None = None) -> bool:
    """Whether ``<name>.inter`` in ``folder`` is a simulated log, unchanged; its ``sha256`` may be given.

    True if the meta file says so and its hash matches, or if it is the bundled log, with or without meta file.
    """
    inter = folder / f"{name}.inter"
    if not inter.is_file():
        return False
    found = sha256 or file_sha256(inter)
    return found in (COSMETICS_SHA256["inter"], _simulated_sha256(folder, name))


def _simulated_sha256(folder: Path, name: str) -> str | None:
    """The .inter hash in the meta file; None without a meta file or if that says the log is not simulated."""
    path = folder / f"{name}.meta.json"
    if not path.is_file():
        return None
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
        return str(meta["sha256"]["inter"]) if meta["simulated"] is True else None
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: not a meta file of a simulated log ({error!r}); accepted: the file written with the log. "
            "Delete it if the log is real; else delete the .inter too and both are simulated again."
        ) from error


def _check_frozen(found: dict[str, str], inter: Path) -> None:
    wrong = [part for part, sha in COSMETICS_SHA256.items() if found[part] != sha]
    if wrong:
        inter.unlink()  # so that nobody trains on it
        raise DataError(
            f"{inter}: simulated again, but {', '.join(wrong)} differ from the frozen log (SHA-256 of .inter "
            f"{found['inter'][:12]}..., expected {COSMETICS_SHA256['inter'][:12]}...). numpy {np.__version__} "
            "draws other numbers than the tested 1.26; use that version or copy the bundled files."
        )


class _Tokens:
    """Names of users, items and categories, numbered in random order so that a name tells nothing."""

    def __init__(self, parameters: Parameters, catalogue: Catalogue):
        rng = np.random.default_rng([parameters.seed, 3])
        self.user = self._names(rng, "u", parameters.users)
        self.item = self._names(rng, "i", parameters.items)
        self.category = self._names(rng, "c", parameters.categories)
        self.of_item = [self.category[c] for c in catalogue.category]

    @staticmethod
    def _names(rng: np.random.Generator, prefix: str, n: int) -> list[str]:
        return [f"{prefix}{number:0{len(str(n))}d}" for number in rng.permutation(n) + 1]


def _write_items(path: Path, parameters: Parameters, tokens: _Tokens) -> None:
    lines = sorted(f"{tokens.item[i]}\t{tokens.of_item[i]}\n" for i in range(parameters.items))
    path.write_text(ITEM_HEADER + "".join(lines), encoding="utf-8", newline="\n")


def _write_events(work: Path, name: str, tokens: _Tokens, users: Iterable[UserLog]) -> tuple[dict[str, Any], str]:
    """Writes log and truth user by user; returns statistics and the SHA-256 of the truth (its values, not the
    parquet bytes, which change with the version of the writer)."""
    digest, types = hashlib.sha256(), Counter[str]()
    lengths, long_driven, sessions, forced, row = [], 0, 0, 0, 0
    first_time, last_time = np.inf, 0
    group: list[pa.RecordBatch] = []
    with (
        (work / f"{name}.inter").open("w", encoding="utf-8", newline="\n") as inter,
        pq.ParquetWriter(work / f"{name}.planted.parquet", _PLANTED, compression="zstd") as planted,
    ):
        inter.write(INTER_HEADER)
        for log in users:
            n = len(log.item)
            user = tokens.user[log.user]
            events = [EVENT_TYPES[e] for e in log.event_type]
            inter.writelines(
                f"{user}\t{tokens.item[i]}\t{t}\t{tokens.of_item[i]}\t{e}\n"
                for i, t, e in zip(log.item, log.timestamp, events, strict=True)
            )
            intent = [tokens.category[c] for c in log.intent]
            columns = {
                "row": np.arange(row, row + n),
                "user_id": [user] * n,
                "item_id": [tokens.item[i] for i in log.item],
                "timestamp": log.timestamp,
                "long_driven": log.long_driven,
                "long_share": np.full(n, log.long_share),
                "session": log.session,
                "intent": intent,
            }
            group.append(pa.RecordBatch.from_pydict(columns, schema=_PLANTED))
            if len(group) == _USERS_PER_ROW_GROUP:
                planted.write_table(pa.Table.from_batches(group))
                group = []
            truth = zip(log.long_driven.tolist(), log.session.tolist(), intent, strict=True)
            digest.update(f"{user} {log.long_share:.6f} {list(truth)}\n".encode())
            lengths.append(n)
            types.update(events)
            long_driven += int(log.long_driven.sum())
            sessions += int(log.session[-1])
            forced += log.forced
            row += n
            first_time, last_time = min(first_time, int(log.timestamp[0])), max(last_time, int(log.timestamp[-1]))
        planted.write_table(pa.Table.from_batches(group, schema=_PLANTED))
    return {
        "users": len(lengths),
        "items": len(tokens.item),
        "interactions": row,
        "categories": len(tokens.category),
        "mean_length": round(row / len(lengths), 4),
        "median_length": float(np.median(lengths)),
        "shortest": int(min(lengths)),
        "longest": int(max(lengths)),
        "sessions": sessions,
        "events_per_session": round(row / sessions, 4),
        "long_driven": round(long_driven / row, 4),
        "events_forced_by_the_totals": forced,
        "event_types": {e: round(types[e] / row, 4) for e in EVENT_TYPES},
        "first_timestamp": first_time,
        "last_timestamp": last_time,
    }, digest.hexdigest()
