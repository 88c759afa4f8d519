"""Names of files from names of people's choice."""

import re


def slug(text: str) -> str:
    """Returns a text as the name of a file."""
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")
