"""Moved to :mod:`recbole_lsrec.testing`."""

from recbole_lsrec.testing.contract import ModelContract

__all__ = ["ModelContract"]
