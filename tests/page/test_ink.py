import re

from recbole_lsrec.page.ink import glyph, look, panel, rows_down
from recbole_lsrec.page.numbers import MINUS


def drawn(name: str) -> str:
    return panel(name, lambda axes: axes.plot([1, 2], [3, 4], color=look(1)[0], marker="o"))


def test_systems_look_different():
    assert len({look(index) for index in range(56)}) == 56


def test_a_panel_is_an_element_coloured_by_the_page():
    text = drawn("a")
    assert text.startswith("<svg ")
    assert text.endswith("</svg>")
    assert "var(--series-1)" in text
    assert "var(--font)" in text
    assert not re.search(r"#0[0-9a-f]{5}|http|<style|DejaVu", text)


def test_a_name_with_dollars_is_no_formula():
    assert "a $x_{$ b" in panel("a", lambda axes: rows_down(axes, ["a $x_{$ b"]))


def test_the_numbers_of_a_log_axis_are_no_formulas():
    for most in (0.01, 2e-4):  # powers alone; and within a power the numbers between
        text = panel("a", lambda axes, most=most: (axes.plot([1e-4, most], [1, 2]), axes.set_xscale("log")))
        assert f"1e{MINUS}04" in text
        assert "$" not in text


def test_a_panel_is_the_same_every_time_and_shares_no_id_with_another():
    assert drawn("a") == drawn("a")
    ids = [set(re.findall(r' id="([^"]+)"', text)) for text in (drawn("a"), drawn("b"), glyph(1))]
    assert all(ids)
    assert sum(len(found) for found in ids) == len(set.union(*ids))
    for text in (drawn("a"), glyph(1)):
        used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
        assert used
        assert used <= set(re.findall(r' id="([^"]+)"', text))
