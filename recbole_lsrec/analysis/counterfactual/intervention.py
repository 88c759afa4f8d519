"""What is changed for a trained model: the order of a history, its length, the weight of the two interests.

Shuffle and truncate are those of Zheng et al. (CLSR, WWW 2022), section 4.2.2, and of the authors' code, whose iterators
``ShuffleSASequentialIterator`` and ``RecentSASequentialIterator`` say what becomes of the times.
"""

from dataclasses import dataclass
from typing import Literal

from recbole_lsrec.errors import ConfigError

# Alpha of one interest alone.
SIDES: dict[float | None, str] = {0.0: "short only", 1.0: "long only"}


@dataclass(frozen=True)
class Intervention:
    """One change.

    Attributes:
        kind: ``none``, ``shuffle``, ``truncate`` or ``alpha``.
        value: the events kept, or the fixed alpha.
        side: alpha, 0 or 1, that is fixed beside a shuffle or truncation: how one interest alone takes it.

    Raises:
        ConfigError: a value that its kind does not accept.
    """

    kind: Literal["none", "shuffle", "truncate", "alpha"]
    value: float | None = None
    side: float | None = None

    def __post_init__(self) -> None:
        if self.kind == "truncate" and not (isinstance(self.value, int) and self.value >= 1):
            raise ConfigError(f"truncate: found {self.value!r}; accepted: a number of events, 1 or more.")
        if self.kind == "alpha" and not (self.value is not None and 0 <= self.value <= 1):
            raise ConfigError(f"alpha: found {self.value!r}; accepted: a number from 0 (short-term) to 1 (long-term).")

    @property
    def name(self) -> str:
        """In words."""
        if self.kind == "alpha":
            side = f" ({SIDES[self.value]})" if self.value in SIDES else ""
            return f"alpha {self.value:g}{side}"
        what = {"none": "untouched", "shuffle": "shuffle", "truncate": f"last {self.value}"}[self.kind]
        return what if self.side is None else f"{what}, {SIDES[self.side]}"

    @property
    def fixed_alpha(self) -> float | None:
        """Alpha while the model is asked; None for its own."""
        return self.value if self.kind == "alpha" else self.side
