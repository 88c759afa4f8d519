import numpy as np
import pytest
import scipy.sparse as sp

from recbole_lsrec.config import Config
from recbole_lsrec.model.general_recommender.graph import normalised_adjacency
from recbole_lsrec.quick_start import build_model
from recbole_lsrec.run_data import load_data

# Two users, three items; user 0 met items 0 and 1, user 1 met item 1; item 2 is alone.
EDGES = sp.coo_matrix(np.array([[1.0, 5.0, 0.0], [0.0, 1.0, 0.0]]))


def test_an_edge_is_weighted_by_the_roots_of_both_degrees():
    found = normalised_adjacency(EDGES, -0.5, -0.5).to_dense().numpy()
    expected = np.zeros((5, 5))
    expected[0, 2] = expected[2, 0] = 1 / np.sqrt(2 * 1)
    expected[0, 3] = expected[3, 0] = 1 / np.sqrt(2 * 2)
    expected[1, 3] = expected[3, 1] = 1 / np.sqrt(1 * 2)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_random_walk_leaves_each_node_with_probability_one():
    found = normalised_adjacency(EDGES, -1, 0).to_dense().numpy()
    np.testing.assert_allclose(found.sum(axis=1), [1, 1, 1, 1, 0], rtol=1e-6)
    np.testing.assert_allclose(found[3, :2], [0.5, 0.5], rtol=1e-6)


@pytest.mark.parametrize("name", ["LightGCN", "NGCF", "GCMC"])
def test_the_models_hold_that_matrix_of_their_training_pairs(name, shop):
    config = Config(name, "shop", config_dict=shop)
    data = load_data(config)
    model = build_model(config, data)
    matrix = model.norm_adj_matrix if name != "GCMC" else model.Graph
    pairs = data.train.dataset
    assert matrix.coalesce().values().shape == (2 * len(pairs),)
    user, item = pairs.user[pairs.rows[0]], pairs.item[pairs.rows[0]]
    degrees = pairs.inter_matrix(form="csr")
    expected = 1 / np.sqrt(degrees[user].sum() * degrees[:, [item]].sum())
    assert matrix.to_dense()[user, pairs.user_num + item] == pytest.approx(expected, rel=1e-5)
