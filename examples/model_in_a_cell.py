# %% [markdown]
"""
# A model of your own, in a notebook

It asks whether a model of one's own, typed into a cell, beats the simplest thing there is, and what it recommends.

The model: the mean of the history is the long-term interest, its last item the short-term one.
"""

# %%
import pandas as pd
import torch
from own_log import SETTINGS, random_events, write_log
from torch import nn

from recbole_lsrec import LongShortRecommender, Recommender, load_run, run
from recbole_lsrec.model.base import Match


class MeanAndLast(LongShortRecommender):
    def __init__(self, config, dataset):
        super().__init__(config, dataset)
        self.gate = nn.Parameter(torch.zeros(()))

    def encode(self, interaction):
        items, length = interaction[self.ITEM_SEQ], interaction[self.ITEM_SEQ_LEN]
        real = torch.arange(items.shape[1], device=items.device) < length.unsqueeze(1)  # [B, L]
        x = self.embedding(items * real) * real.unsqueeze(-1)  # [B, L, D]
        last = x[torch.arange(len(x)), length - 1]  # [B, D]
        return x.sum(1) / length.unsqueeze(1), last, items * real

    def match(self, state, items):
        long, short, _ = state
        alpha = self.fusion_weight(torch.sigmoid(self.gate).expand(len(long), items.shape[1]))  # [B, C]
        user = alpha.unsqueeze(-1) * long.unsqueeze(1) + (1 - alpha).unsqueeze(-1) * short.unsqueeze(1)  # [B, C, D]
        return Match((user * self.embedding(items)).sum(-1), alpha)

    def involved_items(self, state):
        return state[2]


# %% [markdown]
"""The same budget, the same frozen candidates."""

# %%
write_log(random_events())
mine = run(MeanAndLast, "my_shop", config_dict=SETTINGS)
other = run("GRU4Rec", "my_shop", config_dict=SETTINGS)
metrics = ["ndcg@10", "hit@10", "mrr"]
table = pd.DataFrame({"mine": mine["test_result"], "GRU4Rec": other["test_result"]}).loc[metrics]
print(table)

# %% [markdown]
"""What it has learnt: how much of the long-term interest it mixes in."""

# %%
config, data, model = load_run(mine["run_folder"])
print(f"weight of the long-term interest: {torch.sigmoid(model.gate):.3f}")

# %% [markdown]
"""What it recommends to someone who saw three items."""

# %%
recommender = Recommender.load(mine["run_folder"])
print(recommender.recommend(["3", "5", "8"], k=5)[["rank", "item", "score", "alpha"]])
