"""Models in other formats; each file is checked against torch as it is written, and once more here."""

import json
import os
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch

from recbole_lsrec.errors import ConfigError
from recbole_lsrec.export import export
from recbole_lsrec.export.command import _silent, _write_score
from recbole_lsrec.recommend import Recommender
from tests.command_line import exit_code
from tests.recommend.test_recommender import _shop_run

SYSTEMS = {
    "SLSRec literal": {"preset": "literal"},
    "SLSRec lineage": {"preset": "lineage"},
    "CLSR": {},
    "DiffLSRec": {"diffusion_steps": 3},
    "SASRec": {},
    "GRU4Rec": {},
}


SLOW = ("SLSRec literal", "CLSR", "DiffLSRec", "SASRec")  # the same on other layers


@pytest.mark.parametrize("system", [pytest.param(s, marks=[pytest.mark.slow] if s in SLOW else []) for s in SYSTEMS])
def test_onnx_scores_histories_and_candidates_of_any_number(system, tmp_path):
    folder, events = _shop_run(tmp_path, system.split()[0], SYSTEMS[system])
    path = export(folder, "onnx")
    session = onnxruntime.InferenceSession(path)
    about = json.loads(path.with_suffix(".json").read_text())
    recommender = Recommender.load(folder)
    frame = events.iloc[:300, :3].set_axis(["user", "item", "timestamp"], axis=1)
    lists = recommender.recommend(frame, k=6)
    (users, batch), *_ = recommender.windows(frame)
    items = lists.groupby("user", sort=False)["item"].agg(list)[users]
    number = {item: place for place, item in enumerate(about["items"], 1)}
    candidates = np.array([[number[item] for item in row] for row in items])
    given = {name: batch[name].numpy() for name in about["inputs"][:-1]} | {"candidates": candidates}
    names = {one.name for one in session.get_inputs()}
    (scores,) = session.run(["scores"], {name: value for name, value in given.items() if name in names})
    expected = np.stack(lists.groupby("user", sort=False)["score"].agg(list)[users])
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-5)


def test_torchscript_embeddings_and_what_cannot_be_exported(tmp_path, monkeypatch, capsys):
    folder, _ = _shop_run(tmp_path, "GRU4Rec", {})
    for kind, file in (("torchscript", "score.pt"), ("embeddings", "vectors.parquet")):
        out = ["--out", str(tmp_path / file)] if kind == "embeddings" else []
        assert exit_code(["export", str(folder / "checkpoint.pt"), "--format", kind, *out]) == 0
    recommender = Recommender.load(folder)
    vectors = pd.read_parquet(tmp_path / "vectors.parquet")
    assert vectors["item"].tolist() == recommender.catalogue.tokens["item_id"][1:].tolist()
    assert np.array_equal(np.stack(vectors["embedding"]), recommender.model.item_embedding.weight[1:].detach())
    about = json.loads((folder / "score.json").read_text())
    assert about["inputs"] == ["item_id_list", "item_length", "candidates"]
    graph = torch.jit.load(folder / "score.pt")
    items, length = torch.tensor([[5, 6], [7, 0]]), torch.tensor([2, 1])
    shorter = graph(items[1:, :1], length[1:], torch.tensor([[3]]))
    assert torch.allclose(graph(items, length, torch.tensor([[3], [3]]))[1:], shorter, atol=1e-6)

    with pytest.raises(ConfigError, match=r"^out: found vectors\.csv; accepted: a file ending in \.parquet"):
        export(folder, "embeddings", Path("vectors.csv"))
    with pytest.raises(ConfigError, match=r"^out: found vectors\.csv; accepted: a file ending in \.parquet"):
        export(folder, "embeddings", "vectors.csv")  # text, as `folder` may be
    with pytest.raises(ConfigError, match=r"^kind: found 'ONNX'; accepted: one of onnx, torchscript, embeddings\.$"):
        export(folder, "ONNX")

    monkeypatch.setattr("recbole_lsrec.export.command.TOLERANCE", -1.0)
    with pytest.raises(ConfigError, match=r"^export: GRU4Rec cannot be written as onnx: its scores come out .* apart"):
        export(folder, "onnx")
    assert not (folder / "score.onnx").exists()
    (folder / "score.onnx").write_text("older")
    with pytest.raises(ConfigError, match="cannot be written as onnx"):
        export(folder, "onnx")
    assert (folder / "score.onnx").read_text() == "older"
    assert not list(folder.glob(".*.part"))
    with pytest.raises(ConfigError, match=r"^out: found .*x\.json; a file of this ending describes the exported one"):
        export(folder, "onnx", tmp_path / "x.json")
    before = (folder / "result.json").read_bytes()
    with pytest.raises(
        ConfigError, match=r"result\.onnx, whose description would overwrite .*result\.json; give another name"
    ):
        export(folder, "onnx", folder / "result.onnx")
    assert ((folder / "result.json").read_bytes(), (folder / "result.onnx").exists()) == (before, False)


def test_a_model_that_reads_the_candidate_with_each_event_says_so(tmp_path):
    folder, _ = _shop_run(tmp_path, "DIN", {})
    with pytest.raises(
        ConfigError,
        match=r"^export: DIN cannot be written as onnx: it scores histories with the candidate in them",
    ):
        export(folder, "onnx")


def test_a_run_with_its_own_sessions(tmp_path):
    columns = {"session_id:token": lambda events: events["timestamp:float"] // 86_400}
    folder, events = _shop_run(tmp_path, "SLSRec", {"preset": "lineage"}, **columns)
    path = export(folder, "torchscript")
    about = json.loads(path.with_suffix(".json").read_text())
    inputs = about["inputs"]
    assert "session_id_list" in inputs
    assert about["session_threshold"] is None
    recommender = Recommender.load(folder)
    frame = events.iloc[:300].set_axis(["user", "item", "timestamp", "category_id", "session_id"], axis=1)
    lists = recommender.recommend(frame, k=6)
    (users, batch), *_ = recommender.windows(frame)
    number = {item: place for place, item in enumerate(recommender.catalogue.tokens["item_id"])}
    items = lists["item"].map(number).groupby(lists["user"], sort=False).agg(list)[users]
    found = torch.jit.load(path)(*(batch[name] for name in inputs[:-1]), torch.tensor(items.tolist()))
    expected = np.stack(lists.groupby("user", sort=False)["score"].agg(list)[users])
    np.testing.assert_allclose(found.detach(), expected, rtol=1e-5, atol=1e-5)


def test_a_graph_for_one_number_of_histories_is_refused(tmp_path):
    folder, _ = _shop_run(tmp_path, "BERT4Rec", {})
    reason = "its graph works for as many histories and events as it was made of, no others"
    with pytest.raises(ConfigError, match=rf"^export: BERT4Rec cannot be written as onnx: {reason}\.$"):
        export(folder, "onnx")


@pytest.mark.parametrize("out", [3, b"x", "", ".", Path()])
def test_an_out_that_is_no_file_is_refused(out, tmp_path):
    with pytest.raises(
        ConfigError, match=r"^out: found .*; accepted: the path of a file, or None for one in the run folder"
    ):
        export(tmp_path, "torchscript", out)
    with pytest.raises(ConfigError, match=r"^kind: found \['onnx'\]; accepted: one of onnx"):
        export(tmp_path, ["onnx"])


def test_what_torch_prints_past_python_is_not_shown(capfd):
    with _silent():
        os.write(1, b"a graph of thousands of lines")
    os.write(1, b"shown")
    assert capfd.readouterr().out == "shown"


def test_a_run_that_reads_each_item_once_is_exported(tmp_path):
    folder, _ = _shop_run(tmp_path, "SLSRec", {"rm_dup_inter": "first", "MAX_ITEM_LIST_LENGTH": 12})
    assert export(folder, "torchscript") == folder / "score.pt"


@pytest.mark.parametrize("n_users", [1, 2])
def test_a_model_that_knows_fewer_users_than_its_example_asks_for_is_exported(n_users, tmp_path):
    recommender = Recommender.load(_shop_run(tmp_path, "BPR", {})[0])
    recommender.catalogue.pairs[0][:] = recommender.catalogue.pairs[0] % n_users + 1
    path = tmp_path / "score.pt"
    with torch.no_grad():
        assert _write_score(recommender, "torchscript", path) == ["user_id"]
    assert path.is_file()


def test_a_model_without_sequences_is_exported_with_its_users(tmp_path):
    folder, _ = _shop_run(tmp_path, "BPR", {})
    about = json.loads(export(folder, "torchscript").with_suffix(".json").read_text())
    assert about["inputs"] == ["user_id", "candidates"]
    recommender = Recommender.load(folder)
    frame = pd.DataFrame({"user": ["nobody", "5"], "item": about["items"][:2], "timestamp": [1, 2]})
    ((users, batch),) = recommender.windows(frame)
    assert users.tolist() == ["5"]
    assert batch["user_id"].tolist() == [about["users"].index("5") + 1]
    (best,) = recommender.recommend(frame.iloc[1:], k=1).to_dict("records")
    candidate = torch.tensor([[about["items"].index(best["item"]) + 1]])
    assert torch.jit.load(folder / "score.pt")(batch["user_id"], candidate).item() == pytest.approx(best["score"])
