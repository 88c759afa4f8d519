"""SLSRec once more, equation by equation with loops over instances, sessions and events: slow, plain, independent.

It shares no code with the model; it reads the model's weights only. Default options of the presets `literal` and
`lineage`. Notation as in the paper.
"""

from typing import Any

import torch
from recbole.data.interaction import Interaction
from torch import Tensor


def fcn(network: Any, rows: Tensor, training: bool) -> Tensor:
    """Linear -> batch norm -> ReLU, ..., linear, on concatenated rows."""
    for number, layer in enumerate(network.linears):
        rows = rows @ layer.weight.t() + layer.bias
        if number < len(network.norms):
            norm = network.norms[number]
            if training:
                mean, variance = rows.mean(0), ((rows - rows.mean(0)) ** 2).mean(0)
            else:
                mean, variance = norm.running_mean, norm.running_var
            rows = norm.weight * (rows - mean) / (variance + 1e-4) ** 0.5 + norm.bias
            rows = rows.clamp(min=0)
    return rows[:, 0]


def gru_step(gru: Any, x: Tensor, h: Tensor) -> Tensor:
    d = len(h)
    gates = torch.sigmoid(torch.cat([x, h]) @ gru.gate_kernel + gru.gate_bias)
    r, z = gates[:d], gates[d:]
    c = torch.tanh(torch.cat([x, r * h]) @ gru.candidate_kernel + gru.candidate_bias)
    return z * h + (1 - z) * c


def pool(w: Tensor, sessions: list[Tensor], v: Tensor) -> Tensor:
    """Eq. 7, 8."""
    if not sessions:
        return torch.zeros_like(v)
    e = torch.stack([h @ w @ v for h in sessions])
    a = e.exp() / e.exp().sum()
    return sum(a_i * h for a_i, h in zip(a, sessions, strict=True))


def cut(batch: Interaction, b: int) -> list[list[int]]:
    sessions: list[list[int]] = []
    previous = None
    for item, label in zip(batch["item_id_list"][b].tolist(), batch["session_id_list"][b].tolist(), strict=True):
        if label == 0:
            break
        if label != previous:
            sessions.append([])
        sessions[-1].append(item)
        previous = label
    return sessions


def majority(categories: list[int]) -> int:
    most = max(categories.count(c) for c in categories)
    leading = {c for c in categories if categories.count(c) == most}
    return leading.pop() if len(leading) == 1 else categories[-1]


def attention_logits(module: Any, events: list[tuple[Tensor, Tensor]], additive: bool, training: bool) -> Tensor:
    """Logits of (event, candidate) pairs; batch statistics run over all of them."""
    if not events:
        return torch.zeros(0)
    if additive:
        return torch.stack([(x @ module.attention.matrix) @ module.attention.vector for x, _ in events])
    keys = [(x @ module.attention.matrix, v) for x, v in events]
    return fcn(module.attention.fcn, torch.stack([torch.cat([k, v, k - v, k * v]) for k, v in keys]), training)


def run(model: Any, batch: Interaction, preset: str, training: bool) -> dict[str, Tensor]:
    """Returns logits, alpha ``[B, C]``, the terms of the loss, and what led to them."""
    additive = preset == "literal"
    categories = model.embedding.item_category.tolist()

    def embed(item: int) -> Tensor:
        return torch.cat([model.embedding.item.weight[item], model.embedding.category.weight[categories[item]]])

    n = len(batch["item_id"])
    items = torch.cat([batch["item_id"].unsqueeze(1), batch["neg_item_id"]], dim=1).tolist()
    pairs = [(b, c) for b in range(n) for c in range(len(items[0]))]
    histories = [cut(batch, b) for b in range(n)]

    # Attention weights of every (instance, candidate, session): logits all at once for batch norm, softmax in each.
    weights: dict[tuple[int, int, int], Tensor] = {}
    for is_current, module in ((True, model.current_attention), (False, model.long_attention)):
        wanted = [
            (b, c, s) for b, c in pairs for s in range(len(histories[b])) if (s == len(histories[b]) - 1) == is_current
        ]
        events = [(embed(i), embed(items[b][c])) for b, c, s in wanted for i in histories[b][s]]
        logits = list(attention_logits(module, events, additive, training))
        for b, c, s in wanted:
            size = len(histories[b][s])
            e = torch.stack(logits[:size])
            del logits[:size]
            weights[b, c, s] = e.exp() / e.exp().sum()

    u_long, u_short, targets, has_long = [], [], [], []
    for b, c in pairs:
        *earlier, current = histories[b]
        v = embed(items[b][c])
        h = [
            sum(a * embed(i) for a, i in zip(weights[b, c, s], session, strict=True))  # (5)
            for s, session in enumerate(earlier)
        ]
        h_prime, state = [], torch.zeros_like(v)
        for h_n in h:  # (6)
            state = gru_step(model.gru, h_n, state)
            h_prime.append(state)
        w = model.waam.alignment.matrix
        u_long.append(torch.cat([pool(w, h, v), pool(w, h_prime, v)]))  # (7)-(9)
        star = majority([categories[i] for i in current])
        a = weights[b, c, len(earlier)]
        u_s = sum(a_j * embed(i) for a_j, i in zip(a, current, strict=True))  # (2)
        u_c = sum(a_j * embed(i) * (categories[i] == star) for a_j, i in zip(a, current, strict=True))  # (3)
        u_short.append(torch.cat([u_s, u_c]))  # (4)
        targets.append(v)
        has_long.append(bool(earlier))

    long, short, v = torch.stack(u_long), torch.stack(u_short), torch.stack(targets)
    alpha = torch.sigmoid(fcn(model.fusion, torch.cat([long, short, v], dim=1), training))  # (10)
    u = alpha[:, None] * long + (1 - alpha[:, None]) * short  # (11)
    logits = fcn(model.head, torch.cat([u, v], dim=1), training).view(n, -1)  # (12)

    terms = []
    for number, (b, _) in enumerate(pairs):
        *earlier, current = histories[b]
        if not earlier:
            continue
        proxy_long = torch.stack([embed(i) for s in earlier for i in s]).mean(0)  # (13)
        proxy_short = torch.stack([embed(i) for i in current]).mean(0)  # (14)
        total = 0
        big_l, big_s = proxy_long.repeat(2), proxy_short.repeat(2)
        for anchor, p, q in (
            (short[number], big_s, big_l),
            (long[number], big_l, big_s),
            (big_s, short[number], long[number]),
            (big_l, long[number], short[number]),
        ):
            if additive:  # eq. 16; distances halved because there are two halves
                total = total + (((anchor - p) ** 2).sum() / 2 - ((anchor - q) ** 2).sum() / 2 + 1).clamp(min=0)
            else:
                total = total + (((anchor - p) ** 2 - (anchor - q) ** 2 + 1).clamp(min=0)).sum() / 2
        terms.append(total)
    contrastive = 0.1 * sum(terms) / len(terms)  # (17), (19)

    if additive:  # (18)
        p = torch.sigmoid(logits)
        data = -(torch.log(p[:, :1]).sum() + torch.log(1 - p[:, 1:]).sum()) / logits.numel()
    else:
        data = -(logits.exp()[:, 0] / logits.exp().sum(1)).log().mean()

    involved = {i for b in range(n) for s in histories[b] for i in s} | {i for row in items for i in row}
    l2 = sum((model.embedding.item.weight[i] ** 2).sum() for i in involved)
    l2 = l2 + sum((model.embedding.category.weight[c] ** 2).sum() for c in {categories[i] for i in involved})
    l2 = l2 + sum((p**2).sum() for name, p in model.named_parameters() if not name.startswith("embedding."))
    return {
        "logits": logits,
        "alpha": alpha.view(n, -1),
        "data": data,
        "contrastive": contrastive,
        "l2": 0.5 * 1e-6 * l2,
    }
