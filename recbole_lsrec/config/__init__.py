"""Settings: where a value comes from, what is accepted, what to say if it is not."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recbole_lsrec.config.config import Config

__all__ = ["Config"]


def __getattr__(name: str) -> Any:
    """Imports ``Config``, and with it RecBole and torch, when it is asked for."""
    if name == "Config":
        from recbole_lsrec.config.config import Config

        return Config
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
