"""CLSR.

Reference:
    Yu Zheng, Chen Gao, Jianxin Chang, Yanan Niu, Yang Song, Depeng Jin, Yong Li. "Disentangling Long and Short-Term
    Interests for Recommendation." WWW 2022. arXiv:2202.13090.
    Code of the authors: https://github.com/tsinghua-fib-lab/CLSR (TensorFlow 1); equal to it number for number.
"""

from typing import Any, NamedTuple

import torch
from recbole.data.interaction import Interaction
from torch import Tensor, nn

from recbole_lsrec.model import losses
from recbole_lsrec.model.base import Match
from recbole_lsrec.model.layers.fcn import FCN, embedding
from recbole_lsrec.model.layers.history_attention import HistoryAttention, Prepared
from recbole_lsrec.model.layers.precision import lerp
from recbole_lsrec.model.layers.recurrent import GRU, VecAttGRU
from recbole_lsrec.model.layers.steps import Steps
from recbole_lsrec.model.layers.time_lstm import LSTM, Time4LSTM
from recbole_lsrec.model.options.clsr import CLSROptions
from recbole_lsrec.model.timed_history import History, TimedRecommender
from recbole_lsrec.processes import group


class Encoded(NamedTuple):
    """Histories, encoded as far as no candidate is needed."""

    history: History
    users: Tensor  # [B]
    x: Tensor  # [B, T, D] embedded events
    u_long: Tensor  # [B, 1, D]
    a_long: Tensor  # [B, 1, T]
    s: Tensor | None  # [B, D] what the history gives to the short query; None for short_encoder: dien
    o: Tensor  # [B, T, D]
    short: Prepared
    u_short: Tensor | None  # [B, 1, D] if it does not depend on the candidate
    a_short: Tensor | None  # [B, 1, T] likewise
    g: Tensor | None  # [B, 1, D]; None without the fusion GRU
    age: Tensor | None  # [B, 1, 1]; None for alpha_time: none


class Interests(NamedTuple):
    """What the contrastive loss compares, and the attention behind it."""

    long: Tensor  # [B, 1, D]
    short: Tensor  # [B, C or 1, D]
    a_short: Tensor  # [B, C or 1, T]


class CLSR(TimedRecommender):
    """Long- and short-term interests, disentangled by contrast with proxies, fused for each candidate.

    The long-term interest is attention over all events under a vector of the user (6), (10)-(13). The short-term one is
    attention over the states of a time-aware LSTM (14) under a query that a GRU evolves over the history (7), joined in
    the authors' code by the candidate (15), (16). Each is drawn to its proxy, the mean of all events or of the last
    ``recent_k``, and away from the other's (17)-(25). A gate made from a GRU's state, the candidate, both interests and
    the time weighs them (26)-(28); an MLP scores the result with the candidate (29). The loss is that of the candidates
    and the contrast (30), (31).

    Shapes: ``B`` instances, ``C`` candidates, ``T`` events of a history (padded), ``D`` = ``embedding_size``.

    The paper and its code differ in 16 points, listed in docs/models/clsr.md with the options: ``variant: official |
    paper`` takes the side of the code or of the equations as printed. The authors' ``user_embedding`` table, which nothing
    reads, is left out.

    Args:
        config: See ``properties/model/CLSR.yaml``.
        dataset: See :class:`LongShortRecommender`.

    Raises:
        ConfigError: An option is not accepted, or two do not go together.
    """

    options_class = CLSROptions
    options: CLSROptions

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        o, d = self.options, self.embedding.size
        n_users = dataset.num(config["USER_ID_FIELD"])
        self.dien = o.short_encoder == "dien"
        self.asks_candidate = self.dien or o.short_query == "history_and_candidate"
        fusion_gru = o.fusion_gru and o.manual_alpha is None
        self.contrastive_loss = o.triplet_form if o.contrastive_loss == "triplet" else o.contrastive_loss
        if o.nothing_is_long_enough:
            self.logger.warning(
                f"length_threshold is {o.length_threshold}, and MAX_ITEM_LIST_LENGTH {self.max_seq_length}: no history is long "
                "enough for the contrastive loss, which is 0. Set a smaller length_threshold, or a larger window."
            )

        def attention(query_size: int) -> HistoryAttention:
            return HistoryAttention(o.attention, d, query_size, o.attention_hidden_sizes, self.see_padding)

        self.user_long = embedding(n_users, d)
        self.long_attention = attention(d)
        self.user_short = embedding(n_users, d) if o.has_second_user_table else None
        self.query_gru = GRU(d, d) if o.interest_evolve and not self.dien else None
        if self.dien:
            self.interest_gru = GRU(d, d)
            self.evolution_gru = VecAttGRU(d, d)
            self.short_attention = attention(d)
        else:
            self.rnn = {"time4lstm": Time4LSTM, "lstm": LSTM, "gru": GRU}[o.sequential_model](d, d)
            self.short_attention = attention(2 * d if self.asks_candidate else d)
        self.fusion_gru = GRU(d, d) if fusion_gru else None
        if o.manual_alpha is None:
            parts = [d] * (4 if fusion_gru else 3) + ([] if self.alpha_time == "none" else [1])
            self.fusion = FCN(parts, o.alpha_hidden_sizes)
        self.head = FCN([d, d], o.head_hidden_sizes, out_bias=self.prior_logit(config))
        # Numbers that matching one candidate with an event, and with an instance, keeps alive: see floats_per_pair.
        per_event = (12 * d if self.dien else 2 * d) + 3 * sum(o.attention_hidden_sizes) if self.asks_candidate else 0
        self._floats = (per_event, 8 * d + 3 * sum(o.head_hidden_sizes) + 3 * sum(o.alpha_hidden_sizes))

    # ---- 3.2.1-3.2.3 what depends on the history only ---------------------------------------------------------------

    def encode(self, interaction: Interaction) -> Encoded:
        """Encodes the long-term interest, and the short-term one as far as no candidate is needed."""
        history = self.history(interaction)
        users = interaction[self.USER_ID]
        every = self.embedding.every_of_few(history.items.numel())
        x = self.embedding(history.items, every)  # [B, T, D]
        q_long = self.user_long(users).unsqueeze(1)  # (6) [B, 1, D]
        scored = self.long_attention.scored(history.real)  # by both attentions
        u_long, a_long = self.long_attention(self.long_attention.prepare(x, scored), q_long)  # (10)-(13)

        u_short = a_short = None
        steps = Steps(history.lengths, x.shape[1], every, history.items)  # of all recurrences
        if self.dien:
            o, _ = self.interest_gru(x, steps)
        else:
            o = self.run_rnn(x, history, steps)  # (14) [B, T, D]
        s, g = self.last_states(x, steps, users)  # (7), (26) [B, D]
        short = self.short_attention.prepare(o, scored, s if self.asks_candidate else None)
        if s is not None and not self.asks_candidate:
            u_short, a_short = self.short_attention(short, s.unsqueeze(1))  # (15), (16) [B, 1, D]
        age = self.time_for_alpha(history)
        return Encoded(history, users, x, u_long, a_long, s, o, short, u_short, a_short, g, age)

    def last_states(self, x: Tensor, steps: Steps, users: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """What two GRUs leave: ``s [B, D]``, how the short-term interest evolved (7), and ``g [B, 1, D]`` for alpha (26).

        Without the first, ``s`` is the user's vector; with DIEN's encoder there is none. Without the second, no ``g``.
        """
        start = None if self.user_short is None else self.user_short(users)
        if self.training and self.query_gru is not None and self.fusion_gru is not None:
            s, g = self.query_gru.beside(x, steps, self.fusion_gru, start)
            return s, g.unsqueeze(1)
        s = start if self.query_gru is None else self.query_gru(x, steps, start)[1]
        return s, None if self.fusion_gru is None else self.fusion_gru(x, steps)[1].unsqueeze(1)

    def run_rnn(self, x: Tensor, history: History, steps: Steps) -> Tensor:
        """Eq. 14: ``o``, the keys and values of the short-term attention, ``[B, T, D]``, 0 on padding."""
        if isinstance(self.rnn, Time4LSTM):
            return self.rnn(x, history.time.to_now, history.time.from_first, steps)[0]
        return self.rnn(x, steps)[0]

    # ---- 3.2.5 what depends on the candidate ------------------------------------------------------------------------

    def match(self, state: Encoded, items: Tensor) -> Match:
        """Scores ``items [B, C]`` or ``[1, C]``: eq. 27-29, and eq. 15, 16 too where the candidate takes part."""
        v = self.embedding(items)  # [B or 1, C, D]
        u_short, a_short = state.u_short, state.a_short
        if u_short is None or a_short is None:
            u_short, a_short = self.short_interest(state, v)  # [B, C, D], [B, C, T]
        if self.options.manual_alpha is None:
            parts = (state.g, v, state.u_long, u_short, state.age)
            alpha = torch.sigmoid(self.fusion(*(part for part in parts if part is not None)))  # (27) [B, C, 1]
        else:
            alpha = v.new_full((state.users.shape[0], items.shape[1], 1), self.options.manual_alpha)
        alpha = self.fusion_weight(alpha)
        u = lerp(u_short, state.u_long, alpha)  # (28) alpha u_l + (1 - alpha) u_s
        logits = self.head(u, v).squeeze(-1)  # (29) [B, C]
        return Match(logits, alpha.squeeze(-1), Interests(state.u_long, u_short, a_short))

    def short_interest(self, state: Encoded, v: Tensor) -> tuple[Tensor, Tensor]:
        """Eq. 15, 16 with query ``s ; v``, or DIEN's interest evolution: ``u_s [B, C, D]`` and its weights."""
        if not self.dien:
            return self.short_attention(state.short, v)
        a = self.short_attention.weights(state.short, v)
        return self.evolution_gru(state.o, state.history.lengths, a), a

    # ---- 3.2.4 self-supervised disentanglement ----------------------------------------------------------------------

    def proxies(self, state: Encoded) -> tuple[Tensor, Tensor]:
        """Eq. 17, 18: mean embedding of all events and of the last ``recent_k`` (fewer if there are), each ``[B, D]``."""
        lengths = state.history.lengths.unsqueeze(1)
        steps = torch.arange(state.x.shape[1], device=state.x.device)
        recent = state.history.real & (steps >= lengths - self.options.recent_k)
        events = torch.stack([state.history.real, recent], dim=1).to(state.x.dtype)  # [B, 2, T]
        long, short = (torch.bmm(events, state.x) / events.sum(2, keepdim=True)).unbind(1)
        return long, short

    def auxiliary_loss(self, state: Encoded, match: Match) -> dict[str, Tensor]:
        """Eq. 25 with the weight of eq. 31, and the code's discrepancy of the user tables."""
        terms = {}
        if self.options.contrastive_weight:
            long, short, _ = match.interests
            long_proxy, short_proxy = (proxy.unsqueeze(1) for proxy in self.proxies(state))  # [B, 1, D]
            rows = losses.interest_contrast(
                long, short, long_proxy, short_proxy, self.contrastive_loss, self.options.contrastive_margin
            )  # (25) [B, C]
            eligible = (state.history.lengths > self.options.length_threshold).unsqueeze(1)
            terms["contrastive"] = self.options.contrastive_weight * losses.mean_over(rows, eligible)
        if self.options.discrepancy_weight and self.user_short is not None:
            gap = losses.squared_gap(self.user_long, self.user_short, state.users)
            terms["discrepancy"] = -self.options.discrepancy_weight * gap
        return terms

    # ---- what the base class asks for -------------------------------------------------------------------------------

    def involved_rows(self, state: Encoded) -> list[tuple[nn.Embedding, Tensor]]:
        """Returns the user tables with the users of the batch."""
        users, _ = group.distinct_of_all(state.users)
        return [(table, users) for table in (self.user_long, self.user_short) if table is not None]

    def floats_per_pair(self, state: Encoded) -> int:
        """Estimates the numbers that matching an instance with one candidate keeps alive."""
        per_event, per_pair = self._floats
        return per_pair + (2 + per_event) * state.x.shape[1]
