"""The promises of a long/short-term model, checked: ``pytest examples/test_my_model.py``."""

from my_model import SessionMean

from recbole_lsrec.testing import ModelContract


class TestSessionMean(ModelContract):
    model_class = SessionMean
