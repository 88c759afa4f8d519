"""What only a GPU can show: its numbers are a CPU's, mixed precision trains, a run on it can be resumed and used elsewhere."""

import json
import subprocess
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

import recbole_lsrec
from recbole_lsrec.data import batch as batch_module
from recbole_lsrec.data.batch import Batch
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.evaluation.two_stage import TwoStage
from recbole_lsrec.quick_start import load_run, run_recbole_lsrec
from recbole_lsrec.recommend import Recommender
from recbole_lsrec.testing.stub import randomise
from tests.model.steps import batch_of, model_of
from tests.model.test_mixed_precision import MODELS
from tests.model.test_operators import STEPS

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA GPU: run pytest tests/test_gpu.py on a machine with one"
)


# Each device has its own generator.
NO_DROPOUT = {
    **dict.fromkeys(("hidden_dropout_prob", "attn_dropout_prob", "dropout_prob"), 0.0),
    "dropout_probs": [0.0, 0.0],
}


def gradients(name: str, options: dict[str, Any], device: str) -> dict[str, torch.Tensor]:
    """Of a step from weights with no term near zero."""
    model = model_of(name, {**options, **NO_DROPOUT}, "cpu")
    randomise(model)
    torch.manual_seed(0)  # shared negatives
    model.to(device).calculate_loss(batch_of(name).to(device)).backward()
    found = {key: parameter.grad for key, parameter in model.named_parameters() if parameter.grad is not None}
    return {key: gradient.to_dense().cpu() for key, gradient in found.items()}


EXACT = [case for case in MODELS if case[0] != "DiffLSRec"]  # its noise comes from the device's own generator


@pytest.mark.parametrize(("name", "options"), EXACT)
def test_gradients_are_those_of_a_cpu(monkeypatch: pytest.MonkeyPatch, name: str, options: dict[str, Any]) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)  # cuDNN's GRU has 10 bits otherwise
    there, here = gradients(name, options, "cuda"), gradients(name, options, "cpu")
    assert there.keys() == here.keys()
    largest = max(float(gradient.abs().max()) for gradient in here.values())
    assert largest > 1e-3
    for key, gradient in here.items():
        torch.testing.assert_close(
            there[key], gradient, rtol=1e-3, atol=1e-4 * largest, msg=lambda m, key=key: f"{key}: {m}"
        )


def losses(name: str, options: dict[str, Any], device: str, dtype: torch.dtype = torch.float32) -> list[float]:
    """The losses of 20 training steps, in mixed precision if ``dtype`` is not float32."""
    torch.manual_seed(0)
    model = model_of(name, {**options, **NO_DROPOUT}, device)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    scaler = torch.amp.GradScaler(enabled=dtype == torch.float16)
    found = []
    for step in range(20):
        batch = batch_of(name, seed=step % 10).to(device)
        optimiser.zero_grad()
        with torch.autocast(device, dtype=dtype, enabled=dtype != torch.float32):
            loss = model.calculate_loss(batch)
        scaler.scale(loss).backward()
        scaler.step(optimiser)
        scaler.update()
        found.append(loss.item())
    return found


@pytest.mark.parametrize(("name", "options"), MODELS)
def test_losses_are_those_of_a_cpu_in_each_precision(name: str, options: dict[str, Any]) -> None:
    noisy = name == "DiffLSRec"  # its noise comes from the device's own generator
    exact = losses(name, options, "cuda")
    # Adam's first steps make much of a rounding: from LSIDN's losses, which hardly move, up to 1.2e-3.
    assert exact == pytest.approx(losses(name, options, "cpu"), rel=0.3 if noisy else 2e-3)
    for dtype in (torch.bfloat16, torch.float16):
        mixed = losses(name, options, "cuda", dtype)
        assert mixed != exact
        assert mixed == pytest.approx(exact, rel=0.05)  # Adam's first steps make much of a rounding


# In the order of STEPS: what waits for a size or a number that the card makes.
WAITS = [6, 6, 5, 3, 9, 6, 6, 0, 1, 1, 1, 1, 1, 1, 1]


@pytest.mark.parametrize(("name", "options", "waits"), [(*step[:2], n) for step, n in zip(STEPS, WAITS, strict=True)])
def test_a_step_waits_for_the_card_no_more_than(name: str, options: dict[str, Any], waits: int) -> None:
    model, batch = model_of(name, options, "cuda"), batch_of(name).to("cuda")
    model.calculate_loss(batch).backward()  # what is made once
    torch.cuda.set_sync_debug_mode("warn")  # warns of itself too, once in a process
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        model.calculate_loss(batch).backward()
    torch.cuda.set_sync_debug_mode("default")
    places = Counter(f"{Path(one.filename).name}:{one.lineno}" for one in found)
    assert places.total() <= waits, places


def result(run: dict[str, Any]) -> dict[str, Any]:
    return json.loads((Path(run["run_folder"]) / "result.json").read_text())


@pytest.mark.parametrize("model", ["SLSRec", "CLSR", "SLiRec", "LSIDN", "SURGE", "MARank", "NARM", "eSASRec"])
def test_a_run_finds_what_it_finds_on_a_cpu(shop: dict[str, Any], model: str) -> None:
    settings = {**shop, "train_steps": 1, "learning_rate": 1e-6}  # dropout draws other masks on each
    gpu = run_recbole_lsrec(model, "shop", config_dict=settings)
    cpu = run_recbole_lsrec(model, "shop", config_dict={**settings, "use_gpu": False})
    assert result(gpu)["config"]["use_gpu"]
    assert result(gpu)["peak_memory_mb"]["gpu"] > 0
    ranks = [pd.read_parquet(Path(run["run_folder"]) / "instances.parquet")["rank"] for run in (gpu, cpu)]
    assert ranks[0].corr(ranks[1]) > 0.98  # a model that has hardly learnt has scores close to each other
    assert gpu["test_result"]["ndcg@10"] == pytest.approx(cpu["test_result"]["ndcg@10"], abs=0.01)


@pytest.mark.parametrize("model", ["SLSRec", "DiffLSRec", "SASRec"])
def test_mixed_precision_trains_with_a_scaler(shop: dict[str, Any], model: str) -> None:
    run = run_recbole_lsrec(model, "shop", config_dict={**shop, "enable_amp": True, "enable_scaler": True})
    assert all(0 < epoch["train_loss"] < 1e6 for epoch in result(run)["history"])


@pytest.mark.parametrize("model", ["SLSRec", "GRU4Rec"])
def test_a_run_goes_on_and_its_model_works_on_a_cpu(shop: dict[str, Any], model: str) -> None:
    part = run_recbole_lsrec(model, "shop", config_dict={**shop, "epochs": 1})
    rest = run_recbole_lsrec(command_line=[f"--resume={part['run_folder']}", "--epochs=2"])
    assert [epoch["epoch"] for epoch in result(rest)["history"]] == [0, 1]
    folder = Path(rest["run_folder"])
    _, _, trained = load_run(folder)
    assert next(trained.parameters()).device.type == "cuda"
    histories = pd.DataFrame({"user_id": ["a", "a"], "item_id": ["3", "5"], "timestamp": [1e9, 1e9 + 60]})
    lists = [Recommender.load(folder, device=device).recommend(histories, k=5) for device in ("cuda", "cpu")]
    assert list(lists[0]["item"]) == list(lists[1]["item"])
    assert lists[0]["score"].to_numpy() == pytest.approx(lists[1]["score"].to_numpy(), rel=1e-3, abs=1e-4)


def test_a_process_joins_through_nccl(shop: dict[str, Any]) -> None:
    (Path("shop.yaml")).write_text(json.dumps({**shop, "train_steps": 2}))
    script = Path(recbole_lsrec.__file__).parents[1] / "run_recbole_lsrec.py"
    arguments = [str(script), "--model=GRU4Rec", "--dataset=shop", "--config_files=shop.yaml"]
    subprocess.run(["torchrun", "--standalone", "--nproc_per_node=1", *arguments], check=True)
    assert len(list(Path("runs").glob("GRU4Rec-*/result.json"))) == 1


def test_more_processes_than_gpus_are_refused(shop: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"at most one process for each GPU, or any number with use_gpu=False"):
        run_recbole_lsrec("GRU4Rec", "shop", config_dict={**shop, "nproc": torch.cuda.device_count() + 1})


def test_two_stages_find_what_they_find_on_a_cpu() -> None:
    drawn = torch.Generator().manual_seed(0)
    histories, items = torch.randn(250, 40, generator=drawn), torch.randn(40, 6000, generator=drawn)
    exact = (histories * 0.9 ** torch.arange(40)) @ items + 0.01 * torch.randn(250, 6000, generator=drawn)
    found, rounds = [], []
    for device in ("cpu", "cuda"):
        known = exact[200:].to(device)
        stages = TwoStage(exact[:200].to(device))
        found.append(stages.learn_rounds(known, 10, 0.99))
        rounds.append(stages.rounds)
        assert stages.features.device.type == device
    assert rounds[0] == rounds[1]
    assert found == pytest.approx([1.0, 1.0], abs=0.02)


def test_a_batch_comes_from_pinned_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    pinned = []
    pin = batch_module._pinned
    monkeypatch.setattr(batch_module, "_pinned", lambda column: pinned.append(pin(column)) or pinned[-1])
    columns = {"a": torch.arange(6), "b": lambda: torch.ones(6, 2)}
    there = Batch(columns, 6).to("cuda")
    assert there["b"].device.type == "cuda"
    assert there["a"].cpu().tolist() == [0, 1, 2, 3, 4, 5]
    assert [column.is_pinned() for column in pinned] == [True, True]
    assert there[torch.tensor([5, 0], device="cuda")]["a"].tolist() == [5, 0]
