"""LSIDN.

Reference:
    Xinyu Zhang, Beibei Li, Beihong Jin. "Denoising Long- and Short-term Interests for Sequential Recommendation." SDM 2024.
    arXiv:2407.14743. Code of the authors: https://github.com/zxyllq/LSIDN (TensorFlow 1; there the model is "DDSIN"); equal
    to it number for number. Beyond the abstract the paper's text was not at hand: the formulas are the code's.
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from recbole.data.interaction import Interaction
from torch import Tensor, nn

from recbole_lsrec.model import losses
from recbole_lsrec.model.base import LongShortRecommender, Match
from recbole_lsrec.model.layers.attention import MLPAttention, Projected
from recbole_lsrec.model.layers.fcn import FCN, embedding, truncated_normal_
from recbole_lsrec.model.layers.history_attention import HistoryAttention, Prepared
from recbole_lsrec.model.layers.recurrent import GRU
from recbole_lsrec.model.layers.session_encoder import PlaceNorm, SessionEncoder
from recbole_lsrec.model.layers.slot_attention import Prepared as SlotsPrepared
from recbole_lsrec.model.layers.slot_attention import SlotAttention
from recbole_lsrec.model.layers.steps import Steps
from recbole_lsrec.model.layers.time_features import TimeFeatures, time_features
from recbole_lsrec.model.layers.time_lstm import Time4LSTM
from recbole_lsrec.model.layers.unique_history import Slots, UniqueHistory, current_session, long_sessions
from recbole_lsrec.model.options.lsidn import LSIDNOptions
from recbole_lsrec.processes import group

SKIPPED = 20
"""Columns of a history that the recurrences do not read with ``sequence: official``."""
RECENT = 30
"""Events that they read with ``recent30``."""


class Read(NamedTuple):
    """What the model reads of a batch: histories without repeats, and sessions."""

    users: Tensor  # [B]
    items: Tensor  # [B, L], 0 on padding
    lengths: Tensor  # [B]
    time: TimeFeatures  # [B, L] each
    long: Slots  # [B, N, W] long sessions
    current: tuple[Tensor, Tensor]  # [B, W] items of the current session, and which are real
    views: tuple[tuple[Tensor, Tensor], ...]  # [B, W] each, likewise; empty outside of training batches


class Encoded(NamedTuple):
    """Histories, encoded as far as no candidate is needed."""

    read: Read
    long: SlotsPrepared
    n_long: Tensor  # [B]
    q_long: Tensor  # [B, D]
    current: SlotsPrepared
    sequence: Prepared
    g: Tensor  # [B, 1, D]
    age: Tensor  # [B, 1, 1]


class LSIDN(LongShortRecommender):
    """Long sessions, each asked by the candidate and followed by a GRU; the current session and a recent sequence.

    Shapes: ``B`` instances, ``C`` candidates, ``L`` = ``MAX_ITEM_LIST_LENGTH`` events, ``N`` = ``max_sessions`` slots, ``W``
    = ``max_session_len`` events of a session, ``D`` = ``embedding_size``. ``ATT`` is DIN's network of the code line.

    Data: of an item only its last occurrence in the window counts (``H``). Long sessions are those of H with two events or
    more; the current session is the last one of the window, repeats kept, so that no time of the target is needed.

    1. ``e_n = SA_long(x + P)`` for each long session n; ``h_n`` = ATT_s(v, e_n) pooled.
    2. ``h'`` = GRU over ``h_1 .. h_N``.
    3. With query ``user_long ; v`` and one ATT_l: ``u_L = pooled h' ; pooled h``.
    4. ``u_c`` = ATT_c(the candidate's item part, SA_current(current session)) pooled.
    5. ``o`` = Time4LSTM over the sequence; ``u_t`` = ATT_t(v, o) pooled; ``u_S = u_t ; u_c``.
    6. ``g`` = GRU over the sequence; ``alpha = sigmoid(FCN(g ; u_L ; u_S ; v ; age))``.
    7. ``u = alpha u_L + (1 - alpha) u_S``; ``logit = FCN(u ; v)``.
    8. Contrast of two views of the current session, mixed with the successors of the target
       (:class:`recbole_lsrec.data.session_views.SessionViewDataset`): training only.

    What a reader of the code would not expect, kept:

    * ``sequence: official`` are columns 20 and later of H: up to 20 events it is *empty*, u_t is 0. ``recent30``: the
      last 30 events.
    * ``session_rule: official`` takes the oldest N sessions, so that the most recent ones are dropped where there are more;
      ``recent``: the most recent N. With fewer the current session is one of them.
    * Where there is no long session, ``h`` pools padding: the mean over the places of the norm's shift.
    * The query of step 4 is the item part alone, without the category.
    * ``age`` is the last column's, 0 unless H fills the window.
    * ``user_short`` takes part in the discrepancy and L2 alone. P's L2 counts once per candidate row.
    * The contrast has the factor 1 + N of rows that repeat it.

    Deviations: repeats are dropped inside the window, not before it; no eligible row makes the contrast 0, NaN there; a
    second pair of norm tables, which nothing reads, is left out; batch-norm averages of blocks used several times a
    step follow a fixed order here and none there.

    Args:
        config: See ``properties/model/LSIDN.yaml``.
        dataset: See :class:`LongShortRecommender`.

    Raises:
        ConfigError: An option is not accepted.
    """

    options_class = LSIDNOptions
    options: LSIDNOptions

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        o = self.options
        self.TIME = config["TIME_FIELD"]
        self.TIME_SEQ = self.TIME + config["LIST_SUFFIX"]
        d, item_size = self.embedding.size, self.embedding.item.embedding_dim
        attention_sizes, alpha_sizes, head_sizes = o.attention_hidden_sizes, o.alpha_hidden_sizes, o.head_hidden_sizes

        if o.sequence == "official" and self.max_seq_length <= SKIPPED:
            self.logger.warning(
                f"sequence: official reads columns {SKIPPED} and later of the window, and MAX_ITEM_LIST_LENGTH is "
                f"{self.max_seq_length}: Time4LSTM and its GRU read nothing. Set sequence to recent30, or a larger window."
            )
        if o.nothing_is_long_enough:
            self.logger.warning(
                f"length_threshold is {o.length_threshold}, and max_session_len {o.max_session_len}: no view is long enough "
                "for the contrast, which is 0. Set a smaller length_threshold, or a larger max_session_len."
            )
        n_users = dataset.num(config["USER_ID_FIELD"])
        self.user_long, self.user_short = embedding(n_users, d), embedding(n_users, d)
        self.position = nn.Parameter(truncated_normal_(torch.empty(o.max_session_len, d)))  # P
        self.norm = PlaceNorm(o.max_session_len, d)
        self.long_encoder, self.current_encoder = SessionEncoder(d), SessionEncoder(d)
        self.session_attention = SlotAttention(d, d, attention_sizes)  # ATT_s
        self.session_gru = GRU(d, d)
        self.long_attention = MLPAttention(d, 2 * d, attention_sizes)  # ATT_l
        self.current_attention = SlotAttention(d, item_size, attention_sizes)  # ATT_c
        self.rnn = Time4LSTM(d, d)
        self.sequence_attention = HistoryAttention("mlp", d, d, attention_sizes, see_padding=True)  # ATT_t
        self.fusion_gru = GRU(d, d)
        self.fusion = FCN([d, 2 * d, 2 * d, d, 1], alpha_sizes)
        self.head = FCN([2 * d, d], head_sizes)
        per_event, per_pair = 2 * d + 3 * sum(attention_sizes), 14 * d + 3 * (sum(head_sizes) + sum(alpha_sizes))
        events = o.max_sessions * o.max_session_len + o.max_session_len + self.max_seq_length
        self._floats = per_pair + events * per_event + o.max_sessions * 12 * d

    # ---- data -------------------------------------------------------------------------------------------------------

    def read(self, interaction: Interaction) -> Read:
        """Reads histories and sessions from the windows."""
        items, lengths = interaction[self.ITEM_SEQ], interaction[self.ITEM_SEQ_LEN]
        session, times = interaction[self.SESSION_SEQ], interaction[self.TIME_SEQ]
        draws = interaction["draw_list"] if "draw_list" in interaction else torch.zeros_like(items)
        history = UniqueHistory.of(items, lengths, self.max_seq_length)
        times = history.gather(times)
        time = time_features(
            times, history.lengths, times[:, 0], interaction[self.TIME], self.options.time_feature_unit
        )
        long = long_sessions(
            history.items,
            history.gather(session),
            history.lengths,
            history.gather(draws),
            self.options.max_sessions,
            self.options.max_session_len,
            self.options.session_rule == "recent",
        )
        current = current_session(items, session, lengths, self.options.max_session_len)
        views: tuple[tuple[Tensor, Tensor], ...] = ()
        if "view_1_list" in interaction:
            places = torch.arange(self.options.max_session_len, device=items.device)
            views = tuple(
                (interaction[f"{name}_list"], places < interaction[f"{name}_length"].unsqueeze(1))
                for name in ("view_1", "view_2")
            )
        return Read(interaction[self.USER_ID], history.items, history.lengths, time, long, current, views)

    # ---- what depends on the history only ---------------------------------------------------------------------------

    def encode(self, interaction: Interaction) -> Encoded:
        """Encodes sessions and sequence as far as no candidate is needed."""
        read = self.read(interaction)
        long = self.embedding(read.long.items) + self.position  # [B, N, W, D]
        e = self.long_encoder(long.flatten(0, 1), read.long.real.flatten(0, 1), self.norm).view_as(long)  # (1)
        slots = self.session_attention.prepare(e, read.long.real)
        items, real = read.current
        current = self.current_attention.prepare(
            self.encode_session(items, real).unsqueeze(1), real.unsqueeze(1)
        )  # (4)

        items, lengths, to_now, from_first = self.sequence(read)
        x = self.embedding(items)  # [B, T, D]
        steps = Steps(lengths, x.shape[1])
        o, _ = self.rnn(x, to_now, from_first, steps)  # (5) [B, T, D]
        g = self.fusion_gru(x, steps)[1].unsqueeze(1)  # (6) [B, 1, D]
        age = read.time.to_now[:, -1:].unsqueeze(2)  # [B, 1, 1]
        real = torch.arange(x.shape[1], device=x.device) < lengths.unsqueeze(1)
        sequence = self.sequence_attention.prepare(o, self.sequence_attention.scored(real))
        return Encoded(read, slots, read.long.lengths, self.user_long(read.users), current, sequence, g, age)

    def encode_session(self, items: Tensor, real: Tensor) -> Tensor:
        """SA_current of the current session or a view, ``[B, W, D]``."""
        return self.current_encoder(self.embedding(items), real, self.norm)

    def sequence(self, read: Read) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The columns of H that the recurrences read: items ``[B, T]``, lengths ``[B]``, both time features ``[B, T]``."""
        if self.options.sequence == "official":
            parts = (read.items, read.time.to_now, read.time.from_first)
            items, to_now, from_first = (part[:, SKIPPED:] for part in parts)
            return items, (read.lengths - SKIPPED).clamp_min(0), to_now, from_first
        width = min(RECENT, self.max_seq_length)
        lengths = read.lengths.clamp_max(width)
        columns = torch.arange(width, device=lengths.device) + (read.lengths - lengths).unsqueeze(1)
        inside = columns < read.lengths.unsqueeze(1)
        columns = columns.clamp_max(self.max_seq_length - 1)
        items, to_now, from_first = (
            part.gather(1, columns) * inside for part in (read.items, read.time.to_now, read.time.from_first)
        )
        return items, lengths, to_now, from_first

    # ---- what depends on the candidate ------------------------------------------------------------------------------

    def match(self, state: Encoded, items: Tensor) -> Match:
        """Steps 1-7 as far as a candidate takes part, for ``items [B, C]`` or ``[1, C]``."""
        v = self.embedding(items)  # [B or 1, C, D]
        u_long, weights = self.long_interest(state, v)  # [B, C, 2D]
        item_part = v[..., : self.embedding.item.embedding_dim]
        u_current, a_current = (
            part.squeeze(2) for part in self.current_attention(state.current, item_part)
        )  # (4) [B, C, D]
        u_sequence, a_sequence = self.sequence_attention(state.sequence, v)  # (5) [B, C, D]
        u_short = torch.cat([u_sequence, u_current], dim=-1)  # [B, C, 2D]
        alpha = torch.sigmoid(self.fusion(state.g, u_long, u_short, v, state.age))  # (6) [B, C, 1]
        alpha = self.fusion_weight(alpha)
        u = torch.lerp(u_short, u_long, alpha)
        logits = self.head(u, v).squeeze(-1)  # (7) [B, C]
        return Match(logits, alpha.squeeze(-1), (u_long, u_short, *weights, a_current, a_sequence))

    def long_interest(self, state: Encoded, v: Tensor) -> tuple[Tensor, tuple[Any, ...]]:
        """Steps 1-3: ``u_L [B, C, 2D]``, and what is behind it."""
        h, a_events = self.session_attention(state.long, v)  # (1) [B, C, N, D]
        n_rows, n_candidates = h.shape[:2]
        lengths = state.n_long.unsqueeze(1).expand(-1, n_candidates).flatten()
        h_gru, last = self.session_gru(h.flatten(0, 1), lengths)  # (2)
        both = torch.stack([h_gru.view_as(h), h], dim=3)  # [B, C, N, 2, D]
        v = v.expand(n_rows, -1, -1)
        q = torch.cat([state.q_long.unsqueeze(1).expand_as(v), v], dim=-1)  # [B, C, 2D]
        query = Projected(*(part[:, :, None, None] for part in self.long_attention.query(q)))
        logits = self.long_attention(self.long_attention.keys(both), query, groups=2)  # (3) [B, C, N, 2]
        absent = torch.arange(h.shape[2], device=h.device) >= state.n_long.view(-1, 1, 1)
        a = logits.masked_fill(absent.unsqueeze(3), torch.finfo(logits.dtype).min).softmax(dim=2)
        u = torch.einsum("bcnk,bcnkd->bckd", a, both).flatten(2)  # [B, C, 2D]
        return u, (a_events.unbind(2), a.unbind(3), h_gru.view_as(h), last.view(n_rows, n_candidates, -1))

    # ---- losses -----------------------------------------------------------------------------------------------------

    def auxiliary_loss(self, state: Encoded, match: Match) -> dict[str, Tensor]:
        """The contrast of views, and the discrepancy of the user tables."""
        terms = {}
        if self.options.contrastive_weight and state.read.views:
            terms["contrastive"] = self.options.contrastive_weight * match.logits.shape[1] * self.contrast(state)
        if self.options.discrepancy_weight:
            gap = losses.squared_gap(self.user_long, self.user_short, state.read.users)
            terms["discrepancy"] = -self.options.discrepancy_weight * gap
        return terms

    def contrast(self, state: Encoded) -> Tensor:
        """Step 8: ``-mean_i [s_ii - ln(sum_j e^s_ij + sum_j e^s_ji - e^s_ii)]`` over eligible instances; 0 without any."""
        eligible = torch.stack([real.sum(1) > self.options.length_threshold for _, real in state.read.views]).all(0)
        here = group.number_of_each(int(eligible.sum()))  # in each process; M in all
        if not sum(here):
            return state.g.new_zeros(())
        items, real = (torch.cat([part[eligible] for part in parts]) for parts in zip(*state.read.views, strict=True))
        both = F.normalize(self.view(items, real), dim=1, eps=1e-6)
        z_1, z_2 = (group.rows_of_all(of_view) for of_view in both.chunk(2))
        s = z_1 @ z_2.t() / self.options.temperature  # [M, M]
        own = torch.eye(len(s), dtype=torch.bool, device=s.device)
        others = torch.cat([s, s.t().masked_fill(own, float("-inf"))], dim=1)  # [M, 2M]
        rows = (others.logsumexp(1) - s.diagonal()).split(here)[group.rank()]
        return rows.sum() / len(s)

    def view(self, items: Tensor, real: Tensor) -> Tensor:
        """The mean over a view's events of SA_current, ``[B, D]``."""
        mask = real.unsqueeze(2)
        return (self.encode_session(items, real) * mask).sum(1) / mask.sum(1).clamp_min(1)

    def losses(self, interaction: Interaction) -> dict[str, Tensor]:
        """Returns ``data``, ``contrastive``, ``discrepancy`` and ``l2``; P's share of it once per candidate row."""
        terms = super().losses(interaction)
        if self.reg_weight:
            rows = interaction[self.NEG_ITEM_ID].numel() + len(interaction[self.POS_ITEM_ID])
            more = sum(group.number_of_each(rows)) - 1
            terms["l2"] = terms["l2"] + 0.5 * self.reg_weight * more * losses.squared_sum([self.position])
        return terms

    # ---- what the base class asks for -------------------------------------------------------------------------------

    def involved_items(self, state: Encoded) -> Tensor:
        """Returns the items of histories, current sessions and views, padding among them."""
        read = state.read
        return torch.cat(
            [part.flatten() for part in (read.items, read.current[0], *(items for items, _ in read.views))]
        )

    def involved_rows(self, state: Encoded) -> list[tuple[nn.Embedding, Tensor]]:
        """Returns both user tables with the users of the batch."""
        users, _ = group.distinct_of_all(state.read.users)
        return [(table, users) for table in (self.user_long, self.user_short)]

    def floats_per_pair(self, state: Encoded) -> int:
        """Estimates the numbers that matching an instance with one candidate keeps alive."""
        return self._floats
