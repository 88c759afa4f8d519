"""Every model of RecBole that we accept, unmodified or mended, trains, is evaluated and saved."""

import pytest

from recbole_lsrec.errors import ConfigError
from recbole_lsrec.quick_start import run_recbole_lsrec
from recbole_lsrec.registry import PLUGIN_MODELS, model_names

# These want more items than the small shop has.
ON_ML_100K = ("GRU4RecCPR", "SASRecCPR")
# Subclasses of RecBole's models under their names.
MENDED = [name for name, module in PLUGIN_MODELS.items() if ".general_recommender." in module] + [
    "DIN",
    "DIEN",
    "Markov",
]


@pytest.mark.parametrize("model", [*model_names()["recbole"], *MENDED])
def test_two_steps(shop, model):
    settings = {**shop, "train_steps": 2, "eval_args": {"mode": "uni9"}}
    if model in ON_ML_100K:
        of_shop = ("data_path", "load_col", "CATEGORY_FIELD")
        settings = {key: value for key, value in settings.items() if key not in of_shop}
    result = run_recbole_lsrec(model, "ml-100k" if model in ON_ML_100K else "shop", config_dict=settings)
    assert 0 < result["test_result"]["mrr"] < 1


@pytest.mark.parametrize(
    ("model", "setting", "message"),
    [
        (
            "NeuMF",
            {"use_pretrain": True},
            r"^NeuMF: cannot be built with its settings \(AttributeError: .*\)\. Change the setting that explains it; if none "
            r"does, report it where you got the package, with the traceback in the run's log\. Not the defaults are: .*"
            r"use_pretrain: True",
        ),
        (
            "Caser",
            {"embedding_size": 1},
            r"^Caser: cannot be evaluated with its settings \(RuntimeError: .*Not the defaults are: .*embedding_size: 1",
        ),
        (
            "CDAE",
            {"loss_type": "nosuch"},
            r"^CDAE: cannot be trained with its settings \(ValueError: Invalid loss_type",
        ),
    ],
)
def test_settings_that_a_model_of_recbole_cannot_take(shop, model, setting, message):
    with pytest.raises(ConfigError, match=message):
        run_recbole_lsrec(model, "shop", config_dict={**shop, **setting})
