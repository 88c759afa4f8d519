"""Options of DiffLSRec. "Paper" is Wang and Tran's; what it leaves open is decided as docs/models/difflsrec.md says."""

import math
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from recbole_lsrec.config.data_settings import HistoryLength
from recbole_lsrec.config.run_settings import BatchSize, LearningRate
from recbole_lsrec.config.setting import Effect, setting
from recbole_lsrec.model.options.long_short import LongShortOptions, Parts, Share, Width

Beta = Annotated[float, Field(ge=1e-8, le=0.999)]
LEAST_ALPHA_BAR = 1e-4
"""Dividing by its root (3.7) magnifies rounding a hundredfold."""
_OF_DIFFUSION = [
    "training", "truncated_steps", "diffusion_steps", "beta_first", "beta_last", "eta", "guidance_max",
    "guidance_rate", "guidance_shift", "guidance_constant", "inference_seed", "denoise_weight", "condition_dropout",
]  # fmt: skip


class DiffLSRecOptions(LongShortOptions):
    """See the class :class:`recbole_lsrec.model.sequential_recommender.difflsrec.DiffLSRec`."""

    fusion: Literal["diffusion", "gate", "mean", "long", "short"] = setting(
        "diffusion", "diffusion, or the baselines gate, mean, long, short.", "Paper, figure 3: diffusion and gate."
    )
    without: Parts[Literal["token", "snr"]] = setting(
        [], "Parts of diffusion left out: token, snr, or both.", "Paper, figure 3."
    )
    training: Literal["chain", "one_step", "truncated"] = setting(
        "chain",
        "Cross-entropy through the whole reverse chain, on one_step's estimate, or through the last steps (truncated).",
    )
    truncated_steps: int = setting(5, "Steps with a gradient for training: truncated.", least=1)

    embedding_size: Width = setting(64, "Width d.", "Paper: 8 to 128, small ones best; set 8 for the paper's setting.")
    category_embedding_size: int = setting(
        0, "How many of these dimensions hold the category.", "The paper has no categories.", least=0
    )
    MAX_ITEM_LIST_LENGTH: HistoryLength = setting(50, "Most recent events of a history; the paper does not say.")
    recent_items: int = setting(
        10, "Events of the short-term side and tokens of eq. 3.3; the paper does not say.", least=1
    )

    diffusion_steps: int = setting(20, "T; the paper does not say.", least=1)
    beta_first: Beta = setting(1e-4, "beta_1; between it and beta_last linear.")
    beta_last: Beta = setting(0.05, "beta_T. alpha_bar_T is 0.60 at T = 20 and must not come near 0.")
    eta: Share = setting(0.1, "Noise of the reverse chain in training (DDIM); evaluation has none.")

    guidance_max: float = setting(1.0, "s_max of 3.6; 0 switches guidance off.", least=0)
    guidance_rate: float = setting(5.0, "a of 3.6.", least=0)
    guidance_shift: float = setting(0.5, "b of 3.6.", least=0)
    guidance_constant: float = setting(
        0.5, "Scale for without: [snr]; about the mean of 3.6 over the steps before training.", least=0
    )

    inference_samples: Annotated[int, Field(ge=2)] | None = setting(
        None,
        "Further evaluations with noise, whose spread is reported; at least 2.",
        effect=Effect.EVALUATION,
    )
    inference_seed: int = setting(
        2020,
        "Seed of their draws; separate from seed, so that runs get the same draws.",
        effect=Effect.EVALUATION,
        least=0,
    )

    loss_type: Literal["CE"] = setting("CE", "Cross-entropy over all items: no negatives are sampled by the loader.")
    loss: Literal["full", "sampled"] = setting(
        "full", "Over all items (in chunks), or over sampled ones with logQ correction."
    )
    loss_samples: int = setting(1000, "Items drawn per batch for loss: sampled.", least=1)
    denoise_weight: float = setting(0.1, "Weight of C.5; the paper does not say.", least=0)
    condition_dropout: Share = setting(0.1, "p of C.5, as DreamRec; the paper does not say.")
    reg_weight: float = setting(1e-4, "lambda_reg of C.6.", least=0)

    learning_rate: LearningRate = setting(1e-3, "Adam; the paper does not say.")
    train_batch_size: BatchSize = setting(512, "Targets per batch; the paper does not say.")

    @model_validator(mode="after")
    def _parts_go_together(self) -> Any:
        if self.fusion != "diffusion" and (self.without or self.inference_samples):
            raise ValueError(
                f"fusion: found {self.fusion}, which has neither tokens and guidance to leave out (without: "
                f"{sorted(self.without)}) nor noise to sample (inference_samples: {self.inference_samples or 0}). Set "
                "without to [] and leave inference_samples empty, or set fusion to diffusion."
            )
        return self

    @model_validator(mode="after")
    def _something_is_left_of_the_signal(self) -> Any:
        step = (self.beta_last - self.beta_first) / max(1, self.diffusion_steps - 1)
        alpha_bar = math.prod(1 - (self.beta_first + step * t) for t in range(self.diffusion_steps))
        if self.fusion == "diffusion" and alpha_bar < LEAST_ALPHA_BAR:
            raise ValueError(
                f"diffusion_steps, beta_first, beta_last: found {self.diffusion_steps}, {self.beta_first:g}, "
                f"{self.beta_last:g}, which leave {alpha_bar:.0e} of e_long's variance at the last step (alpha_bar_T); "
                f"accepted: {LEAST_ALPHA_BAR:g} or more, because the network knows e_long through e_T only. Take fewer "
                "steps or smaller betas."
            )
        return self

    def idle(self) -> dict[str, str]:
        """What belongs to parts that are left out or built otherwise."""
        found = {"loss_samples": "loss is full"} if self.loss == "full" else {}
        if self.fusion != "diffusion":
            alone = {"long": ["recent_items", "reg_weight"], "short": ["reg_weight"], "mean": ["reg_weight"]}
            return found | dict.fromkeys([*_OF_DIFFUSION, *alone.get(self.fusion, [])], f"fusion is {self.fusion}")
        if "token" in self.without:
            found["reg_weight"] = "without has token, and with it all that C.6 regularises"
        if self.diffusion_steps == 1:
            found |= dict.fromkeys(("beta_last", "eta"), "diffusion_steps is 1")
        if not self.denoise_weight:
            found["condition_dropout"] = "denoise_weight is 0"
        if self.training != "truncated":
            found["truncated_steps"] = f"training is {self.training}"
        if self.inference_samples is None:
            found["inference_seed"] = "inference_samples is ~"
            if self.training == "one_step":
                found["eta"] = "training is one_step and inference_samples is ~"
        if "snr" in self.without:
            return found | dict.fromkeys(("guidance_max", "guidance_rate", "guidance_shift"), "without has snr")
        if not self.guidance_max:
            found |= dict.fromkeys(("guidance_rate", "guidance_shift"), "guidance_max is 0")
        return found | {"guidance_constant": "without has no snr"}
