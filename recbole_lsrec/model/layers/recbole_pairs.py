"""RecBole's networks for a pair of history event and candidate, on the pairs that are wanted.

RecBole lays them out as ``[rows, L]``, one row per candidate, padding included.
Shape letters: ``B`` instances, ``N`` items with padding, ``H`` numbers of an item, features included, ``M`` pairs.
"""

from collections.abc import Iterator

import torch
from recbole.model.layers import ContextSeqEmbLayer, MLPLayers, SequenceAttLayer
from torch import Tensor, nn

from recbole_lsrec.model.layers.cache_blocks import CPU_BLOCK


def feature_vectors(layer: ContextSeqEmbLayer, users: Tensor, n_items: int) -> tuple[Tensor, Tensor]:
    """Vectors of the users ``[B, .]`` and of all items ``[N, H]``, of all features that the layer reads."""
    items = torch.arange(n_items, device=users.device).unsqueeze(0)
    tables = layer(users, items)  # tokens; numbers
    of_user, of_item = (
        torch.cat([table[kind] for table in tables if table[kind] is not None], dim=-2).flatten(-2)
        for kind in ("user", "item")
    )
    return of_user, of_item.squeeze(0)


def attention_logits(
    layer: SequenceAttLayer, queries: Tensor, query: Tensor, keys: Tensor, key: Tensor, memory: int
) -> Tensor:
    """What the layer gives ``queries[query]`` and ``keys[key]`` before masks and softmax, ``[M]``.

    Args:
        layer: RecBole's.
        queries: ``[., H]``.
        query: ``[M]`` row of each pair's query.
        keys: ``[., H]``.
        key: ``[M]`` row of each pair's key.
        memory: bytes that may be held about.
    """
    logits = queries.new_empty(len(query))
    for part in _blocks(layer.att_mlp_layers, len(query), memory, queries.device):
        q, k = queries[query[part]], keys[key[part]]
        hidden = layer.att_mlp_layers(torch.cat([q, k, q - k, q * k], dim=1))
        logits[part] = layer.dense(hidden).squeeze(1)
    return logits / queries.shape[1] ** 0.5


def head_scores(network: MLPLayers, last: nn.Linear, given: Tensor, memory: int) -> Tensor:
    """Probabilities ``[B, C]`` out of what RecBole's head is given, ``[B, C, .]``."""
    rows = given.flatten(0, 1)
    logits = [last(network(rows[part])) for part in _blocks(network, len(rows), memory, rows.device)]
    return torch.cat(logits).view(given.shape[:2]).sigmoid()


def _blocks(network: MLPLayers, n: int, memory: int, device: torch.device) -> Iterator[slice]:
    """Cuts of ``n`` rows of which a network holds as much at a time as a cache, or the memory, has room for."""
    size = max(1, memory // (8 * sum(network.layers)))  # each layer twice: before and after its activation
    if device.type == "cpu":
        size = min(size, CPU_BLOCK)
    return (slice(at, at + size) for at in range(0, n, size))
