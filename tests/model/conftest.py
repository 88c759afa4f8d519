"""Which tests of the contract are for `-m slow`."""

import pytest

from recbole_lsrec.testing import ModelContract


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Every variant learns 32 sequences by heart, but only each model's first class does so in the fast suite."""
    for item in items:
        if item.name == "test_overfits_32_sequences" and ModelContract not in item.cls.__bases__:
            item.add_marker(pytest.mark.slow)
