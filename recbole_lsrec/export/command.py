"""What ``recbole-lsrec export`` writes, each file checked against the model it came from."""

import io
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from logging import getLogger
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from recbole.data.interaction import Interaction
from torch import Tensor

from recbole_lsrec.data.sessions import threshold_in_force
from recbole_lsrec.errors import ConfigError, refusals_named
from recbole_lsrec.export.score_model import ScoreModel, fields_read, scores
from recbole_lsrec.json_files import read_json
from recbole_lsrec.model.base import LongShortRecommender
from recbole_lsrec.recommend import Recommender
from recbole_lsrec.recommend.read_histories import ITEM, TIME, USER
from recbole_lsrec.run_files import folder_of
from recbole_lsrec.whole_files import write_text, written_whole

TOLERANCE = 1e-5  # absolute, and of the score
_NAMES = {"onnx": "score.onnx", "torchscript": "score.pt", "embeddings": "embeddings.parquet"}
CANDIDATES, SCORES = "candidates", "scores"


def export(folder: str | Path, kind: str, out: str | Path | None = None, model: str | type | None = None) -> Path:
    """Writes a run's model in another format.

    Args:
        folder: of the run, or its checkpoint.
        kind: ``onnx`` or ``torchscript``: the score of candidates for histories, any number of either and any length of
            history; beside it a JSON file with inputs, window and items' ids. ``embeddings``: the items' vectors.
        out: the file; by default in the run folder.
        model: the run's model class, where it is one of your own.

    Returns:
        The file.

    Raises:
        CheckpointError: as of :meth:`Recommender.load`.
        ConfigError: the model cannot be exported so, ``kind`` is none or ``out`` no such file; says why.
    """
    if not isinstance(kind, str) or kind not in _NAMES:
        raise ConfigError(f"kind: found {kind!r}; accepted: one of {', '.join(_NAMES)}.")
    if out is not None and not (isinstance(out, (str, Path)) and Path(out).name):
        raise ConfigError(f"out: found {out!r}; accepted: the path of a file, or None for one in the run folder.")
    recommender = Recommender.load(folder, model=model, device="cpu")
    recommender.config["rm_dup_inter"] = None  # histories made for the graph repeat items
    if recommender.shift is not None:
        getLogger().warning("The run corrects popularity; what is exported is the model's own, without the correction.")
    path = folder_of(folder) / _NAMES[kind] if out is None else Path(out)
    if path.suffix == ".json":
        raise ConfigError(
            f"out: found {path}; a file of this ending describes the exported one. Give it another ending."
        )
    if kind != "embeddings":
        _description(path)
    elif path.suffix != ".parquet":
        raise ConfigError(f"out: found {path}; accepted: a file ending in .parquet, as which embeddings are written.")
    # A file that is there already stays if the new one fails.
    with refusals_named(path, "cannot be written"), written_whole(path) as part:
        if kind == "embeddings":
            _write_embeddings(recommender, part)
            return path
        try:
            with torch.no_grad():
                fields = _write_score(recommender, kind, part)
        except (NotImplementedError, RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
            reason = str(error).strip().splitlines()[0].partition(". Please")[0].removesuffix(".")
            raise ConfigError(f"export: {recommender.config.model} cannot be written as {kind}: {reason}.") from error
    _describe(recommender, fields, path)
    return path


class _Example(NamedTuple):
    batch: Interaction
    candidates: Tensor  # [B, C]

    def inputs(self, fields: list[str]) -> tuple[Tensor, ...]:
        return (*(self.batch[field] for field in fields), self.candidates)


def _write_score(recommender: Recommender, kind: str, path: Path) -> list[str]:
    """Writes the graph and checks it; returns the fields that it reads."""
    model = recommender.model
    example = _example(recommender, lengths=(3, 1, 5), n_candidates=4)
    fields = fields_read(model, example.batch, example.candidates)
    module = ScoreModel(model, fields, _widest(recommender)).eval()
    with warnings.catch_warnings(), _silent():
        warnings.simplefilter("ignore")  # the tracer's, of widths that are to be constant
        if kind == "onnx":
            run = _write_onnx(module, example.inputs(fields), fields, path)
        else:
            traced = torch.jit.trace(module, example.inputs(fields), check_trace=False)
            held = io.BytesIO()  # torch's own writer ends the process where the disk is full
            torch.jit.save(traced, held)
            path.write_bytes(held.getvalue())
            loaded = torch.jit.load(str(path))
            run = lambda inputs: loaded(*inputs).numpy()  # noqa: E731
    _check(recommender, run, fields)
    return fields


@contextmanager
def _silent() -> Iterator[None]:
    """Without stdout, on which torch prints a graph that fails, from Python and from C++."""
    sys.stdout.flush()
    stdout = os.dup(1)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        os.dup2(stdout, 1)
        os.close(stdout)


def _write_onnx(
    module: ScoreModel, inputs: tuple[Tensor, ...], fields: list[str], path: Path
) -> Callable[[tuple[Tensor, ...]], np.ndarray]:
    import onnxruntime
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, RuntimeException

    names = [*fields, CANDIDATES]
    axes = {
        name: {0: "batch", 1: "history"} if one.dim() == 2 else {0: "batch"}
        for name, one in zip(names, inputs, strict=True)
    }
    axes |= {CANDIDATES: {0: "batch", 1: "candidates"}, SCORES: {0: "batch", 1: "candidates"}}
    torch.onnx.export(
        module,
        inputs,
        str(path),
        input_names=names,
        output_names=[SCORES],
        dynamic_axes=axes,
        opset_version=18,
        dynamo=False,
    )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # it warns of shapes that torch's exporter did not infer; errors are raised too
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    wanted = [one.name for one in session.get_inputs()]

    def run(inputs: tuple[Tensor, ...]) -> np.ndarray:
        given = {name: one.numpy() for name, one in zip(names, inputs, strict=True) if name in wanted}
        try:
            return session.run([SCORES], given)[0]
        except (Fail, InvalidArgument, RuntimeException) as error:  # which are no RuntimeError
            raise RuntimeError(str(error)) from error

    return run


def _check(recommender: Recommender, run: Callable[[tuple[Tensor, ...]], np.ndarray], fields: list[str]) -> None:
    """Compares with the model itself, on other numbers of histories, events and candidates than the graph was made with.

    Raises:
        NotImplementedError: a score differs, or there is none.
    """
    window = recommender.config["MAX_ITEM_LIST_LENGTH"]
    for lengths, n_candidates in (((2,), 1), ((1, 2, min(7, window), window), 9), ((min(4, window),) * 2, 30)):
        example = _example(recommender, lengths, n_candidates)
        expected = scores(recommender.model, example.batch, example.candidates).numpy()
        inputs = list(example.inputs(fields))
        longest = max(lengths)  # padding beyond the longest history may be there or not
        inputs = [one[:, :longest] if one.dim() == 2 and n < len(fields) else one for n, one in enumerate(inputs)]
        try:
            found = run(tuple(inputs))
        except RuntimeError as error:
            raise NotImplementedError(
                "its graph works for as many histories and events as it was made of, no others"
            ) from error
        if not np.allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE):
            far = float(np.abs(found - expected).max())
            raise NotImplementedError(f"its scores come out {far:.2g} apart from the model's own")


def _example(recommender: Recommender, lengths: tuple[int, ...], n_candidates: int) -> _Example:
    """Histories of these lengths, of a few sessions each, and candidates; the same each time."""
    rng = np.random.default_rng(len(lengths) + n_candidates)
    tokens = recommender.catalogue.tokens[recommender.names()[ITEM]]
    gap = int(recommender.config["session_threshold"])
    rows: list[tuple[Any, ...]] = []
    users = _users(recommender, len(lengths))
    lengths = lengths[: len(users)]  # a model that knows users alone may know fewer
    for user, length in zip(users, lengths, strict=True):
        steps = rng.choice([1, 60, gap + 1], size=length)
        items = tokens[rng.integers(1, len(tokens), length)]
        sessions = (steps > gap).cumsum()
        rows += zip([user] * length, items, 10**6 + steps.cumsum(), sessions, strict=True)
    session = recommender.config["SESSION_ID_FIELD"]  # read where the run's log has its own
    frame = pd.DataFrame(rows, columns=[USER, ITEM, TIME, session])
    (batch,) = (batch for _, batch in recommender.windows(frame, now=float(frame[TIME].max() + 5)))
    return _Example(batch, torch.from_numpy(rng.integers(1, len(tokens), (len(lengths), n_candidates))))


def _users(recommender: Recommender, n: int) -> list[str]:
    """Names of users; of a model that knows users alone, of such as it was trained on."""
    if recommender.catalogue.pairs is None:
        return [str(user) for user in range(n)]
    ids = np.unique(recommender.catalogue.pairs[0])[:n]
    return recommender.catalogue.tokens[recommender.names()[USER]][ids].tolist()


def _widest(recommender: Recommender) -> Interaction:
    """One history that fills the window, each event a session of its own, of an item of the last category there is."""
    window, gap = recommender.config["MAX_ITEM_LIST_LENGTH"], int(recommender.config["session_threshold"]) + 1
    category = recommender.catalogue.item_category
    item = len(recommender.catalogue.popularity) - 1 if category is None else int(category.argmax())
    token = recommender.catalogue.tokens[recommender.names()[ITEM]][item]
    place, field = np.arange(window), recommender.config["SESSION_ID_FIELD"]
    (user,) = _users(recommender, 1)
    frame = pd.DataFrame({USER: user, ITEM: token, TIME: 10**6 + gap * place, field: place})
    (batch,) = (batch for _, batch in recommender.windows(frame))
    session = field + recommender.config["LIST_SUFFIX"]
    if session in batch.interaction:  # whatever the run takes for a session
        batch.interaction[session] = torch.arange(1, window + 1).unsqueeze(0)
    return batch


def _description(path: Path) -> Path:
    """The JSON file beside an exported model.

    Raises:
        ConfigError: there is one that is not of an export, such as a run's own.
    """
    beside = path.with_suffix(".json")
    if beside.is_file() and not read_json(beside).keys() >= {"inputs", "output", "window", "items"}:
        raise ConfigError(f"out: found {path}, whose description would overwrite {beside}; give another name.")
    return beside


def _describe(recommender: Recommender, fields: list[str], path: Path) -> None:
    """What a program needs that calls the graph."""
    names, tokens = recommender.names(), recommender.catalogue.tokens
    about = {
        "model": recommender.config.model,
        "inputs": [*fields, CANDIDATES],
        "output": SCORES,
        "window": recommender.config["MAX_ITEM_LIST_LENGTH"],
        "session_threshold": threshold_in_force(recommender.config, recommender.catalogue.own_sessions),
        "items": tokens[names[ITEM]][1:].tolist(),  # of ids 1, 2, ...
    }
    if names[USER] in fields:
        about["users"] = tokens[names[USER]][1:].tolist()
    write_text(_description(path), json.dumps(about, ensure_ascii=False) + "\n")


def _write_embeddings(recommender: Recommender, path: Path) -> None:
    """A line per item: its id in the log, and its vector."""
    model = recommender.model
    items = torch.arange(1, len(recommender.catalogue.popularity))
    with torch.no_grad():
        if isinstance(model, LongShortRecommender):
            vectors: Any = model.embedding(items)
        elif isinstance(getattr(model, "item_embedding", None), torch.nn.Embedding):
            vectors = model.item_embedding.weight[items]
        else:
            raise ConfigError(f"export: {recommender.config.model} has no table of item embeddings.")
    tokens = recommender.catalogue.tokens[recommender.names()[ITEM]][1:]
    pd.DataFrame({"item": tokens, "embedding": list(vectors.numpy())}).to_parquet(path, index=False)
