"""What holds for every log: ids survive byte for byte, order and times are exact, no row is unaccounted for."""

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from recbole_lsrec.prepare.command import Options, prepare
from tests.prepare.conftest import read

# Any text without control characters: those that no atomic file can hold.
IDS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=8).filter(
    lambda word: word != "[PAD]"
)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(IDS, IDS, st.integers(1_000_000_000, 1_000_000_005)), min_size=1, max_size=15))
def test_ids_survive_and_rows_are_sorted(rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([("user", "item", "time"), *rows])
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "log.csv").write_text(text.getvalue(), encoding="utf-8", newline="")
        prepare("csv", [Path(folder) / "log.csv"], Path(folder), "made", Options(separator=","))
        events, _, meta = read(Path(folder) / "made", "made")
    expected = sorted(rows, key=lambda row: (row[0].encode(), row[2]))
    assert events == ["|".join([user, item, str(time)]) for user, item, time in expected]
    assert meta["statistics"]["users"] == len({row[0] for row in rows})
    assert meta["statistics"]["items"] == len({row[1] for row in rows})
