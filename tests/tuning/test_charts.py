"""What the panels of a search write at their axes."""

import re
from pathlib import Path
from types import SimpleNamespace

from recbole_lsrec.tuning.charts import by_epoch, by_setting
from recbole_lsrec.tuning.settings import Trial
from recbole_lsrec.tuning.space import read_space

CHOICES = [{"distribution": "in_batch", "sample_num": 4}, {"distribution": "popularity", "sample_num": 20}]
SPACE = {
    "train_neg_sample_args": {"choice": CHOICES},
    "n_layers": {"choice": [1, 2]},
    "hidden_act": {"choice": ["gelu", "relu"]},
}


def words(svg: str) -> list[str]:
    return [found.strip() for found in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]


def search(**drawn: object) -> SimpleNamespace:
    trial = Trial("one", drawn, "finished", None, 0.3, [{"epoch": 1, "score": 0.3, "seconds": 2.0}], 0.0, 2.0)
    return SimpleNamespace(trials=[trial], best_trial="one", metric="MRR@10", folder=Path())


def test_long_choices_stand_in_lines_at_the_side_and_short_ones_below() -> None:
    negatives, layers, words_to_choose = read_space(SPACE, "SASRec").domains
    written = words(by_setting(search(train_neg_sample_args=CHOICES[0]), negatives).svg)
    assert {'"in_batch",', '"popularity",', "validation MRR@10"} <= set(written)
    written = words(by_setting(search(n_layers=2), layers).svg)
    assert {"1", "2", "n_layers", "validation MRR@10"} <= set(written)
    assert {"gelu", "relu"} <= set(words(by_setting(search(hidden_act="relu"), words_to_choose).svg))


def test_epochs_are_whole_numbers() -> None:
    written = words(by_epoch(search()).svg)
    assert written[: written.index("epoch")] == ["1"]
