"""DiffLSRec.

Reference:
    Xiaowen Wang, Thomas Tran. "Diffusion-based Long and Short Term Interest Sequence Recommendation." University of
    Ottawa. The authors' code is not public.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from recbole.data.interaction import Interaction
from recbole.utils import InputType
from torch import Tensor, nn

from recbole_lsrec.model import catalogue_loss
from recbole_lsrec.model.base import LongShortRecommender, Match
from recbole_lsrec.model.diffusion import chain, event_features, process
from recbole_lsrec.model.diffusion.decay_gru import DecayGRU
from recbole_lsrec.model.diffusion.denoiser import Denoiser, Prepared
from recbole_lsrec.model.diffusion.recent_encoder import RecentEncoder, padding, recent
from recbole_lsrec.model.layers.precision import lerp
from recbole_lsrec.model.layers.steps import Steps
from recbole_lsrec.model.losses import squared_sum
from recbole_lsrec.model.options.difflsrec import DiffLSRecOptions
from recbole_lsrec.model.scored_by import scores_all_at_once
from recbole_lsrec.processes import group


class Interests(NamedTuple):
    """What is fused: both interests, and the tokens that guide it. None stands for what the fusion has no use for."""

    long: Tensor | None  # [B, D] e_long
    short: Tensor | None  # [B, D] e_short
    tokens: Tensor  # [B, K, D] embeddings of the most recent items
    lengths: Tensor  # [B] how many of them are real
    prepared: Prepared | None = None  # what the short side gives to every step of the diffusion, once it is made


class Encoded(NamedTuple):
    """A history, encoded; no candidate is needed for any of it."""

    user: Tensor  # [B, D] what candidates are multiplied with
    alpha: Tensor | None  # [B, 1] weight of the long-term interest; None where the fusion has no such weight
    interests: Interests


class DiffLSRec(LongShortRecommender):
    """A long-term interest, diffused; its denoising, guided by the short-term interest, is the fusion of the two.

    All events before the target give the long-term interest e_long: a GRU whose state decays with the time since the
    event before and is modulated by the item's frequency (B.1)-(B.4). The last few give the short-term one, e_short: a
    GRU and self-attention (B.5). e_long is diffused for T steps (3.1) and denoised step by step (3.7), (3.8); at each
    step the network attends from the state to the recent items and gates the result with e_short (3.3), (3.4), and its
    prediction is guided away from that without a condition, the more the clearer the state is (3.5), (3.6). What is left
    at step 0 is the user (C.1), scored by a dot product with each item (C.2). Trained are cross-entropy over all items
    through that chain (C.3), (C.4), the noise network on e_long itself (C.5) and a regulariser (C.6).

    Shapes: ``B`` instances, ``C`` candidates, ``L`` history length, ``K`` recent events, ``D`` = ``embedding_size``,
    ``T`` = ``diffusion_steps``. The paper uses T for the last position too, and t for steps and positions.

    The paper leaves much open: docs/models/difflsrec.md says how each point is decided, and lists the options. ``fusion``
    has the paper's baseline ``gate``, g e_long + (1 - g) e_short, and plainer ones; ``without`` its ablations.

    Args:
        config: See ``properties/model/DiffLSRec.yaml``.
        dataset: Beside what :class:`LongShortRecommender` asks: ``user``, ``item``, ``time`` ``[n]`` and
            ``training_events()``; nothing outside the training events is read.

    Raises:
        ConfigError: An option is not accepted, or two do not go together.
    """

    options_class = DiffLSRecOptions
    options: DiffLSRecOptions
    input_type = InputType.POINTWISE
    log_in_checkpoint = True
    candidate_batch = False  # all items compete: the loader draws no negatives

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        o, d = self.options, self.embedding.size
        self.TIME_SEQ = config["TIME_FIELD"] + config["LIST_SUFFIX"]
        self.fusion = o.fusion
        self.inference_samples = o.inference_samples or 0

        self._read_training_events(dataset)
        if self.fusion != "short":
            self.long_encoder = DecayGRU(d)
        if self.fusion != "long":
            self.short_encoder = RecentEncoder(d)
        if self.fusion == "gate":
            self.gate = nn.Linear(2 * d, d, bias=False)
        if self.fusion == "diffusion":
            betas = process.linear_betas(o.diffusion_steps, o.beta_first, o.beta_last)
            self.alpha_bar = process.alpha_bars(betas)  # [T + 1], stays on the CPU
            self.denoiser = Denoiser(
                d,
                self.alpha_bar,
                most=o.guidance_max,
                rate=o.guidance_rate,
                shift=o.guidance_shift,
                constant=o.guidance_constant if "snr" in o.without else None,
                tokens="token" not in o.without,
            )
        self._generator: torch.Generator | None = None  # None: torch's global one

    # ---- A: what the training period tells of time and frequency ----------------------------------------------------

    def _read_training_events(self, dataset: Any) -> None:
        training = dataset.training_events()
        self.shortest, self.longest = event_features.interval_range(dataset.user, dataset.time, training)
        frequency = event_features.frequencies(dataset.item, training, self.n_items)
        bucket = event_features.frequency_buckets(frequency)
        # In no state_dict, which other data sets fit too, but in the checkpoint of a run: RecBole's other_parameter.
        self.register_buffer("bucket", torch.from_numpy(bucket), persistent=False)
        counts = np.bincount(dataset.item[training], minlength=self.n_items)
        self.sampler = catalogue_loss.ItemSampler(torch.from_numpy(counts[1:]))
        self.other_parameter_name = ["shortest", "longest", "bucket"]

    def intervals(self, times: Tensor, lengths: Tensor) -> Tensor:
        """Time since the event before, scaled to [0, 1], ``[B, L]``, from times in seconds."""
        seconds = event_features.intervals(times, lengths)
        return event_features.min_max(seconds, self.shortest, self.longest)

    # ---- B: encoders ------------------------------------------------------------------------------------------------

    def interests(self, interaction: Interaction) -> Interests:
        """Appendix B: ``e_long`` and ``e_short``, and the tokens of 3.3."""
        lengths = interaction[self.ITEM_SEQ_LEN]
        real = torch.arange(int(lengths.max()), device=lengths.device) < lengths.unsqueeze(1)
        items = interaction[self.ITEM_SEQ][:, : real.shape[1]] * real  # [B, L], nothing wider than the longest
        every = self.embedding.every_of_few(items.numel())
        x = self.embedding(items, every)  # [B, L, D]
        tokens, n_tokens = recent(x, lengths, self.options.recent_items)  # [B, K, D], [B]
        long = short = None
        if self.fusion != "short":
            interval = self.intervals(interaction[self.TIME_SEQ][:, : real.shape[1]], lengths)
            steps = Steps(lengths, items.shape[1], every, items)
            long = self.long_encoder(x, interval, self.bucket[items], steps)  # (B.1)-(B.4)
        if self.fusion != "long":
            short = self.short_encoder(tokens, n_tokens)  # (B.5)
        return Interests(long, short, tokens, n_tokens)

    def encode(self, interaction: Interaction) -> Encoded:
        """Encodes and fuses: the user's vector and, where there is one, the weight of the long-term interest."""
        interests = self.interests(interaction)
        if self.fusion == "diffusion":
            interests = interests._replace(prepared=self._sides(interests)[1])  # for the chain and for C.5
        user, alpha = self.fuse(interests)
        return Encoded(user, alpha, interests)

    # ---- 3: fusion --------------------------------------------------------------------------------------------------

    def fuse(self, interests: Interests) -> tuple[Tensor, Tensor | None]:
        """Eq. C.1: ``e_user [B, D]``, and alpha ``[B, 1]`` or None."""
        long, short = interests.long, interests.short
        if long is None or short is None:
            only = short if long is None else long
            assert only is not None
            return only, None
        if self.fusion in ("gate", "mean"):
            if self.fusion == "gate":
                weight = torch.sigmoid(self.gate(torch.cat([long, short], dim=1)))  # [B, D]
            else:
                weight = long.new_full((long.shape[0], 1), 0.5)
            weight = self.fusion_weight(weight)
            return lerp(short, long, weight), weight.mean(1, keepdim=True)
        if self.training and self.options.training == "one_step":
            return self.one_step(interests), None
        return self.chain(interests), None

    def chain(self, interests: Interests) -> Tensor:
        """Eq. 3.8 from step T to 0, ``e_0 [B, D]``; deterministic in evaluation unless a sample is asked for."""
        long, prepared = self._sides(interests)
        last = float(self.alpha_bar[-1])
        noisy = self.training or self._generator is not None
        start = process.diffuse(long, self._normal(long), last) if noisy else last**0.5 * long
        eta = self.options.eta if noisy else 0.0
        through_all = not self.training or self.options.training == "chain"
        if self.training and through_all and chain.has_own_gradient(prepared):
            return chain.denoised(self.denoiser, start, prepared, self.alpha_bar, eta, self._normal)

        def predict(e: Tensor, t: int) -> Tensor:
            # Outside the last steps the prediction is a constant; e itself keeps its path back to e_long.
            with torch.set_grad_enabled(torch.is_grad_enabled() and (through_all or t <= self.options.truncated_steps)):
                return self.denoiser.guided_noise(e, t, prepared)

        return process.reverse(start, predict, self.alpha_bar, eta, self._normal)

    def one_step(self, interests: Interests) -> Tensor:
        """The estimate of ``e_0`` (3.7) from one random step of the forward process, ``[B, D]``."""
        long, prepared = self._sides(interests)
        noisy, t, alpha_bar, _ = self._diffused(long)
        return process.clean_estimate(noisy, self.denoiser.guided_noise(noisy, t, prepared), alpha_bar)

    def _sides(self, interests: Interests) -> tuple[Tensor, Prepared]:
        """``e_long [B, D]``, and what the short side gives to every step."""
        long, short, tokens, lengths, prepared = interests
        assert long is not None
        assert short is not None
        return long, prepared or self.denoiser.prepare(short, tokens, padding(lengths, tokens.shape[1]))

    def _diffused(self, clean: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Draws a step per row: ``e_t [B, D]``, ``t [B]``, ``alpha_bar_t [B, 1]`` and the noise ``[B, D]`` in it."""
        u = self._uniform(len(clean))
        t = (1 + (u * self.denoiser.n_steps).long()).clamp_(max=self.denoiser.n_steps)
        alpha_bar = self.alpha_bar[t].unsqueeze(1).to(clean.device, non_blocking=True)
        noise = self._normal(clean)
        return process.diffuse(clean, noise, alpha_bar), t.to(clean.device, non_blocking=True), alpha_bar, noise

    def _normal(self, like: Tensor) -> Tensor:
        """Standard normal numbers from torch's global generator, or from the fixed one of a sample."""
        if self._generator is None:
            return group.drawn_for_all(lambda n: like.new_empty(n, *like.shape[1:]).normal_(), len(like))
        return torch.randn(like.shape, generator=self._generator, dtype=like.dtype).to(like.device)

    def _uniform(self, n: int) -> Tensor:
        """Uniform numbers for ``n`` rows, from the same generator, on the CPU."""
        return group.drawn_for_all(lambda rows: torch.rand(rows, generator=self._generator), n)

    @contextmanager
    def inference_sample(self, number: int) -> Iterator[None]:
        """Inside, evaluation draws: sample ``number`` starts from its own seed, the same whenever it is taken."""
        self._generator = torch.Generator().manual_seed(self.options.inference_seed + number)
        try:
            yield
        finally:
            self._generator = None

    # ---- C: prediction and losses -----------------------------------------------------------------------------------

    def match(self, state: Encoded, items: Tensor) -> Match:
        """Eq. C.2: dot products with ``items [B, C]``, or one matrix product for ``[1, C]``."""
        v = self.embedding(items)  # [B or 1, C, D]
        common = len(items) == 1
        logits = state.user @ v[0].t() if common else torch.bmm(v, state.user.unsqueeze(2)).squeeze(2)  # [B, C]
        return Match(logits, None if state.alpha is None else state.alpha.expand_as(logits))

    def score_all(self, state: Encoded, n_rows: int) -> Tensor:
        """Scores every item with one matrix product, ``[B, n_items]``; a subclass with another ``match`` by that."""
        if not scores_all_at_once(type(self)):
            return super().score_all(state, n_rows)
        return state.user @ self.embedding.every().t()

    def floats_per_pair(self, state: Encoded) -> int:
        """A candidate's vector and its logit."""
        return self.embedding.size + 1

    def losses(self, interaction: Interaction) -> dict[str, Tensor]:
        """Returns ``data`` (C.4), ``denoise`` (C.5) and ``l2`` (C.6), weights included.

        Outside of training they are a function of the batch: what is drawn comes from the seed of the samples.
        """
        state = self.encode(interaction)
        target = interaction[self.POS_ITEM_ID] - 1  # row of the table without the padding item
        terms = {}
        if not self.training:
            self._generator = torch.Generator().manual_seed(self.options.inference_seed)
        try:
            terms["data"] = self._cross_entropy(state.user, target) * group.share_of_batch(len(target))
            if self.fusion == "diffusion" and self.options.denoise_weight:
                terms["denoise"] = self.options.denoise_weight * self.denoise_loss(state.interests)
        finally:
            self._generator = None
        matrices = self._regularised()
        if self.reg_weight and matrices:
            terms["l2"] = self.reg_weight * squared_sum(matrices)
        return terms

    def denoise_loss(self, interests: Interests) -> Tensor:
        """Eq. C.5: mean squared error of the noise network on e_long at a random step, ``[]``."""
        long, prepared = self._sides(interests)
        noisy, t, _, noise = self._diffused(long.detach())  # or shrinking e_long would make the task trivial
        drop = (self._uniform(len(long)) < self.options.condition_dropout).to(long.device, non_blocking=True)
        return (noise - self.denoiser.noise(noisy, t, prepared, drop)).square().mean() * group.share_of_batch(len(long))

    def _cross_entropy(self, user: Tensor, target: Tensor) -> Tensor:
        if self.options.loss == "full":
            return catalogue_loss.full_softmax(user, self.embedding.every()[1:], target)
        drawn = group.tensor_of_first(self.sampler.draw(self.options.loss_samples, self._generator))
        log_expected = (self.sampler.log_chance[drawn] + np.log(self.options.loss_samples)).float().to(user.device)
        drawn = drawn.to(user.device)
        hit = drawn == target.unsqueeze(1)  # [B, S]
        vectors = self.embedding(target + 1), self.embedding(drawn + 1)  # [B, D], [S, D]; padding is no item
        return catalogue_loss.sampled_softmax(user, *vectors, log_expected, hit)

    def lookup_tables(self) -> list[nn.Embedding]:
        """Returns the item tables, unless the loss reads them whole."""
        return [] if self.options.loss == "full" else self.embedding.tables()

    def _regularised(self) -> list[Tensor]:
        if self.fusion == "gate":
            return [self.gate.weight]
        return self.denoiser.matrices() if self.fusion == "diffusion" else []
