"""Names that no token may have."""

import pytest

from recbole_lsrec.errors import DataError
from tests.data.test_dataset import ROWS

ITEMS = "item_id:token\ttags:token_seq\nx\tred blue\ny\t\nz\tblue\n"


def test_names_that_are_free(load):
    assert load(ROWS, item_file=ITEMS, load_col=None).item_num == 4


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (
            ITEMS + "[PAD]\tred\n",
            r"tiny\.item, line 5: column 'item_id' holds '\[PAD\]', the name of the padding; give it",
        ),
        (
            ITEMS + "w\tred [PAD]\n",
            r"tiny\.item, line 5: column 'tags' holds '\[PAD\]', the name of the padding; give it",
        ),
        (
            ITEMS + ITEMS,
            r"tiny\.item, line 5: column 'item_id' holds 'item_id:token', as the header does; remove the line",
        ),
    ],
)
def test_names_that_are_taken(load, items, message):
    with pytest.raises(DataError, match=message):
        load(ROWS, item_file=items, load_col=None)
