"""For authors of models: the contract that every long/short-term model keeps, as a test class to inherit (needs pytest).

In a test file of your own::

    from my_package.my_model import MyModel
    from recbole_lsrec.testing import ModelContract


    class TestMyModel(ModelContract):
        model_class = MyModel
"""

import pytest

pytest.register_assert_rewrite("recbole_lsrec.testing.contract")  # so that a broken promise shows its values

from recbole_lsrec.testing.contract import ModelContract  # noqa: E402
from recbole_lsrec.testing.stub import StubDataset, batch_of, random_batch, randomise, stub_config  # noqa: E402

__all__ = ["ModelContract", "StubDataset", "batch_of", "random_batch", "randomise", "stub_config"]
