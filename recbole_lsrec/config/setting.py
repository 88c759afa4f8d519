"""How a setting is declared: once, with its type, bounds, default, meaning, source, and what it may change."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Flag, auto
from functools import cache, cached_property
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, model_validator
from pydantic.fields import FieldInfo

from recbole_lsrec.config.accepted import in_words, kinds_of, words_of
from recbole_lsrec.config.values import parse_text
from recbole_lsrec.errors import ConfigError, did_you_mean

RECBOLES = "RecBole."
"""Source of the settings that RecBole has too."""
Place = Annotated[str, StringConstraints(pattern=r"\S")]
"""A file or folder: an empty text would be the working directory."""
A_FOLDER = "the path of a folder"
_STRICT = ConfigDict(strict=True, allow_inf_nan=False)


class Effect(Flag):
    """What a setting may change. ``NOTHING`` promises the same result bit for bit."""

    NOTHING = 0
    DATA = auto()  # which events the log holds
    FEATURES = auto()  # what a model sees of an event or an item
    SPLIT = auto()  # which events are trained on, validated on, tested on
    CANDIDATES = auto()  # what a target competes against
    TRAINING = auto()  # the weights, or which epoch's are kept
    EVALUATION = auto()  # what is computed from the scores


LOG = Effect.DATA | Effect.FEATURES | Effect.SPLIT
"""What a loaded log depends on."""


def setting(
    default: Any,
    meaning: str,
    source: str = "",
    *,
    effect: Effect = Effect.TRAINING,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    accepted: str = "",
    how_long: bool = False,
    parts: type[BaseModel] | None = None,
) -> Any:
    """Declares a field of an :class:`Options` class.

    Args:
        default: its value unless something else is set; None in a field whose type has no None: what the preset says.
        meaning: one sentence.
        source: where the default or the idea comes from, one sentence; "" where it is ours.
        effect: what it may change.
        least: smallest number accepted.
        above: numbers must be greater than this.
        most: greatest number accepted.
        accepted: what is accepted in words, where the type does not say it well.
        how_long: whether it only says how long to train, or how the work is divided: a resumed run may have another value.
        parts: the class that declares the parts of a dictionary.
    """
    more: Any = {"source": source, "effect": effect, "accepted": accepted, "how_long": how_long, "parts": parts}
    return Field(default, description=meaning, ge=least, gt=above, le=most, json_schema_extra=more)


class Options(BaseModel):
    """Settings declared together: those of a model, of the data, of a run, of the protocol.

    A model may have presets: ``PRESETS[value of the field PRESET_FIELD]`` gives the fields that are left empty (None).

    Rules that concern several fields are pydantic's ``model_validator(mode="after")``; they raise a ``ValueError`` that
    begins with the key.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, **_STRICT)
    PRESET_FIELD: ClassVar[str] = ""
    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, values: dict[str, Any]) -> dict[str, Any]:
        if not cls.PRESET_FIELD:
            return values
        chosen = values.get(cls.PRESET_FIELD, cls.model_fields[cls.PRESET_FIELD].default)
        if not isinstance(chosen, str) or chosen not in cls.PRESETS:
            return values  # to be refused as any wrong word
        preset = cls.PRESETS[chosen]
        return {**values, **{key: value for key, value in preset.items() if values.get(key) is None}}

    def idle(self) -> dict[str, str]:
        """Which options do nothing beside the others, each with the reason: ``{"gbce_t": "position_loss is softmax"}``."""
        return {}

    def without_categories(self) -> str:
        """Why these options cannot be had of a log whose items have no category, as the error says it; "" if they can."""
        return ""

    @classmethod
    def read(cls, config: Any) -> Any:
        """Returns the options that a config (RecBole's, or a dict) holds, checked, with presets filled in.

        Raises:
            ConfigError: a value is not accepted, or two contradict each other.
        """
        values = {key: config[key] for key in cls.model_fields if key in config}
        for key, value in values.items():
            settings_of(cls)[key].check(value, "")
        return cls.together(values)

    @classmethod
    def together(cls, values: Mapping[str, Any]) -> Any:
        """Returns values that are accepted one by one as options, if they go together.

        Raises:
            ConfigError: they do not.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            first = error.errors()[0]
            reason = first.get("ctx", {}).get("error")
            raise ConfigError(
                str(reason) if reason else f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
            ) from None


@dataclass(frozen=True)
class Setting:
    """One declared setting.

    Attributes:
        name: its key.
        kind: its type, with bounds.
        default: see :func:`setting`.
        meaning: one sentence.
        source: one sentence, or "".
        effect: what it may change.
        how_long: see :func:`setting`.
        own_words: what is accepted, where the type does not say it well.
        parts: the declarations of its parts, for a setting that is a dictionary of settings.
    """

    name: str
    kind: Any
    default: Any = None
    meaning: str = ""
    source: str = ""
    effect: Effect = Effect.TRAINING
    how_long: bool = False
    own_words: str = ""
    parts: type[Options] | None = None

    @cached_property
    def accepted(self) -> str:
        """What is accepted, in words."""
        kind_words = self.own_words or in_words(self.kind)
        empty = self.default is None and "None" not in self.kinds
        return kind_words + (", or ~ for what the preset says" if empty else "")

    @property
    def comment(self) -> str:
        """What stands behind it in a yaml file: ``(type) meaning. source``."""
        source = "" if self.source == RECBOLES else self.source
        return f"({' or '.join(self.kinds)}) {self.meaning} {source}".rstrip()

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Of values accepted: ``int``, ``list of str``, ``None``; empty: any."""
        return kinds_of(self.kind)

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.kind, config=_STRICT)

    def holds(self, value: Any) -> bool:
        """Whether a value is accepted."""
        if value is None and self.default is None:
            return True
        try:
            self._adapter.validate_python(value)
        except (ValidationError, TypeError):  # the latter pydantic 2.5's, of a dict where a word belongs
            return False
        return True

    def check(self, value: Any, source: str, label: str = "") -> None:
        """Refuses a value that is not accepted; ``label`` names the setting where its key alone would not do.

        Raises:
            ConfigError: names the key, the value, its source and what is accepted.
        """
        if self.holds(value):
            return
        hint = did_you_mean(value, words_of(self.kind)) if isinstance(value, str) else ""
        raise ConfigError(
            f"{label or self.name}: found {value!r}{f' ({source})' if source else ''}; accepted: {self.accepted}.{hint}"
        )

    def of_text(self, value: Any) -> Any:
        """What text from the command line or a dictionary stands for; other values are returned as they are."""
        if not isinstance(value, str):
            return value
        parsed = parse_text(value)
        if parsed is not None and self.kinds and set(self.kinds) <= {"str", "None"}:
            return parsed if isinstance(parsed, str) and value.strip()[:1] in ("'", '"') else value
        return value if "str" in self.kinds and not self.holds(parsed) else parsed


@cache
def settings_of(options: type[Options]) -> dict[str, Setting]:
    """The settings that a class declares, by key."""
    return {name: _of_field(name, field) for name, field in options.model_fields.items()}


def _of_field(name: str, field: FieldInfo) -> Setting:
    kind: Any = field.annotation
    for about in field.metadata:
        kind = Annotated[kind, about]
    more: Any = field.json_schema_extra or {}
    return Setting(
        name,
        kind,
        field.default,
        field.description or "",
        more.get("source", ""),
        more.get("effect", Effect.TRAINING),
        more.get("how_long", False),
        more.get("accepted", ""),
        more.get("parts"),
    )
