"""RecBole's networks for a pair of history event and candidate, on the pairs that are wanted.

RecBole lays them out as ``[rows, L]``, one row per candidate, padding included.
Shape letters: ``B`` instances, ``N`` items with padding, ``H`` numbers of an item, features included, ``M`` pairs.
"""

from collections.abc import Iterator

import torch
from recbole.model.layers import ContextSeqEmbLayer, MLPLayers, SequenceAttLayer
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_linear_bn_eval

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

    Its first layer is not split into parts of query and key: at RecBole's default widths that is no faster.

    Args:
        layer: RecBole's.
        queries: ``[., H]``.
        query: ``[M]`` row of each pair's query.
        keys: ``[., H]``.
        key: ``[M]`` row of each pair's key.
        memory: bytes that may be held about.
    """
    logits = queries.new_empty(len(query))
    for part in _blocks(layer, len(query), memory, queries.device):
        q, k = queries[query[part]], keys[key[part]]
        hidden = layer.att_mlp_layers(torch.cat([q, k, q - k, q * k], dim=1))
        logits[part] = layer.dense(hidden).squeeze(1)
    return logits / queries.shape[1] ** 0.5


def folded_head(network: MLPLayers, last: nn.Linear) -> nn.Sequential:
    """RecBole's last layers in evaluation: batch norms folded, and Dice, whose alpha RecBole leaves at 0, as the SiLU it is."""
    linear = [layer for layer in network.mlp_layers if isinstance(layer, nn.Linear)]
    norms = [layer for layer in network.mlp_layers if isinstance(layer, nn.BatchNorm1d)]
    folded = [fuse_linear_bn_eval(*pair) for pair in zip(linear, norms, strict=True)]
    return nn.Sequential(*(layer for one in folded for layer in (one, nn.SiLU(inplace=True))), last, nn.Sigmoid())


def head_scores(head: nn.Sequential, given: Tensor, memory: int) -> Tensor:
    """Probabilities ``[B, C]`` out of what the last layers are given, ``[B, C, .]``, some pairs at a time."""
    rows = given.flatten(0, 1)
    parts = [head(rows[part]) for part in _blocks(head, len(rows), memory, rows.device)]
    return torch.cat(parts).view(given.shape[:2])


def _blocks(network: nn.Module, n: int, memory: int, device: torch.device) -> Iterator[slice]:
    """Cuts of ``n`` rows of which a network holds as much at a time as a cache, or the memory, has room for."""
    widths = [layer.in_features for layer in network.modules() if isinstance(layer, nn.Linear)]
    size = max(1, memory // (8 * sum(widths)))  # each twice: before and after an activation
    if device.type == "cpu":
        size = min(size, CPU_BLOCK)
    return (slice(at, at + size) for at in range(0, n, size))
