"""Checkpoints: plain tensors and JSON in one file, written in one atomic step, read without unpickling objects.

A file is what ``torch.save`` makes of ``{MAGIC: FORMAT, "metadata": <JSON text>, "tensors": {...}}``. It holds the
current state and the best weights together, so that one rename replaces both and they can never disagree.
"""

import json
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from logging import getLogger
from pathlib import Path
from typing import Any

import numpy as np
import recbole
import scipy.sparse
import torch
from recbole.model.abstract_recommender import AbstractRecommender
from recbole.utils import ModelType

import recbole_lsrec
from recbole_lsrec.config.effects import may_differ
from recbole_lsrec.errors import CheckpointError, MachineError, refusals_named
from recbole_lsrec.whole_files import written_whole

MAGIC = "recbole_lsrec_checkpoint"
FORMAT = 1

_ZIP_START = b"PK\x03\x04"


@dataclass(frozen=True)
class Checkpoint:
    """What one file holds.

    Attributes:
        metadata: JSON values: ``model``, ``own_model`` (where a class of the user's own came from, else None),
            ``dataset``, ``config``, ``fingerprints``, ``versions``, and the writer's own.
        tensors: nested dicts, lists and tuples of tensors, numbers, strings and None.
        path: the file it was read from.
    """

    metadata: dict[str, Any]
    tensors: dict[str, Any]
    path: Path | None = None

    def __str__(self) -> str:
        return f"checkpoint {self.path}"

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.metadata["model"]

    @property
    def dataset(self) -> str:
        """Name of the data set."""
        return self.metadata["dataset"]

    @property
    def config(self) -> dict[str, Any]:
        """Settings: ``Config(c.model, c.dataset, config_dict=c.config)`` rebuilds the run's."""
        return self.metadata["config"]


def save(path: str | Path, checkpoint: Checkpoint) -> None:
    """Writes a checkpoint so that ``path`` is, at every moment, the old file or the new one, whole.

    Raises:
        CheckpointError: a value can be stored neither as tensor nor as plain value; the message names it.
        MachineError: the disk is full or may not be written; the old file is still there.
    """
    path = Path(path)
    content = {
        MAGIC: FORMAT,
        "metadata": json.dumps(checkpoint.metadata, default=_plain),
        "tensors": {key: portable(value, key) for key, value in checkpoint.tensors.items()},
    }
    try:
        with refusals_named(path, "cannot be written"):
            path.parent.mkdir(parents=True, exist_ok=True)  # of a run taken up into another folder
        with refusals_named(path, "cannot be written"), written_whole(path) as part, part.open("wb") as file:
            _check_space(path, content)
            torch.save(content, file)
    except RuntimeError as error:  # torch's writer has no errno, and covers a signal with one of its own
        if isinstance(error.__context__, KeyboardInterrupt):
            raise error.__context__ from None
        if "inline_container" not in str(error):
            raise
        raise MachineError(
            f"{path}: cannot be written: the disk is full, or files may not be larger (ulimit -f); free some space and "
            "go on with --resume. The checkpoint before this one is whole."
        ) from error


def load(path: str | Path, key: str | None = None) -> Checkpoint:
    """Reads a checkpoint to CPU tensors. Nothing in the file is ever executed.

    Args:
        path: the file.
        key: of the metadata, which of a run's files only the one that is wanted has; None for any.

    Raises:
        CheckpointError: the file is missing, truncated, damaged, RecBole's own, foreign, another file of a run, or of
            another format version.
    """
    path = Path(path)
    pickled = _pickled_part(path)
    if MAGIC.encode() not in pickled:
        raise _foreign(path, pickled)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        version = content[MAGIC]
        found = Checkpoint(json.loads(content["metadata"]), content["tensors"], path) if version == FORMAT else None
    except Exception as error:  # whatever the reader stumbles over, the file is not one that save() wrote
        raise CheckpointError(
            f"checkpoint {path}: it is marked as recbole_lsrec's but holds something else than plain tensors and JSON "
            f"({type(error).__name__}), so it was altered or damaged; use another copy, or start the run again."
        ) from error
    if found is None:
        raise CheckpointError(
            f"checkpoint {path}: format version {version!r}, this recbole_lsrec {recbole_lsrec.__version__} reads version "
            f"{FORMAT}; resume it with the version of recbole_lsrec that wrote it, or start the run again."
        )
    if key is not None and key not in found.metadata:
        raise CheckpointError(
            f"checkpoint {path}: has no {key!r}, so it is another file of a run; give a run folder or its checkpoint.pt, and "
            "leave the names of a run's files as they are."
        )
    return found


def check(
    found: Checkpoint,
    *,
    model: str,
    dataset: str,
    fingerprints: Mapping[str, str],
    config: Mapping[str, Any] | None = None,
) -> None:
    """Refuses a checkpoint that belongs to another run.

    Args:
        found: what :func:`load` gave.
        model: name of the model that is to take the weights.
        dataset: name of the data set at hand.
        fingerprints: name -> fingerprint of the data, the split, ... at hand; the checkpoint's must equal them.
        config: :func:`config_values` of the run that resumes, or None to compare no settings (evaluation only).

    Raises:
        CheckpointError: other model, data set or settings (each named with both values), other data or split.
    """
    for key, held, given in (("model", found.model, model), ("dataset", found.dataset, dataset)):
        if held != given:
            raise CheckpointError(
                f"{found}: it holds {key} {held!r}, this run has --{key}={given}; "
                f"use --{key}={held}, or another checkpoint."
            )
    if config is not None:
        keys = sorted({*found.config, *config} - may_differ())
        differing = [key for key in keys if found.config.get(key) != config.get(key)]
        if differing:
            was = {key: repr(found.config[key]) if key in found.config else "not known" for key in differing}
            named = "; ".join(f"{key} (checkpoint: {was[key]}, now: {config.get(key)!r})" for key in differing)
            older = ", with the version of recbole_lsrec that wrote it" if "not known" in was.values() else ""
            raise CheckpointError(
                f"{found}: settings that change the result differ: {named}. "
                f"Resume with the checkpoint's values{older}, or start a new run without --resume."
            )
    theirs = found.metadata["fingerprints"]
    for name in sorted({*theirs, *fingerprints}):
        was, now = theirs.get(name), fingerprints.get(name)
        if was != now:
            raise CheckpointError(
                f"{found}: the {name} fingerprint differs (checkpoint: {was}, now: {now}), so item ids and "
                f"instances mean something else; restore the {name} it was trained on, or start a new run."
            )


def restore_best(found: Checkpoint, model: AbstractRecommender) -> None:
    """Gives a model the best weights of a run.

    Raises:
        CheckpointError: no weights were best yet, or they do not fit the model.
    """
    if found.tensors["best"] is None:
        raise CheckpointError(
            f"{found}: no best weights yet: no epoch was validated, or its valid metric was never a number; "
            "resume the training first."
        )
    set_weights(model, found.tensors["best"], str(found))


def config_values(config: Any) -> dict[str, Any]:
    """``config.plain()`` as it comes back from JSON, comparable with a stored copy.

    Raises:
        CheckpointError: a setting is an object that JSON cannot hold; the message names its key.
    """
    values = {}
    for key, value in config.plain().items():
        try:
            values[key] = json.loads(json.dumps(value, default=_plain))
        except TypeError as error:
            raise CheckpointError(
                f"config key {key!r}: a checkpoint cannot store {value!r} ({error}); "
                "use numbers, strings, booleans, lists or dicts with such keys."
            ) from error
    return values


def versions() -> dict[str, str]:
    """Versions of what decides the bits of a result."""
    return {
        "recbole_lsrec": recbole_lsrec.__version__,
        "recbole": recbole.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


def other_versions(theirs: Mapping[str, str]) -> str:
    """Names those of :func:`versions` that were others then, such as ``torch 2.12.0 -> 2.13.0``; empty for none."""
    ours = versions()
    return ", ".join(f"{name} {theirs.get(name)} -> {ours[name]}" for name in ours if theirs.get(name) != ours[name])


def warn_of_other_versions(theirs: Mapping[str, str]) -> None:
    """Says so where a run goes on with other versions than those of its checkpoint."""
    if changed := other_versions(theirs):
        getLogger().warning(
            f"The checkpoint was written with other versions ({changed}): the result may differ in its last bits "
            "from that of an uninterrupted run."
        )


def weights(model: AbstractRecommender, *, copy: bool = False) -> dict[str, Any]:
    """A RecBole model's ``state_dict`` and ``other_parameter`` as CPU tensors and plain values.

    Modules among the other parameters (DIN, DIEN, GRU4RecF, SASRecF, FDSA name their embedding layer there) are left
    out: their tensors are in ``state_dict`` already. So are the matrices of models that do not train (ItemKNN, EASE):
    they compute them from the data when they are made.

    Args:
        model: a RecBole recommender.
        copy: give tensors of their own, which further training does not change.

    Raises:
        CheckpointError: another parameter is neither tensor nor plain value; the message names it.
    """
    computed = (np.ndarray, scipy.sparse.spmatrix, scipy.sparse.sparray) if model.type == ModelType.TRADITIONAL else ()
    left_out = (torch.nn.Module, *computed)
    other = {k: v for k, v in model.other_parameter().items() if not isinstance(v, left_out)}
    return {
        "state_dict": portable(model.state_dict(), "state_dict", copy=copy),
        "other_parameter": portable(other, "other_parameter", copy=copy),
    }


def set_weights(model: AbstractRecommender, values: Mapping[str, Any], source: str) -> None:
    """Loads what :func:`weights` gave, on the model's device; ``source`` is for the message.

    Raises:
        CheckpointError: the tensors do not fit the model.
    """
    try:
        model.load_state_dict(values["state_dict"])
    except RuntimeError as error:
        raise CheckpointError(
            f"{source}: its tensors do not fit this model; use the settings and data of its run. {error}"
        ) from error
    device = next(model.parameters()).device
    model.load_other_parameter(portable(values["other_parameter"], "other_parameter", device=device))


def portable(value: Any, name: str, *, device: torch.device | str = "cpu", copy: bool = False) -> Any:
    """Nested containers of tensors and plain values, rebuilt from types that ``weights_only=True`` reads.

    Args:
        value: dicts, lists and tuples of tensors, numbers, strings, None; numpy numbers become Python's.
        name: how messages call it.
        device: where the tensors shall be.
        copy: copy tensors that are there already.

    Raises:
        CheckpointError: anything else is found; the message says where.
    """
    if isinstance(value, torch.Tensor):
        return value.detach().to(device, copy=copy)
    if isinstance(value, np.generic):
        return value.item()
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, Mapping):
        return {
            portable(k, f"key of {name}"): portable(v, f"{name}[{k!r}]", device=device, copy=copy)
            for k, v in value.items()
        }
    if isinstance(value, list | tuple):
        items = [portable(v, f"{name}[{i}]", device=device, copy=copy) for i, v in enumerate(value)]
        return tuple(items) if isinstance(value, tuple) else items
    raise CheckpointError(
        f"{name}: a {type(value).__module__}.{type(value).__qualname__} cannot be kept in a checkpoint; accepted are "
        "tensors, numbers, strings, None, and lists, tuples and dicts of them. Keep it out of the model's "
        "`other_parameter_name`, or make it one of these."
    )


def _check_space(path: Path, content: Mapping[str, Any]) -> None:
    """Refuses before the first byte what the disk has no room for."""
    needed = _bytes(content)
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise MachineError(
            f"{path}: cannot be written: it needs {needed / 2**20:.0f} MiB, and {free / 2**20:.0f} MiB are free; free some "
            "space and go on with --resume. The checkpoint before this one is whole."
        )


def _bytes(value: Any) -> int:
    """Bytes of all tensors and texts in nested containers."""
    if isinstance(value, torch.Tensor):
        return value.nbytes
    if isinstance(value, Mapping):
        return sum(map(_bytes, value.values()))
    return sum(map(_bytes, value)) if isinstance(value, list | tuple) else len(value) if isinstance(value, str) else 8


def _plain(value: Any) -> Any:
    """JSON form of numpy's numbers, which metrics and tuned settings bring along."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__qualname__} is not a JSON value")


def _pickled_part(path: Path) -> bytes:
    """The raw bytes that describe the objects of a torch file, b"" in a zip without any; every checksum is verified."""
    if path.exists() and not path.is_file():  # a pipe could make us wait for ever
        raise CheckpointError(f"checkpoint {path}: is no file; give a run folder or its checkpoint.pt.")
    try:
        with open(path, "rb") as file:
            start = file.read(len(_ZIP_START))
    except OSError as error:
        raise CheckpointError(
            f"checkpoint {path}: cannot be read ({error.strerror}); give a run folder or its checkpoint.pt."
        ) from error
    if not _ZIP_START.startswith(start):
        raise _foreign(path, b"")
    try:
        with zipfile.ZipFile(path) as archive:
            # torch's reader takes an entry marked as a folder for one without bytes, and hands out what lay in memory.
            folders = (entry.filename for entry in archive.infolist() if entry.external_attr & 0x10)
            damaged = archive.testzip() or next(folders, None)
            names = [name for name in archive.namelist() if name.split("/")[-1] == "data.pkl"]
            pickled = archive.read(names[0]) if names and damaged is None else b""
    except Exception as error:  # zipfile raises many kinds on cut or scrambled bytes
        raise _truncated(path, str(error)) from error
    if damaged is not None:
        raise _truncated(path, f"wrong checksum or attributes of {damaged}")
    return pickled


def _truncated(path: Path, reason: str) -> CheckpointError:
    return CheckpointError(
        f"checkpoint {path}: truncated or damaged ({path.stat().st_size:,} bytes; {reason}). recbole_lsrec replaces "
        "checkpoints whole, so the copying or the disk is at fault; use another copy, or start the run again."
    )


def _foreign(path: Path, pickled: bytes) -> CheckpointError:
    if b"state_dict" in pickled and b"other_parameter" in pickled:
        return CheckpointError(
            f"checkpoint {path}: written by RecBole's own trainer, as pickled Python objects (its Config among them). "
            "Reading those would run whatever code the file holds, so they are never loaded. Accepted is a "
            "checkpoint.pt that recbole_lsrec wrote; train the model again with this package."
        )
    return CheckpointError(
        f"checkpoint {path}: not a checkpoint of recbole_lsrec (no {MAGIC!r} in it); "
        "give a run folder or its checkpoint.pt."
    )
