"""The index of the published boards."""

import importlib.util
from pathlib import Path

from click.testing import CliRunner

spec = importlib.util.spec_from_file_location("make_results", Path(__file__).parents[1] / "docs" / "make_results.py")
assert spec is not None
assert spec.loader is not None
make_results = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_results)


def test_two_boards_of_one_name_are_refused(tmp_path: Path) -> None:
    boards = [tmp_path / part / "cosmetics" for part in ("one", "two")]
    for board in boards:
        board.mkdir(parents=True)
    found = CliRunner().invoke(make_results.main, [str(tmp_path / "out"), *map(str, boards)])
    assert found.exit_code == 1
    assert "two boards are called cosmetics, and their tables would be one file" in found.output
    assert not (tmp_path / "out").exists()


def test_titles_and_verdicts_are_shown_as_they_are() -> None:
    tables = [{"protocol": "full", "verdict": "A_x is best in mrr."}]
    report = {
        "title": "a *b*",
        "finished": "today",
        "command": "go",
        "datasets": [{"dataset": "d_1", "tables": tables}],
    }
    lines = make_results.index("board", report, {"train_seconds": 60})
    assert lines[0] == r"## a \*b\* (d\_1; 60 s)"
    assert lines[-1] == r"* d\_1, full: A\_x is best in mrr."
