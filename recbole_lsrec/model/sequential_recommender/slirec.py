"""SLi-Rec.

Reference:
    Zeping Yu, Jianxun Lian, Ahmad Mahmoody, Gongshen Liu, Xing Xie. "Adaptive User Modeling with Long and Short-Term
    Preferences for Personalized Recommendation." IJCAI 2019.
    As configured by the authors of CLSR in https://github.com/tsinghua-fib-lab/CLSR (TensorFlow 1), whose baseline it
    is; equal to that code number for number. The paper of SLi-Rec was not consulted.
"""

from typing import Any, NamedTuple

import torch
from recbole.data.interaction import Interaction
from torch import Tensor

from recbole_lsrec.model.base import Match
from recbole_lsrec.model.layers.attention import AdditiveAttention
from recbole_lsrec.model.layers.fcn import FCN
from recbole_lsrec.model.layers.history_attention import HistoryAttention, Prepared
from recbole_lsrec.model.layers.precision import lerp
from recbole_lsrec.model.layers.time_lstm import Time4LSTM
from recbole_lsrec.model.options.clsr import SLiRecOptions
from recbole_lsrec.model.timed_history import History, TimedRecommender


class Encoded(NamedTuple):
    """Histories, encoded as far as no candidate is needed."""

    history: History
    u_long: Tensor  # [B, 1, D]
    a_long: Tensor  # [B, 1, T]
    o: Tensor  # [B, T, D]
    short: Prepared
    age: Tensor | None  # [B, 1, 1]; None for alpha_time: none


class SLiRec(TimedRecommender):
    """Long-term interest by a learned query, short-term interest by a time-aware LSTM, fused for each candidate.

    * Long (asymmetric SVD): ``a = softmax((x M) . q)`` with a learned ``q``, no bias; ``u_l = sum_j a_j x_j``.
    * Short: Time4LSTM over the *item* part of x (the category's D' features left out) and both time features; the
      candidate attends to its outputs ``o`` through DIN's network: ``u_s = sum_j a_j o_j``.
    * ``alpha = sigmoid(FCN(v ; u_l ; u_s ; time))``, ``u = alpha u_l + (1 - alpha) u_s``, ``score = FCN(u ; v)``.

    Shapes: ``B`` instances, ``C`` candidates, ``T`` events of a history (padded), ``D`` = ``embedding_size``.

    ``variant: official | paper`` keeps or leaves what is odd in the code (docs/models/clsr.md): padding in the long side's
    softmax and in batch-norm statistics, the last column's time. ``paper`` is our reading; no paper was consulted for it.
    There is no gradient clipping and no user embedding.

    Args:
        config: See ``properties/model/SLiRec.yaml``.
        dataset: See :class:`LongShortRecommender`.

    Raises:
        ConfigError: An option is not accepted.
    """

    options_class = SLiRecOptions
    options: SLiRecOptions

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        o, d = self.options, self.embedding.size
        self.item_size = self.embedding.item.embedding_dim

        self.long_attention = AdditiveAttention(d)
        self.rnn = Time4LSTM(self.item_size, d)
        self.short_attention = HistoryAttention("mlp", d, d, o.attention_hidden_sizes, self.see_padding)
        self.fusion = FCN([d] * 3 + ([] if self.alpha_time == "none" else [1]), o.alpha_hidden_sizes)
        self.head = FCN([d, d], o.head_hidden_sizes, out_bias=self.prior_logit(config))
        # Numbers that matching one candidate with an event, and with an instance, keeps alive: see floats_per_pair.
        per_pair = 8 * d + 3 * sum(o.head_hidden_sizes) + 3 * sum(o.alpha_hidden_sizes)
        self._floats = (2 + 2 * d + 3 * sum(o.attention_hidden_sizes), per_pair)

    def encode(self, interaction: Interaction) -> Encoded:
        """Encodes the long-term interest, and the keys of the short-term one."""
        history = self.history(interaction)
        x = self.embedding(history.items)  # [B, T, D]
        u_long, a_long = self.long_interest(x, history.real)
        to_now, from_first = history.time.to_now, history.time.from_first
        o, _ = self.rnn(x[..., : self.item_size], to_now, from_first, history.lengths)  # [B, T, D]
        short = self.short_attention.prepare(o, self.short_attention.scored(history.real))
        return Encoded(history, u_long, a_long, o, short, self.time_for_alpha(history))

    def long_interest(self, x: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """Pools ``x [B, T, D]`` by the learned query: ``u_l [B, 1, D]`` and its weights ``[B, 1, T]``."""
        logits = self.long_attention(self.long_attention.keys(x))  # [B, T]
        if not self.see_padding:
            logits = logits.masked_fill(~real, float("-inf"))
        a = logits.softmax(dim=1).unsqueeze(1)
        return a @ x, a

    def match(self, state: Encoded, items: Tensor) -> Match:
        """Scores ``items [B, C]`` or ``[1, C]``."""
        v = self.embedding(items)  # [B or 1, C, D]
        u_short, a_short = self.short_attention(state.short, v)  # [B, C, D], [B, C, T]
        parts = (v, state.u_long, u_short, state.age)
        alpha = torch.sigmoid(self.fusion(*(part for part in parts if part is not None)))  # [B, C, 1]
        alpha = self.fusion_weight(alpha)
        u = lerp(u_short, state.u_long, alpha)  # alpha u_l + (1 - alpha) u_s
        logits = self.head(u, v).squeeze(-1)  # [B, C]
        return Match(logits, alpha.squeeze(-1), a_short)

    def floats_per_pair(self, state: Encoded) -> int:
        """Estimates the numbers that matching an instance with one candidate keeps alive."""
        per_event, per_pair = self._floats
        return per_pair + per_event * state.o.shape[1]
