"""The lines of ``leaderboard-pairs.csv``."""

from types import SimpleNamespace

from recbole_lsrec.leaderboard.page.write import pair_lines


def test_a_p_below_every_float_is_not_written_as_0():
    pair = SimpleNamespace(a="M1", b="M2", difference=0.5, low=0.4, high=0.6, p=0.0, p_holm=1e-320)
    models = [SimpleNamespace(name="M1", label="A"), SimpleNamespace(name="M2", label="B")]
    found = SimpleNamespace(models=models, pairs=[pair], protocol="full", metric="mrr", corrected=False)
    section = SimpleNamespace(dataset="tiny", tables=[SimpleNamespace(comparison=found)], corrected_tests=[])
    (line,) = pair_lines(SimpleNamespace(sections=[section]))
    assert line[5:] == ["0.500000", "0.400000", "0.600000", "2.22507e-308", "2.22507e-308", ""]
