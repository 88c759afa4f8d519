from recbole_lsrec.log_checks.spaces import spaced_twins


def test_names_that_only_spaces_tell_apart():
    assert spaced_twins(["a", "a ", " b", "\tb", "c ", "d"]) == ["a ", " b", "\tb"]
    assert spaced_twins(["a", " ", "\u3000"]) == [" ", "\u3000"]


def test_spaces_inside_a_name_or_around_the_only_one_are_nobodys_business():
    assert spaced_twins(["New York", "NewYork", " alone ", "x"]) == []
