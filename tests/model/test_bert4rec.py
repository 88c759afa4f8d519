"""BERT4Rec on whole sequences: its loss is RecBole's at the same masks, and training scores items as evaluation does."""

import pytest
import torch
from recbole.data.interaction import Interaction
from recbole.model.sequential_recommender import BERT4Rec as RecBoleBERT4Rec

from recbole_lsrec.config import Config
from recbole_lsrec.quick_start import build_model
from recbole_lsrec.run_data import load_data

SMALL = {"hidden_size": 16, "inner_size": 32, "hidden_dropout_prob": 0.0, "attn_dropout_prob": 0.0}


@pytest.fixture
def prepared(shop):
    """The loaders, and a model of which no parameter is 0."""
    config = Config("BERT4Rec", "shop", config_dict={**shop, **SMALL, "train_positions": "all", "mask_ratio": 0.4})
    data = load_data(config)
    model = build_model(config, data)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.3, generator=generator)
    return data, model


def test_the_loss_is_recboles_at_the_same_masks(prepared):
    data, model = prepared
    for batch in data.train:
        items, target = batch["item_id_list"], batch["next_item_id_list"]
        at = torch.where(target > 0, torch.arange(target.shape[1]), 0)  # RecBole's padding is place 0
        fields = {model.MASK_ITEM_SEQ: items, model.POS_ITEMS: target, model.NEG_ITEMS: target, model.MASK_INDEX: at}
        expected = RecBoleBERT4Rec.calculate_loss(model, Interaction(fields))
        torch.testing.assert_close(model.calculate_loss(batch), expected, rtol=1e-5, atol=1e-6)


def test_training_scores_a_masked_end_as_evaluation_does(prepared):
    """With the bias of the items, under every loss."""
    data, model = prepared
    model.eval()
    _, batch = next(iter(data.valid))
    full = model.full_sort_predict(batch)
    items = model.reconstruct_test_data(batch["item_id_list"], batch["item_length"])
    states = model.gather_indexes(model.position_states(items), batch["item_length"] - 1)
    torch.testing.assert_close(states @ model.item_table().t(), full, rtol=1e-5, atol=1e-5)
    some = torch.randint(1, data.dataset.item_num, (len(batch), 5), generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(model.score_candidates(batch, some), full.gather(1, some), rtol=1e-5, atol=1e-5)
