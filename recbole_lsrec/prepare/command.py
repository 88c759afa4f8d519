"""``recbole-lsrec prepare``: from raw files to a data set that runs."""

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import time_ns
from typing import Any

import click
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from recbole_lsrec.config.paths import dataset_yaml as shipped_yaml
from recbole_lsrec.config.paths import is_plain
from recbole_lsrec.errors import DataError, listed
from recbole_lsrec.log_checks.times import ORDER
from recbole_lsrec.prepare import events, write
from recbole_lsrec.prepare.columns import csv_source
from recbole_lsrec.prepare.copies import check_copies
from recbole_lsrec.prepare.database import connected, one
from recbole_lsrec.prepare.dataset_yaml import Facts, dataset_yaml
from recbole_lsrec.prepare.features import POINT, Feature, make_writable
from recbole_lsrec.prepare.files import RawFile, find_files, matching
from recbole_lsrec.prepare.items import item_query, read_items, user_query
from recbole_lsrec.prepare.layout import Layout, Source
from recbole_lsrec.prepare.ledger import Ledger
from recbole_lsrec.prepare.options import Options
from recbole_lsrec.prepare.recipes import RECIPES, apply
from recbole_lsrec.prepare.source_steps import apply_source
from recbole_lsrec.prepare.sources import SOURCES, installed
from recbole_lsrec.prepare.statistics import statistics
from recbole_lsrec.prepare.suggest import Threshold, sampled_negatives, suggest_threshold
from recbole_lsrec.prepare.times import SECOND, Times, check_zone, find_reading, when
from recbole_lsrec.whole_files import file_sha256, sweep

__all__ = ["Options", "prepare"]

META = "prepared_by"


def prepare(
    name_of_source: str, raw: Sequence[str | Path], out: str | Path, name: str, options: Options
) -> dict[str, Any]:
    """Prepares a data set and writes it to ``<out>/<name>/``, complete or not at all.

    Args:
        name_of_source: ``csv`` or a key of :data:`~recbole_lsrec.prepare.sources.SOURCES`.
        raw: files, archives and folders.
        out: folder of data sets.
        name: of the new one.
        options: the rest.

    Returns:
        The content of ``<name>.meta.json``.

    Raises:
        DataError: the source is none, a file is missing or damaged, times are ambiguous, too many rows are refused, nothing
            is left, or the data set exists already.
    """
    if name_of_source not in ("csv", *SOURCES):
        raise DataError(f"source: found {name_of_source!r}; accepted: csv, {', '.join(SOURCES)}.")
    for key, found, accepted, fits in (
        ("--raw", raw, "a list of files and folders", isinstance(raw, list | tuple) and all(map(_a_path, raw))),
        ("--out", out, "the path of a folder", _a_path(out)),
        ("--name", name, "the name of a folder, such as shop", isinstance(name, str)),
        ("options", options, "Options of recbole_lsrec.prepare.command", isinstance(options, Options)),
    ):
        if not fits:
            raise DataError(f"{key}: found {found!r}; accepted: {accepted}.")
    out = Path(out)
    folder = out / name
    _check_free(folder, name, options.overwrite)
    files = find_files([Path(path) for path in raw or installed(name_of_source)])
    source, told = _source(name_of_source, files, options)
    for line in told:
        click.echo(f"  {line}")
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
        sweep(out)
        work = Path(tempfile.mkdtemp(prefix=".prepare-", suffix=".part", dir=out))
    except OSError as error:
        raise DataError(f"--out: cannot write to {out} ({error}); give a folder that can be written.") from error
    try:
        meta = _prepare(source, files, work, name, options, told)
        _put(work, folder, name)
    finally:
        shutil.rmtree(work, ignore_errors=True)
        for empty in made if not any(out.iterdir()) else ():
            empty.rmdir()
    return meta


def _a_path(given: object) -> bool:
    return isinstance(given, str | Path)


def _source(name: str, files: list[RawFile], options: Options) -> tuple[Source, list[str]]:
    if name == "csv":
        encoding = options.encoding if options.encoding is not None else "utf-8"
        columns = {role: str(column) for role, column in options.columns.items()}
        found = csv_source(files, columns, options.user_features, options.item_features, options.separator, encoding)
        _check_options_of_tables(found[0], files[0], options)
        return found
    given = [f"--{role.replace('_', '-')}" for role in options.columns]
    given += [f"--{key}" for key in ("separator", "encoding", "decimal") if getattr(options, key) is not None]
    given += [f"--{key.replace('_', '-')}" for key in ("user_features", "item_features") if getattr(options, key)]
    if given:
        raise DataError(
            f"{given[0]}: has no effect on {name}, whose layout is known; use the source csv for other files."
        )
    return SOURCES[name], []


def _check_options_of_tables(source: Source, first: RawFile, options: Options) -> None:
    """Refuses options that would do nothing on this table."""
    kinds = [Feature.of(given).kind for given in (*source.user_features, *source.item_features)]
    form = source.events[0].form
    for given, key, why in (
        (options.separator is not None and form != "csv", "separator", f"{first.name}, which is {form}"),
        (options.decimal is not None and not any(kind.startswith("float") for kind in kinds), "decimal",
         "a log without features of type float or float_seq; name them with --user-features or --item-features"),
    ):  # fmt: skip
        if given:
            raise DataError(f"--{key}: has no effect on {why}. Leave it out.")


def _prepare(
    source: Source, files: list[RawFile], work: Path, name: str, options: Options, told: list[str]
) -> dict[str, Any]:
    if options.all_items and not source.departments:
        raise DataError(
            f"--all-items: has no effect on {source.name}, of which all items are kept anyway. Leave it out."
        )
    ledger = Ledger(notes=list(source.notes))
    chosen = _chosen(source, files)
    if len(chosen) > 1:
        told = [*told, _in_this_order([raw for _, raw in chosen])]
        click.echo(f"  {told[-1]}")
    of_items = [(layout, raw) for layout in source.items for raw in matching(files, layout.files)]
    with connected(work) as connection:
        check_zone(connection, options.tz)
        features = (*source.user_features, *source.item_features)
        starts = events.read_events(connection, chosen, [Feature.of(given).name for given in features], ledger)
        if source.name == "csv":
            ledger.notes += [
                f"{file.file}: keys that none of the first objects has: {listed(file.late_keys)}; they are used only where named"
                for file in ledger.files
                if file.late_keys
            ]
        _check_rows(ledger)
        times = _times(connection, source, options, ledger)
        if times or any(file.rows for file in ledger.files):
            click.echo(f"  times: {times.in_words if times else 'none; the order of the rows counts'}")
        _parse(connection, times, starts, ledger, options.max_refused)
        make_writable(connection, features, starts, ledger, options.decimal or POINT)
        read_items(connection, source, of_items, ledger)
        apply_source(connection, source, options.keep_events, options.all_items, options.tz, ledger)
        recipe = RECIPES[options.recipe]
        if options.sample_users is not None:
            recipe = replace(recipe, users=options.sample_users)
        apply(connection, recipe, source, options.seed, ledger)
        if options.k_core > 1:
            apply(
                connection, replace(RECIPES["none"], k_core=options.k_core, iterate=True), source, options.seed, ledger
            )
        _tell_of_later(connection, times, ledger)
        meta = _write(connection, source, work, name, times, ledger, options)
    used = list(dict.fromkeys(raw.path for _, raw in [*chosen, *of_items]))
    meta |= {
        "source": {"name": source.name, "title": source.title, "chosen": told},
        "raw_files": [{"file": path.name, "bytes": path.stat().st_size, "sha256": file_sha256(path)} for path in used],
        "not_used": [raw.name for raw in files if raw.path not in used],
    }
    (work / f"{name}.meta.json").write_text(json.dumps(meta, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return meta


def _chosen(source: Source, files: list[RawFile]) -> list[tuple[Layout, RawFile]]:
    chosen = [(layout, raw) for layout in source.events for raw in matching(files, layout.files)]
    if not chosen:
        patterns = " or ".join(layout.files.replace(" ", ", ") for layout in source.events)
        raise DataError(
            f"--raw: none of {', '.join(raw.name for raw in files[:8])} is a file of events of {source.name}; "
            f"accepted: {patterns}, as they are in the download, alone, in a folder, or in a zip or gz archive."
        )
    check_copies(source, chosen)
    return chosen


def _in_this_order(files: list[RawFile]) -> str:
    """Of equal times, or without any, the events of an earlier file come first."""
    paths = [os.path.abspath(raw.name) for raw in files]
    folder = os.path.commonpath([os.path.dirname(path) for path in paths])
    return f"files, in this order: {listed([os.path.relpath(path, folder) for path in paths])} ({len(files)})"


def _check_rows(ledger: Ledger) -> None:
    """Refuses files in which nothing stands below the names of the columns."""
    if not ledger.rows_in:
        files = f"{ledger.files[0].file}{f' and {n} more' if (n := len(ledger.files) - 1) else ''}"
        raise DataError(
            f"{files}: holds only the line of names; no row can be used: there is none. Give files with a line for each event."
        )


def _times(connection: Any, source: Source, options: Options, ledger: Ledger) -> Times | None:
    if ORDER in (options.columns.get("time"), options.time_format):
        if options.time_format not in (None, ORDER):
            raise DataError(
                "--time-format: has no effect beside --time order, which reads no times. Leave one of them out."
            )
        if options.tz is not None:
            ledger.notes.append("--tz: has no effect, as the order of the rows is all that is read of the times")
        return None
    if one(connection, "SELECT count(*) FROM raw")[0] == 0:
        return None  # said where the account is checked
    given = source.time if options.time_format is None else options.time_format
    times = find_reading(connection, given, options.tz or source.tz, options.max_refused)
    if options.tz is not None and (times.zoned or not times.reading.local) and not source.period:
        ledger.notes.append(f"--tz: has no effect, as the times are {times.in_words}, which need no zone")
    if times.skipped:
        ledger.notes.append(
            f"{times.skipped} times are none in {times.zone}, whose clock was put forward over them; they are read as if it had "
            "not been yet"
        )
    return times


def _tell_of_later(connection: Any, times: Times | None, ledger: Ledger) -> None:
    """Notes events of a day that has not begun in any zone."""
    today = time_ns()
    late, last = one(connection, f"SELECT count(*), max(ns) FROM log WHERE ns > {today + 86_400 * SECOND}")
    if times is not None and late:
        ledger.notes.append(
            f"{late} events lie after today ({when(today)[:10]}), the last at {when(last)} UTC; they are kept. Is a clock wrong, "
            "or the reading of the times?"
        )


def _parse(connection: Any, times: Times | None, starts: events.Starts, ledger: Ledger, most: float) -> None:
    unreadable = ledger.refused
    rows = one(connection, "SELECT count(*) FROM raw")[0]
    ledger.step("rows read as events", (rows, 0, 0))
    damaged = events.parse_events(connection, times, starts, ledger) + unreadable
    ledger.step("rows that can be used", events.sizes(connection))
    total = rows + unreadable
    if damaged > most * total:
        worst = sorted(ledger.refusals.values(), key=lambda entry: -entry.rows)
        raise DataError(
            f"{damaged} of {total} rows are damaged, more than --max-refused {most:g} allows:"
            + "".join(f"\n  {entry.reason}: {entry.rows}, such as {entry.examples[0]}" for entry in worst)
        )
    if ledger.steps[-1].rows == 0:
        raise DataError(f"{ledger.files[0].file}: no row can be used" + "".join(
            f"\n  {entry.reason}: {entry.rows}, such as {entry.examples[0]}" for entry in ledger.refusals.values()
        ))  # fmt: skip


def _write(
    connection: Any, source: Source, work: Path, name: str, times: Times | None, ledger: Ledger, options: Options
) -> dict[str, Any]:
    whole = one(connection, f"SELECT bool_and(ns % {SECOND} = 0) FROM log")[0]
    unit = "s" if whole else "ms"
    has = {role for role in ("event_type", "session") if one(connection, f"SELECT bool_or({role} <> '') FROM log")[0]}
    columns = {"event_type": "event_type"} if "event_type" in has else {}
    columns |= {"session_id": "session"} if "session" in has else {}
    items, item_names = item_query(connection, source, ledger)
    users, user_names = user_query(connection, source, ledger)
    measured = write.write_inter(connection, work / f"{name}.inter", columns, unit)
    if len(item_names) > 1:
        write.write_feature(connection, work / f"{name}.item", items, item_names)
    if len(user_names) > 1:
        write.write_feature(connection, work / f"{name}.user", users, user_names)
    first_seen = _training_items(connection, measured)
    tests, valids = (np.concatenate(part) for part in (measured.tests, measured.valids))
    threshold = suggest_threshold(measured.gaps, measured.resolution)
    if source.session_seconds:
        threshold = Threshold(
            source.session_seconds, f"as the papers on this log; its gaps say {threshold.seconds}: {threshold.reason}"
        )
    # A run compares whole seconds.
    negatives = min(sampled_negatives(first_seen // SECOND, targets // SECOND) for targets in (tests, valids))
    facts = Facts(
        unit if times else ORDER, threshold, negatives, len(tests), source.session_seconds is not None,
        shipped=shipped_yaml(name).is_file(), filtered=RECIPES[options.recipe].k_core > 1,
    )  # fmt: skip
    (work / f"{name}.yaml").write_text(
        dataset_yaml(source.name, name, list(columns), item_names, user_names, facts), encoding="utf-8"
    )
    recipe = RECIPES[options.recipe]
    return {
        META: "recbole-lsrec prepare",
        "simulated": False,
        "name": name,
        "recipe": {"name": recipe.name, "known": recipe.known, "ours": recipe.ours, "seed": options.seed},
        "account": ledger.to_dict(),
        "times": {
            "reading": times.reading.name if times else "order",
            "zone": "in each value" if times and times.zoned else times.zone if times else None,
            "unit_in_files": unit if times else ORDER,
            "first": when(measured.first) if times else None,
            "last": when(measured.last) if times else None,
            "resolution_seconds": measured.resolution,
        },
        "statistics": statistics(connection, measured),
        "suggested": {
            "session_threshold": threshold.seconds, "reason": threshold.reason, "negatives": negatives,
            "users_with_a_test_target": len(tests),
        },
    }  # fmt: skip


def _training_items(connection: Any, measured: write.Measured) -> np.ndarray:
    """When each item is first seen, sorted; of items with an event that trains, as popularity draws no other."""
    items = connection.sql("SELECT item, min(ns) AS first, count(*) AS n FROM log GROUP BY item").to_arrow_table()
    others = pa.chunked_array(measured.untrained).value_counts()
    at = pc.index_in(items["item"].cast(pa.string()), value_set=others.field("values"))
    trains = pc.greater(items["n"], pc.fill_null(others.field("counts").take(at), 0))
    return np.sort(items["first"].filter(trains).to_numpy())


def _check_free(folder: Path, name: str, overwrite: bool) -> None:
    if not is_plain(name) or name.startswith(".") or name != name.strip():
        raise DataError(f"--name: found {name!r}; accepted: the name of a folder, such as shop, of at most 200 bytes.")
    if not folder.exists() or not any(folder.iterdir()):
        return
    ours = folder / f"{name}.meta.json"
    mine = ours.is_file() and f'"{META}"' in ours.read_text(encoding="utf-8", errors="replace")
    if mine and overwrite:
        return
    if mine and not (folder / f"{name}.inter").exists():
        return  # whoever put it there was killed before the log
    what = "was prepared before; --overwrite replaces it" if mine else "holds files that prepare did not write"
    raise DataError(f"{folder}: {what}; or give another --name or --out.")


def _put(work: Path, folder: Path, name: str) -> None:
    """The finished files, first what says whose they are, the log last; what an earlier run left under these names goes.

    No log stands beside another one's files: nothing runs on what a kill in between leaves, and prepare goes on there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.inter").unlink(missing_ok=True)
    for ending in ("meta.json", "item", "user", "yaml", "inter"):
        made, place = work / f"{name}.{ending}", folder / f"{name}.{ending}"
        if made.exists():
            made.replace(place)
        else:
            place.unlink(missing_ok=True)
