from recbole_lsrec.log_checks.names import none_words, unseen_twins


def test_words_for_none_in_any_case():
    words = [
        "NA",
        "N/A",
        " nan",
        "None",
        "NULL",
        "(null)",
        "\\N",
        "-",
        "?",
        "unknown",
        "<NA>",
        "Undefined",
        "(not set)",
    ]
    assert none_words(words) == words


def test_names_that_are_none():
    assert none_words(["0", "Nana", "nonesuch", "view", "Unknown Pleasures", "--x"]) == []


def test_names_that_only_spaces_tell_apart():
    assert unseen_twins(["a", "a ", " b", "\tb", "c ", "d"]) == ["a ", " b", "\tb"]
    assert unseen_twins(["a", " ", "\u3000"]) == [" ", "\u3000"]


def test_spaces_inside_a_name_or_around_the_only_one_are_nobodys_business():
    assert unseen_twins(["New York", "NewYork", " alone ", "x"]) == []


def test_names_that_only_unicode_form_or_unseen_characters_tell_apart():
    assert unseen_twins(["caf\u00e9", "cafe\u0301", "x", "x\u200b", "\ufeffx", "\u200b", "y\u200b"]) == [
        "cafe\u0301",
        "x\u200b",
        "\ufeffx",
        "\u200b",
    ]
    assert unseen_twins(["k\u200bl", "\ufeffkl"]) == ["k\u200bl", "\ufeffkl"]
