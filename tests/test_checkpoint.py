"""Checkpoint files: what goes in comes out, and whatever is not ours is refused unread."""

import json
import random
import zipfile
from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from recbole.model.abstract_recommender import AbstractRecommender
from recbole.utils import InputType, ModelType

from recbole_lsrec import checkpoint
from recbole_lsrec.checkpoint import Checkpoint, check, load, save
from recbole_lsrec.errors import CheckpointError, MachineError
from recbole_lsrec.training import generators

CPU = torch.device("cpu")


@pytest.fixture
def stored() -> Checkpoint:
    metadata = {
        "model": "SLSRec",
        "dataset": "cosmetics",
        "config": {"learning_rate": 0.001, "epochs": 10, "topk": [5, 10]},
        "fingerprints": {"data": "aaa", "split": "bbb"},
        "versions": checkpoint.versions(),
        "epoch": 3,
        "best_valid_score": float("-inf"),
    }
    tensors = {
        "current": {"weight": torch.arange(12.0).view(3, 4), "steps": torch.tensor(7)},
        "optimizer": {
            "state": {0: {"step": torch.tensor(2.0)}},
            "param_groups": [{"betas": (0.9, 0.999), "fused": None}],
        },
        "best": None,
    }
    return Checkpoint(metadata, tensors)


@pytest.fixture
def path(tmp_path: Path, stored: Checkpoint) -> Path:
    file = tmp_path / "checkpoint.pt"
    save(file, stored)
    return file


def test_round_trip(path: Path, stored: Checkpoint) -> None:
    found = load(path)
    assert found.metadata == stored.metadata
    assert (found.model, found.dataset, found.config["topk"]) == ("SLSRec", "cosmetics", [5, 10])
    assert str(found) == f"checkpoint {path}"
    assert torch.equal(found.tensors["current"]["weight"], stored.tensors["current"]["weight"])
    assert found.tensors["current"]["steps"].dtype == torch.int64
    assert found.tensors["optimizer"]["param_groups"] == [{"betas": (0.9, 0.999), "fused": None}]
    assert found.tensors["best"] is None


def test_file_is_plain_tensors_and_json(path: Path) -> None:
    content = torch.load(path, weights_only=True)
    assert set(content) == {"recbole_lsrec_checkpoint", "metadata", "tensors"}
    assert json.loads(content["metadata"])["versions"]["torch"] == torch.__version__


def test_save_replaces(path: Path, stored: Checkpoint) -> None:
    save(path, Checkpoint({**stored.metadata, "epoch": 4}, stored.tensors))
    assert load(path).metadata["epoch"] == 4
    assert [file.name for file in path.parent.iterdir()] == ["checkpoint.pt"]


@pytest.mark.parametrize(("interruption", "told"), [(KeyboardInterrupt, KeyboardInterrupt), (OSError, MachineError)])
def test_interrupted_save_leaves_the_old_file(
    path: Path,
    stored: Checkpoint,
    monkeypatch: pytest.MonkeyPatch,
    interruption: type[BaseException],
    told: type[BaseException],
) -> None:
    def stop(_: int) -> None:
        raise interruption

    monkeypatch.setattr("os.fsync", stop)
    with pytest.raises(told):
        save(path, Checkpoint({**stored.metadata, "epoch": 4}, stored.tensors))
    assert load(path).metadata["epoch"] == 3
    assert [file.name for file in path.parent.iterdir()] == ["checkpoint.pt"]


def test_truncated_anywhere_is_refused(path: Path) -> None:
    whole = path.read_bytes()
    cuts = {*range(64), *range(64, len(whole), 61), *range(len(whole) - 64, len(whole))}
    for cut in sorted(cuts):
        path.write_bytes(whole[:cut])
        with pytest.raises(CheckpointError, match=r"truncated or damaged \([\d,]+ bytes"):
            load(path)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_changed_byte_is_refused_or_harmless(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    file = tmp_path_factory.mktemp("flip") / "checkpoint.pt"
    weight = torch.arange(8.0)
    save(file, Checkpoint({"epoch": 1}, {"weight": weight}))
    content = bytearray(file.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    file.write_bytes(content)
    try:
        found = load(file)
    except CheckpointError:
        return
    assert found.metadata == {"epoch": 1}
    assert torch.equal(found.tensors["weight"], weight)


def test_tensors_marked_as_a_folder_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.pt"
    save(file, Checkpoint({"epoch": 1}, {"weight": torch.arange(8.0)}))
    content = bytearray(file.read_bytes())
    directory = content.index(b"PK\x01\x02", content.rindex(b"archive/data/0") - 46)  # an entry's name follows 46 bytes
    content[directory + 38] |= 0x10  # external attributes
    file.write_bytes(content)
    with pytest.raises(CheckpointError, match="attributes of archive/data/0"):
        load(file)


class Unwelcome:
    """Stands for RecBole's Config in a pickle; opening it would show."""

    opened = False

    def __setstate__(self, state: dict) -> None:
        Unwelcome.opened = True

    def __getstate__(self) -> dict:
        return {"model": "SLSRec"}


@pytest.mark.parametrize("protocol", [2, 4])
def test_recbole_checkpoint_is_refused_unread(tmp_path: Path, protocol: int) -> None:
    file = tmp_path / "SASRec-Jan-01-2026.pth"
    state = {"config": Unwelcome(), "epoch": 1, "state_dict": {}, "other_parameter": {}, "optimizer": {}}
    torch.save(state, file, pickle_protocol=protocol)
    with pytest.raises(CheckpointError, match="written by RecBole's own trainer, as pickled Python objects"):
        load(file)
    assert not Unwelcome.opened


def test_marked_file_with_an_object_inside_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.pt"
    torch.save({checkpoint.MAGIC: checkpoint.FORMAT, "metadata": "{}", "tensors": Unwelcome()}, file)
    with pytest.raises(CheckpointError, match="something else than plain tensors and JSON"):
        load(file)
    assert not Unwelcome.opened


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    torch.save({"weight": torch.ones(2)}, tmp_path / "weights.pt")
    torch.save({"weight": torch.ones(2)}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    (tmp_path / "text.pt").write_text("epoch 3\n")
    with zipfile.ZipFile(tmp_path / "other.pt", "w") as archive:
        archive.writestr("a.txt", "hello")
    for name in ["weights.pt", "old.pt", "text.pt", "other.pt"]:
        with pytest.raises(CheckpointError, match=rf"{name}: not a checkpoint of recbole_lsrec"):
            load(tmp_path / name)
    with pytest.raises(CheckpointError, match=r"none\.pt: cannot be read \(No such file"):
        load(tmp_path / "none.pt")
    with pytest.raises(CheckpointError, match="is no file"):
        load(tmp_path)


def test_other_format_version_is_refused(path: Path, stored: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "FORMAT", 2)
    with pytest.raises(CheckpointError, match=r"format version 1, .* reads version 2"):
        load(path)


class TestCheck:
    def accept(self, stored: Checkpoint, **changes) -> None:
        given = {name: stored.metadata[name] for name in ["model", "dataset", "fingerprints", "config"]}
        check(stored, **{**given, **changes})

    def test_same_run(self, stored: Checkpoint) -> None:
        self.accept(stored)

    def test_length_and_place_of_the_run_may_differ(self, stored: Checkpoint) -> None:
        self.accept(stored, config={**stored.metadata["config"], "epochs": 99, "gpu_id": "1", "resume": "c.pt"})

    def test_other_model(self, stored: Checkpoint) -> None:
        with pytest.raises(CheckpointError, match=r"holds model 'SLSRec', this run has --model=DIN"):
            self.accept(stored, model="DIN")

    def test_other_data_set(self, stored: Checkpoint) -> None:
        with pytest.raises(CheckpointError, match=r"holds dataset 'cosmetics', .* use --dataset=cosmetics"):
            self.accept(stored, dataset="ml-100k")

    def test_other_settings_are_all_named(self, stored: Checkpoint) -> None:
        config = {"learning_rate": 0.01, "epochs": 10, "topk": [5, 10], "dropout": 0.1}
        message = (
            r"dropout \(checkpoint: not known, now: 0\.1\); learning_rate \(checkpoint: 0\.001, now: 0\.01\)\. Resume with "
            r"the checkpoint's values, with the version of recbole_lsrec that wrote it, or start"
        )
        with pytest.raises(CheckpointError, match=message):
            self.accept(stored, config=config)

    def test_without_settings_none_are_compared(self, stored: Checkpoint) -> None:
        self.accept(stored, config=None)

    @pytest.mark.parametrize("fingerprints", [{"data": "aaa", "split": "ccc"}, {"data": "aaa"}])
    def test_other_split(self, stored: Checkpoint, fingerprints: dict[str, str]) -> None:
        with pytest.raises(
            CheckpointError, match=r"the split fingerprint differs \(checkpoint: bbb, now: (ccc|None)\)"
        ):
            self.accept(stored, fingerprints=fingerprints)


def test_generators_go_on_where_they_were(tmp_path: Path) -> None:
    def draw() -> tuple:
        legacy = np.random.standard_normal()  # noqa: NPY002
        return torch.rand(3).tolist(), legacy, random.gauss(0, 1), random.random()

    draw()  # an odd number of normal draws leaves one in store, which must survive too
    save(tmp_path / "c.pt", Checkpoint({}, {"rng": generators.state(CPU)}))
    expected = [draw(), draw()]
    generators.put_back(load(tmp_path / "c.pt").tensors["rng"], CPU)
    assert [draw(), draw()] == expected


class Model(AbstractRecommender):
    """The smallest recommender: other parameters are set by the test."""

    input_type = InputType.POINTWISE
    type = ModelType.SEQUENTIAL

    def __init__(self, **others: object) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)
        self.other_parameter_name = ["layer", *others]
        for name, value in others.items():
            setattr(self, name, value)


def test_modules_among_the_other_parameters_are_left_out() -> None:
    counts = torch.tensor([3, 4])
    kept = checkpoint.weights(Model(counts=counts, largest=None, pair=(1, [2.5])))
    assert set(kept["state_dict"]) == {"layer.weight", "layer.bias"}
    assert list(kept["other_parameter"]) == ["counts", "largest", "pair"]
    fresh = Model(counts=None, largest=5, pair=())
    checkpoint.set_weights(fresh, kept, "c.pt")
    assert torch.equal(fresh.counts, counts)
    assert (fresh.largest, fresh.pair) == (None, (1, [2.5]))
    assert isinstance(fresh.layer, torch.nn.Linear)


def test_copied_weights_do_not_follow_the_model() -> None:
    model = Model(counts=torch.zeros(1))
    copied, shared = checkpoint.weights(model, copy=True), checkpoint.weights(model)
    with torch.no_grad():
        model.layer.bias += 1
    model.counts += 1
    assert torch.equal(shared["state_dict"]["layer.bias"], copied["state_dict"]["layer.bias"] + 1)
    assert (shared["other_parameter"]["counts"], copied["other_parameter"]["counts"]) == (1, 0)


def test_what_cannot_be_stored_is_named(tmp_path: Path) -> None:
    message = r"other_parameter\['graph'\]: a numpy\.ndarray cannot be kept in a checkpoint"
    with pytest.raises(CheckpointError, match=message):
        checkpoint.weights(Model(graph=np.eye(2)))
    with pytest.raises(CheckpointError, match=r"tensors\['a'\]\[1\]: a builtins\.object"):
        save(tmp_path / "c.pt", Checkpoint({}, {"tensors": {"a": [1, object()]}}))
    assert list(tmp_path.iterdir()) == []


def test_tensors_of_another_shape_are_refused() -> None:
    kept = checkpoint.weights(Model())
    kept["state_dict"]["layer.weight"] = torch.ones(1, 3)
    with pytest.raises(CheckpointError, match=r"(?s)c\.pt: its tensors do not fit this model.*layer\.weight"):
        checkpoint.set_weights(Model(), kept, "c.pt")


def test_numpy_numbers_and_ordered_dicts_become_plain(tmp_path: Path) -> None:
    values = {"lr": np.float64(0.5), "n": np.int64(3), "d": OrderedDict(a=1)}
    save(tmp_path / "c.pt", Checkpoint({"score": np.float32(0.5)}, values))
    found = load(tmp_path / "c.pt")
    assert found.tensors == {"lr": 0.5, "n": 3, "d": {"a": 1}}
    assert found.metadata == {"score": 0.5}


def test_settings_come_back_as_they_were_stored() -> None:
    config = SimpleNamespace(plain=lambda: {"topk": (5, 10), "alpha": np.float64(0.5), "by_hour": {9: "a"}})
    assert checkpoint.config_values(config) == {"topk": [5, 10], "alpha": 0.5, "by_hour": {"9": "a"}}


def test_a_setting_that_cannot_be_stored_is_named() -> None:
    with pytest.raises(CheckpointError, match="config key 'hook': a checkpoint cannot store"):
        checkpoint.config_values(SimpleNamespace(plain=lambda: {"seed": 1, "hook": print}))


@pytest.mark.parametrize("last", range(1, 12))
def test_a_signal_while_a_checkpoint_is_written_is_no_full_disk(tmp_path, monkeypatch, last):
    writes = iter(range(1, last))

    class Interrupted:
        def __init__(self, file):
            self.file = file

        def write(self, data):
            if next(writes, None) is None:
                raise KeyboardInterrupt
            return self.file.write(data)

        def __getattr__(self, name):
            return getattr(self.file, name)

    save(tmp_path / "c.pt", Checkpoint({"n": 1}, {"weight": torch.ones(3)}))
    written = torch.save
    monkeypatch.setattr(torch, "save", lambda content, file: written(content, Interrupted(file)))
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "c.pt", Checkpoint({"n": 2}, {"weight": torch.zeros(3)}))
    assert load(tmp_path / "c.pt").metadata == {"n": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["c.pt"]
