"""Names of files from names of people's choice."""

import re


def slug(text: str) -> str:
    """Returns a text as the name of a file: letters of any alphabet, digits and points."""
    return re.sub(r"[^\w.]+|_+", "-", text.lower()).strip("-.") or "leaderboard"
