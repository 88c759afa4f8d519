import pytest
import torch

from recbole_lsrec.model.layers.cache_blocks import blocks


@pytest.mark.parametrize(
    ("device", "rows", "each", "expected"),
    [
        ("cpu", 5000, 1, [(0, 2048), (2048, 4096), (4096, 6144)]),
        ("cpu", 3, 2000, [(0, 1), (1, 2), (2, 3)]),
        ("meta", 5000, 1, [(0, 5000)]),
        ("cpu", 0, 1, []),
        ("meta", 0, 5, []),  # no user of a batch has an earlier session
    ],
)
def test_rows_are_cut_on_a_cpu_alone(device, rows, each, expected):
    cuts = blocks(torch.empty(rows, 2, device=device), each)
    assert [(cut.start, cut.stop) for cut in cuts] == expected
