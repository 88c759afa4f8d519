"""The contract for every variant of DiffLSRec."""

from typing import Any, ClassVar

from recbole_lsrec.model.sequential_recommender.difflsrec import DiffLSRec
from recbole_lsrec.testing import ModelContract
from tests.model.difflsrec_stub import StubLog


class TestChain(ModelContract):
    model_class = DiffLSRec
    options: ClassVar[dict[str, Any]] = {"diffusion_steps": 3}
    overfit_steps = 70

    def dataset(self) -> StubLog:
        """With a log, which the contract's own has not."""
        return StubLog()


class TestOneStep(TestChain):
    options: ClassVar[dict[str, Any]] = {"training": "one_step", "diffusion_steps": 3}


class TestTruncated(TestChain):
    options: ClassVar[dict[str, Any]] = {"training": "truncated", "truncated_steps": 2, "diffusion_steps": 3}


class TestSampledLoss(TestChain):
    options: ClassVar[dict[str, Any]] = {"loss": "sampled", "loss_samples": 40, "diffusion_steps": 3}


class TestWithoutTokens(TestChain):
    options: ClassVar[dict[str, Any]] = {"without": ["token"], "diffusion_steps": 3}


class TestWithoutSnr(TestChain):
    options: ClassVar[dict[str, Any]] = {"without": "snr", "diffusion_steps": 3}


class TestWithoutBoth(TestChain):
    options: ClassVar[dict[str, Any]] = {"without": ["token", "snr"], "diffusion_steps": 3}


class TestGate(TestChain):
    options: ClassVar[dict[str, Any]] = {"fusion": "gate"}


class TestMean(TestChain):
    options: ClassVar[dict[str, Any]] = {"fusion": "mean"}


class TestLong(TestChain):
    options: ClassVar[dict[str, Any]] = {"fusion": "long"}


class TestShort(TestChain):
    options: ClassVar[dict[str, Any]] = {"fusion": "short"}


class TestOtherForms(TestChain):
    options: ClassVar[dict[str, Any]] = {
        "diffusion_steps": 3,
        "recent_items": 3,
    }
