"""Columns that settings name."""

import pytest

from recbole_lsrec.errors import DataError
from tests.data.test_dataset import ROWS


@pytest.mark.parametrize(
    ("unused", "message"),
    [
        ({"inter": ["item_id"]}, "unused_col: inter: found 'item_id', which is the ITEM_ID_FIELD"),
        ({"inter": ["timestamp"]}, "unused_col: inter: found 'timestamp', which is the TIME_FIELD"),
        (
            {"item": ["price"]},
            r"unused_col: found 'item'; accepted: files that columns are loaded from \(\['inter'\]\)",
        ),
        (
            {"inter": ["price"]},
            r"unused_col: inter: found 'price'; accepted: further columns loaded from that file \(none\)",
        ),
    ],
)
def test_what_every_batch_is_made_of_or_no_column_cannot_be_unused(load, unused, message):
    with pytest.raises(DataError, match=message):
        load(ROWS, unused_col=unused)


def test_other_columns_can(load):
    log = load(
        [(*row, 5) for row in ROWS],
        "user_id:token\titem_id:token\ttimestamp:float\tprice:float",
        unused_col={"inter": ["price"]},
    )
    assert "price" not in log.build()[0].events
