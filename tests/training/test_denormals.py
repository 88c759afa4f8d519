import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from recbole_lsrec.training.denormals import flushed_denormals
from tests.tiny_run import Loader, make

pytestmark = pytest.mark.skipif(
    not torch.set_flush_denormal(False), reason="this processor has no mode that takes such numbers for zero"
)

# Whether half of 1.5e-38, which is no normal float32, is zero; in a row shared by two threads, for which share.
THREADS = """
import torch
from recbole_lsrec.training.denormals import flushed_denormals, make_flushing_threads

if {first}:
    make_flushing_threads()
many = torch.full((1 << 20,), 1.5e-38)
assert (many * 0.5)[0] != 0
with flushed_denormals():
    print((many * 0.5 == 0).float().mean().item())
"""
RUN = """
import sys
from pathlib import Path

import torch
from recbole_lsrec.quick_start import run_recbole_lsrec
from recbole.model.sequential_recommender import GRU4Rec
from tests.shop_log import shop_settings


class Watching(GRU4Rec):
    def calculate_loss(self, batch):
        shares.add((torch.full((1 << 20,), 1.5e-38) * 0.5 == 0).float().mean().item())
        return super().calculate_loss(batch)

shares = set()
own = {"train_steps": 2, "eval_args": {"mode": "full"}, "state": "ERROR"}
run_recbole_lsrec(Watching, "shop", config_dict={**shop_settings(Path("log")), **own})
print(shares)
"""


def flushed() -> bool:
    return bool(torch.tensor(1.5e-38) * 0.5 == 0)


def told_by_two_threads(program: str, folder: Path) -> str:
    (folder / "program.py").write_text(program)
    env = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.run(
        [sys.executable, "program.py"], cwd=folder, env=env, capture_output=True, text=True, check=True
    )
    return told.stdout.splitlines()[-1]


def test_they_are_zero_inside_and_the_mode_before_is_that_behind() -> None:
    assert not flushed()
    with flushed_denormals():
        assert flushed()
        with flushed_denormals():
            assert flushed()
        assert flushed()
    assert not flushed()


def test_a_mode_that_was_on_stays_whatever_the_usual_type() -> None:
    torch.set_flush_denormal(True)
    torch.set_default_dtype(torch.float64)
    try:
        with flushed_denormals():
            pass
        torch.set_default_dtype(torch.float32)
        assert flushed()
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_flush_denormal(False)


def test_training_is_in_that_mode_and_what_follows_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    trainer, seen = make(epochs=1), set()
    own: Callable[..., torch.Tensor] = trainer.model.calculate_loss

    def watched(batch):
        seen.add(flushed())
        return own(batch)

    trainer.model.calculate_loss = watched
    trainer.fit(Loader())
    assert seen == {True}
    assert not flushed()


@pytest.mark.parametrize(("first", "share"), [(True, "1.0"), (False, "0.5")])
def test_threads_keep_the_mode_they_are_made_in(tmp_path: Path, first, share) -> None:
    assert told_by_two_threads(THREADS.format(first=first), tmp_path) == share


def test_all_threads_of_a_run_are_made_in_that_mode(tmp_path: Path) -> None:
    assert told_by_two_threads(RUN, tmp_path) == "{1.0}"
