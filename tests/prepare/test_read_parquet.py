"""Parquet files: every type as text, each value by itself."""

import uuid

import numpy as np
import pyarrow as pa
import pytest

from recbole_lsrec.errors import DataError
from tests.prepare.samples import parquet

TIMES = [1577836800, 1577836801, 1577836802, 1577836803]


def test_whether_a_float_is_whole_is_asked_of_each_value(prepared, monkeypatch):
    users = pa.array([0.0, -0.0, None, float("nan"), 3.5, 1e15])
    table = parquet(user=users, item=["a"] * 6, time=[*TIMES, 1577836804, 1577836805])
    events, _, meta = prepared("csv", {"log.parquet": table}, max_refused=0.5)
    assert [event.split("|")[0] for event in events] == ["0", "0", "1000000000000000", "3.5"]
    assert [entry["rows"] for entry in meta["account"]["refused"]] == [2]
    many = 1 << 18  # rows of a batch
    long = parquet(
        user=pa.array([0.0] * many + [0.0, 3.5]),
        item=["a"] * (many + 2),
        time=pa.array(range(1577836800, 1577836802 + many)),
    )
    assert prepared("csv", {"log.parquet": long}, name="long")[2]["statistics"]["users"] == 2


@pytest.mark.parametrize(("kind", "most"), [(np.float16, 2**11), (np.float32, 2**24), (np.float64, 2**53)])
def test_floats_that_lost_digits_are_refused_where_their_type_loses_them(prepared, kind, most):
    for column in ("user", "item", "time"):
        values = {"user": ["a"], "item": ["b"], "time": [1577836800], column: pa.array(np.array([most], kind))}
        found = (
            rf"column '{column}' holds numbers as floats that are too large to be exact \(2\*\*{most.bit_length() - 1} "
        )
        with pytest.raises(DataError, match=found):
            prepared("csv", {"log.parquet": parquet(**values)}, name=column)
    exact = parquet(user=["a"], item=pa.array(np.array([most - 1], kind)), time=[1577836800])
    assert prepared("csv", {"log.parquet": exact})[0] == [f"a|{most - 1}|1577836800"]


def test_a_feature_of_numbers_may_be_large_and_is_written_as_it_is(prepared):
    prices = pa.array(np.array([2.62, 3, 3e7, 1e-5], np.float32))
    table = parquet(user=["a"] * 4, item=["w", "x", "y", "z"], time=TIMES, price=prices)
    assert prepared("csv", {"log.parquet": table}, item_features=("price:float",))[1] == [
        "w|2.62",
        "x|3",
        "y|30000000",
        "z|0.00001",
    ]
    with pytest.raises(DataError, match="column 'price' holds numbers as floats that are too large"):
        prepared("csv", {"log.parquet": table}, item_features=("price",), name="token")


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pa.array([uuid.UUID(int=1).bytes], pa.binary(16)), r"fixed_size_binary\[16\]"),
        (pa.array([b"a"], pa.binary()), "binary"),
        (pa.array([b"a"], pa.large_binary()), "large_binary"),
    ],
)
def test_bytes_are_no_ids(prepared, column, kind):
    table = parquet(user=column, item=["x"], time=[1577836800])
    with pytest.raises(DataError, match=f"column 'user' holds {kind}; accepted: text, numbers, times"):
        prepared("csv", {"log.parquet": table})
