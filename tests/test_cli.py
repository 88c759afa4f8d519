"""What every command of the command line shares."""

import pytest

from recbole_lsrec.cli import main


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["strata", "run"], "--json"),
        (["strata", "run"], "--csv"),
        (["compare", "one", "two"], "--json"),
        (["counterfactual", "run"], "--json"),
        (["counterfactual", "run"], "--html"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_any_work(command, option, tmp_path, capsys):
    wanted = tmp_path / "missing" / "x"
    with pytest.raises(SystemExit) as ended:
        main([*command, option, str(wanted)])
    assert ended.value.code == 2
    assert f"the folder {wanted.parent} does not exist" in " ".join(capsys.readouterr().err.split())
