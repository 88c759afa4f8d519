"""SLSRec.

Reference:
    Wei Zhou, Yue Shen, Junkai Ji, Yinglan Feng, Xing Tang, Xiuqiang He, Liang Feng, Zexuan Zhu. "SLSRec:
    Self-Supervised Contrastive Learning for Adaptive Fusion of Long- and Short-Term User Interests." arXiv:2604.04530.
    The authors' code is not public; it descends from LSIDN (https://github.com/zxyllq/LSIDN), which extends CLSR
    (https://github.com/tsinghua-fib-lab/CLSR).
"""

from typing import Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from recbole.data.interaction import Interaction
from torch import Tensor, nn

from recbole_lsrec.errors import ConfigError
from recbole_lsrec.model import losses
from recbole_lsrec.model.base import LongShortRecommender, Match
from recbole_lsrec.model.layers.fcn import FCN, Mixture
from recbole_lsrec.model.layers.precision import lerp
from recbole_lsrec.model.layers.proxy_gate import ProxyGate
from recbole_lsrec.model.layers.recurrent import GRU
from recbole_lsrec.model.layers.segments import Sessions, majority_category, segment_sum, split_sessions
from recbole_lsrec.model.layers.session_attention import WAAM, Prepared, SessionAttention
from recbole_lsrec.model.options.slsrec import SLSRecOptions


class Encoded(NamedTuple):
    """Histories, encoded as far as no candidate is needed."""

    sessions: Sessions
    x: Tensor  # [P, D] embedded events, those of long sessions first
    majority: Tensor | None  # [P_current] events of the majority category; None without the category mask
    current: Prepared | None  # None without the short-term encoder
    long: Prepared | None  # None without the long-term encoder
    u_short: Tensor | None  # [B, 1, 2D] if sessions are encoded without a candidate
    long_states: "tuple[Tensor, Tensor] | None"  # h and h' [B, 1, K, D], likewise
    proxies: "tuple[Tensor, Tensor] | None" = None  # [B, 1, D] each, where the gate asks for them


class Interests(NamedTuple):
    """What the contrastive loss compares."""

    long: Tensor | Mixture | None  # [B, C, 2D]
    short: Tensor | None  # [B, C or 1, 2D]


class SLSRec(LongShortRecommender):
    """Session-based long- and short-term interests, calibrated by contrast, fused by the candidate.

    A history is cut into sessions (1). The last one, the *current* session, gives the short-term interest: attention over
    its events, once over all of them and once over those of its majority category, ``u^S = u_s ; u_c`` (2)-(4). The long
    sessions before it give the long-term interest: attention makes one vector ``h`` of each (5), a GRU follows them,
    ``h'`` (6), and the candidate weighs both, ``u^L = u_h ; u_h'`` (7)-(9). A gate made from both interests and the
    candidate fuses them (10), (11); an MLP scores the result with the candidate (12). In training each interest is drawn
    to its proxy, the mean of the events it stands for, and away from the other's (13)-(17), beside the loss over the
    candidates (18), (19).

    Shapes: ``B`` instances, ``C`` candidates, ``P`` events of all histories in flat form, ``K`` long sessions
    (padded), ``D`` = ``embedding_size``. Where sessions are encoded without a candidate (``session_attention: additive``),
    ``C`` is 1 in everything before eq. 7.

    The paper leaves much open: docs/models/slsrec.md says how each point is decided, and lists the options. ``preset:
    literal | lineage`` takes the equations as printed, or the code base they grew from.

    Args:
        config: See ``properties/model/SLSRec.yaml``.
        dataset: See :class:`LongShortRecommender`.

    Raises:
        ConfigError: An option is not accepted, or the category mask is on and the data set has no categories.
    """

    options_class = SLSRecOptions
    options: SLSRecOptions

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        o, d = self.options, self.embedding.size
        self.without = frozenset(o.without)
        if dataset.item_category is None and (reason := o.without_categories()):
            raise ConfigError(reason)
        self.has_long, self.has_short = "long" not in self.without, "short" not in self.without
        self.has_fusion = self.has_long and self.has_short
        self.has_contrast = self.has_fusion and "cl" not in self.without

        def attention() -> SessionAttention:
            return SessionAttention(o.session_attention, d, o.attention_hidden_sizes)

        if self.has_short:
            self.current_attention = attention()
        if self.has_long:
            self.long_attention = attention()
            self.gru = GRU(d, d)
            self.waam = WAAM(d)
        if self.has_fusion:
            layers = o.fusion_gate == "layers"
            self.fusion = FCN([2 * d, 2 * d, d], o.alpha_hidden_sizes) if layers else ProxyGate()
        self.head = FCN([2 * d, d], o.head_hidden_sizes, 1, self.prior_logit(config), o.head_dropout_prob)
        self.dropout = nn.Dropout(o.embedding_dropout_prob)
        # Numbers that matching one candidate with an event, and with an instance, keeps alive: see floats_per_pair.
        per_pair = 12 * d + 3 * sum(o.head_hidden_sizes) + 3 * sum(o.alpha_hidden_sizes)
        self._floats = (3 * d + 3 * sum(o.attention_hidden_sizes), per_pair)

    # ---- 3.1-3.3 what depends on the history only -------------------------------------------------------------------

    def encode(self, interaction: Interaction) -> Encoded:
        """Cuts histories into sessions (eq. 1) and encodes them as far as no candidate is needed."""
        item_seq, session_seq = interaction[self.ITEM_SEQ], interaction[self.SESSION_SEQ]  # [B, L]
        sessions = split_sessions(item_seq, session_seq, interaction[self.ITEM_SEQ_LEN])
        x = self.dropout(self.embedding(sessions.items))  # [P, D]
        n_rows = sessions.n_rows
        (x_long, x_current), (long_counts, counts), (long_row, row) = map(
            sessions.parts, (x, sessions.counts, sessions.row)
        )

        current = long = majority = u_short = long_states = None
        if self.has_short:
            current = self.current_attention.prepare(x_current, counts, row, row, n_rows, n_rows)
            if "cate" not in self.without:
                category = self.embedding.category_of(sessions.parts(sessions.items)[1])
                majority = majority_category(category, counts, row, n_rows, self.options.category_tie)
            if not self.current_attention.candidate_dependent:
                u_short = self.short_interest(current, majority)  # [B, 1, 2D]
        if self.has_long:
            slots = n_rows * sessions.max_long
            long = self.long_attention.prepare(x_long, long_counts, long_row, sessions.long_session, n_rows, slots)
            if not self.long_attention.candidate_dependent:
                long_states = self.long_states(sessions, long)  # 2 x [B, 1, K, D]
        state = Encoded(sessions, x, majority, current, long, u_short, long_states)
        if self.has_fusion and self.options.fusion_gate == "proxies":
            long_proxy, short_proxy = self.proxies(state)
            state = state._replace(proxies=(long_proxy.unsqueeze(1), short_proxy.unsqueeze(1)))
        return state

    # ---- 3.2 short-term interest ------------------------------------------------------------------------------------

    def short_interest(self, current: Prepared, majority: Tensor | None, v: Tensor | None = None) -> Tensor:
        """Eq. 2-4: ``u^S = u_s ; u_c`` of the current session, ``[B, C, 2D]``."""
        a = self.current_attention.weights(current, v)  # [P_current, C]
        masked = a if majority is None else a * majority.unsqueeze(1)
        both = torch.stack([a, masked], dim=2)  # [P_current, C, 2]
        u = self._pool(both.flatten(1), current)  # (2), (3) [B, 2C, D]
        return u.view(u.shape[0], -1, 2 * u.shape[2])  # (4)

    # ---- 3.3 long-term interest -------------------------------------------------------------------------------------

    def long_states(self, sessions: Sessions, long: Prepared, v: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Eq. 5, 6: ``h`` of each long session and ``h'``, the GRU's states over them, both ``[B, C, K, D]``."""
        a = self.long_attention.weights(long, v)  # [P_long, C]
        h = self._pool(a, long)  # (5) [B * K, C, D]
        h = h.view(sessions.n_rows, sessions.max_long, *h.shape[1:]).transpose(1, 2).contiguous()  # [B, C, K, D]
        lengths = sessions.n_long.repeat_interleave(h.shape[1])
        h_gru, _ = self.gru(h.flatten(0, 1), lengths)  # (6) [B * C, K, D]
        return h, h_gru.view_as(h)

    def long_interest(self, h: Tensor, h_gru: Tensor, v: Tensor, n_long: Tensor) -> Tensor | Mixture:
        """Eq. 7-9: ``u^L = u_h ; u_h'``, both pooled by the candidate, ``[B, C, 2D]``; 0 if k = 1.

        In evaluation it stays a mixture of the sessions where that is less work and they are common to the candidates.
        """
        absent = torch.arange(h.shape[2], device=h.device) >= n_long.unsqueeze(1)  # [B, K]
        asked = self.waam.ask(v, absent, by_candidate=h.shape[1] > 1)
        rows, width, c = 2 * h.shape[2], 2 * h.shape[3], v.shape[1]
        less_work = rows * (width + c) < c * width  # products for each hidden unit of the layer that follows
        if not self.training and h.shape[1] == 1 and less_work:
            a = torch.cat([self.waam.weights(h, *asked), self.waam.weights(h_gru, *asked)], dim=3)
            d = self.embedding.size
            sessions = torch.cat([F.pad(h, (0, d)), F.pad(h_gru, (d, 0))], dim=2)  # [B, 1, 2K, 2D]
            return Mixture(a.squeeze(1), sessions.squeeze(1))  # a [B, C, 2K]
        return torch.cat([self.waam(h, *asked), self.waam(h_gru, *asked)], dim=-1)  # (9)

    # ---- 3.4 fusion and prediction ----------------------------------------------------------------------------------

    def match(self, state: Encoded, items: Tensor) -> Match:
        """Scores ``items [B, C]`` or ``[1, C]``: eq. 7-12, and eq. 2-6 too where attention asks for the candidate."""
        v = self.dropout(self.embedding(items))  # [B or 1, C, D]
        n_long = state.sessions.n_long
        u_long: Tensor | Mixture | None = None
        u_short = alpha = None
        if state.current is not None:
            u_short = state.u_short
            if u_short is None:
                u_short = self.short_interest(state.current, state.majority, v)  # [B, C, 2D]
        if state.long is not None:
            h, h_gru = state.long_states or self.long_states(state.sessions, state.long, v)
            u_long = self.long_interest(h, h_gru, v, n_long)  # [B, C, 2D]

        if u_long is not None and u_short is not None:
            alpha = torch.sigmoid(self.fusion(*(state.proxies or (u_long, u_short)), v))  # (10) [B, C, 1]
            alpha = self.fusion_weight(alpha)
            u = fuse(u_long, u_short, alpha)  # (11)
        else:
            u = cast("Tensor | Mixture", u_short if u_long is None else u_long)  # one of them is there
        logits = self.head(u, v).squeeze(-1)  # (12) [B, C]
        return Match(logits, None if alpha is None else alpha.squeeze(-1), Interests(u_long, u_short))

    # ---- 3.5 contrastive learning -----------------------------------------------------------------------------------

    def proxies(self, state: Encoded) -> tuple[Tensor, Tensor]:
        """Eq. 13, 14: mean embedding of the first k-1 sessions (0 if k = 1) and of the current one, each ``[B, D]``."""
        s = state.sessions
        long_row, row = s.parts(s.row)
        part = torch.cat([long_row, row + s.n_rows])  # [P] of the 2B parts of histories
        total = segment_sum(state.x * s.counts.unsqueeze(1), part, 2 * s.n_rows)  # [2B, D]
        size = segment_sum(s.counts, part, 2 * s.n_rows).clamp_min(1)
        long, short = (total / size.unsqueeze(1)).chunk(2)
        return long, short

    def auxiliary_loss(self, state: Encoded, match: Match) -> dict[str, Tensor]:
        """Eq. 15-17 with the weight of eq. 19."""
        long, short = match.interests
        if not self.has_contrast:
            return {}
        long = long.dense() if isinstance(long, Mixture) else long
        # u has 2D features, a proxy D: each half against the proxy, distances halved.
        long_proxy, short_proxy = (proxy.unsqueeze(1).repeat(1, 1, 2) for proxy in self.proxies(state))  # [B, 1, 2D]
        rows = losses.interest_contrast(
            long,
            short,
            long_proxy,
            short_proxy,
            self.options.contrastive_loss,
            self.options.contrastive_margin,
            scale=0.5,
        )  # (17) [B, C]
        eligible = (state.sessions.n_long > 0).unsqueeze(1)
        return {"contrastive": self.options.contrastive_weight * losses.mean_over(rows, eligible)}

    # ---- what the base class asks for -------------------------------------------------------------------------------

    def involved_items(self, state: Encoded) -> Tensor:
        """Returns the items of the histories, ``[P]``."""
        return state.sessions.items

    def floats_per_pair(self, state: Encoded) -> int:
        """Estimates the numbers that matching an instance with one candidate keeps alive."""
        per_event, per_pair = self._floats
        s = state.sessions
        if state.u_short is None and state.long_states is None:
            # h and h' are per candidate as well, with what the GRU keeps of each step.
            per_pair += per_event * -(-len(s.items) // s.n_rows) + 10 * self.embedding.size * s.max_long
        return per_pair + 4 * s.max_long

    @staticmethod
    def _pool(a: Tensor, prepared: Prepared) -> Tensor:
        """Weighted sums of the values over sessions: ``a [P, C]`` to ``[S, C, D]``."""
        return segment_sum(a.unsqueeze(2) * prepared.values.unsqueeze(1), prepared.session, prepared.n_sessions)


def fuse(u_long: Tensor | Mixture, u_short: Tensor, alpha: Tensor) -> Tensor | Mixture:
    """Eq. 11: ``alpha u^L + (1 - alpha) u^S``; of a mixture again a mixture, with ``u^S`` as one row more."""
    if not isinstance(u_long, Mixture):
        return lerp(u_short, u_long, alpha)
    weights = torch.cat([alpha * u_long.weights, 1 - alpha], dim=2)  # [B, C, 2K + 1]
    return Mixture(weights, torch.cat([u_long.rows, u_short], dim=1))
