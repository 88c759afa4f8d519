"""Numbers in text, in the spellings that Arrow reads too."""


def number_in(text: str) -> float:
    """The number a text is, which may be infinite or nan.

    Raises:
        ValueError: it is none, or only Python reads it: ``1_000``, digits of other scripts.
    """
    if "_" in text or not text.isascii():
        raise ValueError(f"no number: {text!r}")
    return float(text)
