"""What a user may say of a log that is prepared, beside its source and files."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from recbole_lsrec.errors import DataError
from recbole_lsrec.prepare.layout import ROLES
from recbole_lsrec.prepare.recipes import RECIPES

_TEXTS = ("separator", "encoding", "decimal", "time_format", "tz")


@dataclass(frozen=True)
class Options:
    """What a user may say beside the source and its files.

    Args:
        columns: role -> column of the raw file, for the source ``csv``.
        user_features, item_features: further columns, as ``name`` or ``name:type``, for the source ``csv``.
        separator, encoding: of the raw files, for the source ``csv``.
        decimal: what numbers among the features have before their fraction, ``.`` or ``,``; None: a point.
        time_format: how times are written; None finds it.
        tz: zone of times that name none.
        keep_events: event types to keep; the source's by default.
        all_items: whether items outside the departments of the source are kept.
        recipe: name of a paper's cut.
        k_core: least number of events of users and items, iterated, after the recipe.
        sample_users: share of users to draw, instead of the recipe's.
        seed: of that draw.
        max_refused: share of rows that may be damaged.
        overwrite: whether a data set that was prepared before may be replaced.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    user_features: tuple[str, ...] = ()
    item_features: tuple[str, ...] = ()
    separator: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    time_format: str | None = None
    tz: str | None = None
    keep_events: tuple[str, ...] = ()
    all_items: bool = False
    recipe: str = "none"
    k_core: int = 1
    sample_users: float | None = None
    seed: int = 2020
    max_refused: float = 0.01
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Refuses what the command line refuses too.

        Raises:
            DataError: a value is none of those accepted.
        """
        words = "a list of texts"
        numbered = isinstance(self.columns, Mapping) and all(
            role in ROLES and isinstance(column, str | int) for role, column in self.columns.items()
        )
        for key, accepted, fits in (
            ("columns", f"a dict of columns by {', '.join(ROLES)}", numbered),
            *((key, words, _texts(getattr(self, key))) for key in ("user_features", "item_features", "keep_events")),
            *((key, "a text, or None", isinstance(getattr(self, key), str | None)) for key in _TEXTS),
            *((key, "True or False", isinstance(getattr(self, key), bool)) for key in ("all_items", "overwrite")),
            ("recipe", f"one of {', '.join(RECIPES)}", isinstance(self.recipe, str) and self.recipe in RECIPES),
            ("k_core", "a whole number greater than 0", type(self.k_core) is int and self.k_core >= 1),
            ("seed", "a whole number", type(self.seed) is int),
            (
                "sample_users",
                "a share above 0 and at most 1",
                self.sample_users is None or (_a_number(self.sample_users) and 0 < self.sample_users <= 1),
            ),
            ("max_refused", "a share from 0 to 1", _a_number(self.max_refused) and 0 <= self.max_refused <= 1),
        ):
            if not fits:
                raise DataError(f"{key}: found {getattr(self, key)!r}; accepted: {accepted}.")


def _texts(given: object) -> bool:
    return isinstance(given, list | tuple) and all(isinstance(word, str) for word in given)


def _a_number(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool)
