import pytest
from recbole.model.abstract_recommender import AbstractRecommender, GeneralRecommender
from recbole.utils import ModelType

from recbole_lsrec.model.base import LongShortRecommender
from recbole_lsrec.model_table import COUNTS, LINES, LONG_SHORT, PAIR, model_table
from recbole_lsrec.registry import OTHER_NAMES, get_model, model_names
from tests.command_line import exit_code

NAMES = [name for names in model_names().values() for name in names]


def test_every_model_has_a_line_and_no_line_is_of_another():
    assert sorted(LINES) == sorted(NAMES)
    assert set(OTHER_NAMES.values()) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_line_says_what_the_class_does(name):
    line, model = LINES[name], get_model(name)
    assert (line.family == "no sequence") == (issubclass(model, GeneralRecommender) and name not in ("Pop", "Random"))
    assert (line.family == LONG_SHORT) == issubclass(model, LongShortRecommender)
    assert (line.scoring == COUNTS) == (model.type == ModelType.TRADITIONAL)
    if model.full_sort_predict is AbstractRecommender.full_sort_predict:
        assert line.scoring == PAIR


def test_the_command_prints_it(capsys):
    main_code = 0
    assert exit_code(["models"]) == main_code
    printed = capsys.readouterr().out
    assert printed.strip() == model_table()
    assert "NCF is NeuMF" in printed
    (line,) = [line.split() for line in printed.splitlines() if line.startswith("DIEN ")]
    assert line == [
        "DIEN",
        "recurrent",
        "Zhou,",
        "AAAI",
        "2019",
        "RecBole,",
        "encoded",
        "once",
        "category",
        "(if",
        "any)",
        "yes",
        "per",
        "item",
    ]
