from recbole_lsrec.log_checks.none_words import none_words


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
