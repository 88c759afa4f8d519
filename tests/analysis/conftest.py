"""A small log and its loaders, shared with the data tests."""

from tests.data.conftest import load  # noqa: F401
