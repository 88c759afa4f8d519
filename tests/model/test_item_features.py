"""Whatever CATEGORY_FIELD names reaches RecBole's models that take item features, from either file."""

import pytest
import torch

from recbole_lsrec.config import Config
from recbole_lsrec.quick_start import build_model
from recbole_lsrec.run_data import load_data


@pytest.mark.parametrize("name", ["DIN", "DIEN", "SASRecF"])
def test_a_category_in_the_log_changes_the_score(name, shop):
    config = Config(name, "shop", config_dict=shop)
    data = load_data(config)
    model = build_model(config, data).eval()
    _, batch = data.test.make(data.test.dataset.rows[:8])
    layer = model.feature_embed_layer if name == "SASRecF" else model.embedding_layer
    assert "category_id" in layer.token_field_names["item"]
    before = model.predict(batch)
    layer.item_feat["category_id"] = (layer.item_feat["category_id"] + 1) % data.dataset.n_categories
    assert not torch.equal(model.predict(batch), before)


def test_selected_features_are_the_category_unless_set(shop):
    assert Config("SASRecF", "shop", config_dict=shop)["selected_features"] == ["category_id"]
    given = {**shop, "selected_features": ["brand"]}
    assert Config("SASRecF", "shop", config_dict=given)["selected_features"] == ["brand"]
    assert Config("SASRecF", "ml-100k")["selected_features"] == ["class"]
