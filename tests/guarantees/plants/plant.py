"""One fault: a text of the package replaced by another, and where the tests are that notice."""

from typing import NamedTuple

HERE = "tests/guarantees"


class Plant(NamedTuple):
    """One fault.

    Attributes:
        what: in words.
        file: of the package.
        old: text that is in the file once.
        new: what stands there instead.
        tests: what is run, of which one must fail.
    """

    what: str
    file: str
    old: str
    new: str
    tests: str = HERE
