import pytest

from recbole_lsrec.page.escape import cell, code_span, markdown


def test_markdown_shows_the_text_as_it_is():
    assert markdown("~~a~~ &lt; b & c_d\n| *e*") == r"\~\~a\~\~ \&lt; b \& c\_d \| \*e\*"


@pytest.mark.parametrize(
    ("text", "code"),
    [("a --b=1", "`a --b=1`"), ("a `b` c", "`` a `b` c ``"), ("a\nb", "`a b`"), ("``", "``` `` ```")],
)
def test_a_command_stays_code_in_markdown(text, code):
    assert code_span(text) == code


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "\t=1"])
def test_a_text_that_a_spreadsheet_would_compute_is_text(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["-0.5", "+1e-3", "a=b", "", None, -2, 0.5, "-inf"])
def test_other_values_stay(value):
    assert cell(value) == value
