"""Which groups are tested against the others: those with users enough on both sides."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from recbole_lsrec.analysis.counterfactual.groups import Group
from recbole_lsrec.analysis.counterfactual.intervention import Intervention
from recbole_lsrec.analysis.counterfactual.tables import UNTOUCHED, alpha_statistics, differences_table
from recbole_lsrec.analysis.counterfactual.text import alpha_rows, notes
from recbole_lsrec.analysis.estimates import mean_estimate
from recbole_lsrec.analysis.user_metrics import Metric

FEW = "A group is not tested against the others where it or they have fewer than 30 users."


def tables(*sizes: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Differences and alpha of groups of so many users, a target each; alternate targets have 1 and 0, and 3 when shuffled."""
    user = np.arange(sum(sizes))
    edges = np.cumsum((0, *sizes))
    groups = [Group("all", "all", user >= 0)]
    for name, low, high in zip("abc", edges[:-1], edges[1:], strict=False):
        groups.append(Group("event_type", name, (user >= low) & (user < high)))
    alpha = (user % 2).astype(np.float32)
    found = {}
    for change, values in {UNTOUCHED: alpha, Intervention("shuffle"): np.full(len(user), 3.0)}.items():
        means = [mean_estimate(values[group.chosen], user[group.chosen], len(user)) for group in groups]
        found[change] = {("pop3", "mrr", number): mean for number, mean in enumerate(means)}
    differences = differences_table(found, [("pop3", Metric.parse("mrr"))], groups, user)
    return differences, alpha_statistics(alpha, groups, user)


@pytest.mark.parametrize(
    ("sizes", "tested"),
    [
        ((1, 99), []),  # the error would be that of the 99 alone
        ((29, 31), []),
        ((30, 30), ["a", "b"]),
        ((1, 30, 29), ["b"]),  # which has 30 others
    ],
)
def test_a_group_is_tested_against_the_others_with_30_users_on_either_side(sizes, tested):
    differences, alpha = tables(*sizes)
    for table in (differences[differences["kind"] == "shuffle"], alpha):
        assert table.loc[table["contrast"].notna(), "group"].tolist() == list("abc"[: len(sizes)])
        for column in ("contrast_se", "contrast_p", "contrast_holm"):
            assert table.loc[table[column].notna(), "group"].tolist() == tested


def test_the_note_says_which_groups_are_not_tested():
    for sizes, said in (((1, 99), [False, True]), ((30, 30), [True, False]), ((1, 30, 29), [True, True])):
        differences, alpha = tables(*sizes)
        told = notes(SimpleNamespace(table=differences, alpha=alpha))
        assert [any(note.startswith("# differs") for note in told), FEW in told] == said
    _, rows = alpha_rows(tables(1, 99)[1])
    assert rows[1][-1] == "-0.5051"  # 0 less 50/99, and no more
