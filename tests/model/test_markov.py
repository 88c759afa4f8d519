import numpy as np
import pytest

from recbole_lsrec.quick_start import build_model
from recbole_lsrec.run_data import load_data
from tests.data.conftest import load  # noqa: F401

LOG = [
    *(("ann", item, 10 * t) for t, item in enumerate("ababcab")),
    *(("bob", item, 10 * t + 5) for t, item in enumerate("abcda")),
]


def test_what_followed_the_last_item_comes_first_and_popularity_orders_the_rest(load):  # noqa: F811
    """Training events: a b a b c of ann, a b c of bob. After b came a once and c twice; shares are a 3/8, b 3/8, c 2/8."""
    log = load(LOG, model="Markov", eval_args={"mode": "full"})
    data = load_data(log.config)
    model = build_model(log.config, data)
    _, batch = data.valid.make(data.valid.dataset.rows)  # ann: target a after c; bob: target d after c
    ids = [data.dataset.field2token_id["item_id"][token] for token in "abcd"]
    batch["item_id_list"][0] = 0
    batch["item_id_list"][0, 0], batch["item_length"][0] = ids[1], 1
    scores = model.full_sort_predict(batch).numpy()[:, ids]
    after_b = np.array([(1 + 3 / 8) / 4, (3 / 8) / 4, (2 + 2 / 8) / 4, 0])
    after_c = np.array([3 / 8, 3 / 8, 2 / 8, 0])  # c never had a successor in training
    np.testing.assert_allclose(scores, [after_b, after_c], rtol=1e-12)
    assert model.predict(batch).numpy() == pytest.approx([after_b[0], after_c[3]])
