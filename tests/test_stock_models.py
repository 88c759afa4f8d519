"""Every sequential model of RecBole that we accept trains, is evaluated and saved, unmodified, on the session dataset."""

import pytest

from recbole_lsrec.quick_start import run_recbole_lsrec
from recbole_lsrec.registry import model_names


@pytest.mark.parametrize("model", model_names()["recbole"])
def test_two_steps(shop, model):
    result = run_recbole_lsrec(model, "shop", config_dict={**shop, "train_steps": 2, "eval_args": {"mode": "uni9"}})
    assert 0 < result["test_result"]["mrr"] < 1
