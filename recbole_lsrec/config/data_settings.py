"""The log: which files and columns, which events stay, what becomes of them."""

from typing import Annotated, Any, Literal

from annotated_types import Len
from pydantic import AfterValidator, Field, StringConstraints

from recbole_lsrec.config.intervals import ACCEPTED, parse_intervals
from recbole_lsrec.config.setting import A_FOLDER, RECBOLES, Effect, Options, Place, setting

_DATA, _FEATURES = Effect.DATA, Effect.FEATURES

Column = Annotated[str, StringConstraints(pattern=r"\S")]
HistoryLength = Annotated[int, Field(ge=1, le=1_000_000)]  # far beyond it torch ends in errors of its own
_COLUMN = "the name of a column"
_BY_FILE = "a dict of files, each with a list of columns, such as {inter: [price]}, or ~ for none"
_AFFIX = "a text that is not empty, since it alone tells these fields from others"


def _all_different(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise ValueError("a name is there twice")
    return names


def _one_character(separator: str) -> str:
    if len(separator.encode()) != 1 or separator in "\r\n":
        raise ValueError("no single character")
    return separator


def _an_interval(text: str) -> str:
    parse_intervals(text)
    return text


def _all_intervals(columns: dict[str, Any]) -> dict[str, Any]:
    for wanted in columns.values():
        if not isinstance(wanted, list):
            parse_intervals(wanted)
    return columns


Intervals = Annotated[str, AfterValidator(_an_interval)]
_INTERVALS = f"{ACCEPTED}, or ~ for none"


class DataSettings(Options):
    """Settings of the log."""

    timestamp_unit: Literal["s", "ms", "us", "ns", "order"] = setting(
        "s",
        "Unit of TIME_FIELD in the files: 's', 'ms', 'us' or 'ns' since 1970, or 'order': positions, not moments.",
        effect=_DATA,
    )
    data_cache: Place | None = setting(
        None,
        "Folder that caches logs as they were read; ~ is <run_dir>/.logs.",
        effect=Effect.NOTHING,
        accepted=f"{A_FOLDER}, or ~ for <run_dir>/.logs",
    )
    rm_exact_duplicates: bool = setting(
        False, "Whether to keep only the first of several lines with the same user, item and time.", effect=_DATA
    )
    keep_events: list[Column] | None = setting(
        None,
        "Event types to keep; applied before every other filter, so the others are not in histories either.",
        effect=_DATA,
        accepted="a list of values of the column event_type, which are text, such as [view] or ['1'], or ~ for all",
    )
    rm_ambiguous_items: bool = setting(
        False, "Whether items that occur with several categories in the .inter file are dropped.", effect=_DATA
    )
    k_core: Literal["iterated", "once"] = setting(
        "iterated",
        "How the *_inter_num_interval apply: repeated until both hold (RecBole), or once, items, then users (CLSR's code).",
        effect=_DATA,
    )
    session_threshold: int = setting(
        1800,
        "Longest gap in seconds inside a session; the usual half hour of web logs (SLSRec: 30 min for Cosmetics).",
        effect=_FEATURES,
        least=1,
        accepted="a whole number of seconds greater than 0",
    )
    session_gap: Literal["le", "lt"] = setting(
        "le",
        "Gaps that stay inside a session: 'le' up to and with the threshold (LSIDN's code), 'lt' only below it (SLSRec eq. 1).",
        effect=_FEATURES,
    )
    SESSION_ID_FIELD: Column = setting(
        "session_id",
        "Name of the field of session numbers; a loaded column of this name defines the sessions.",
        effect=_FEATURES,
        accepted=_COLUMN,
    )
    CATEGORY_FIELD: Column | None = setting(
        None,
        "Field of the item's category, in the .item or .inter file; models that do not need it run without.",
        effect=_FEATURES,
        accepted=f"{_COLUMN}, or ~ for none",
    )
    category_from_seq: Literal["first"] = setting(
        "first", "Which token of a category that is a sequence counts: 'first'.", effect=_FEATURES
    )

    USER_ID_FIELD: Column = setting("user_id", "Column of users.", RECBOLES, effect=_DATA, accepted=_COLUMN)
    ITEM_ID_FIELD: Column = setting("item_id", "Column of items.", RECBOLES, effect=_DATA, accepted=_COLUMN)
    TIME_FIELD: Column = setting("timestamp", "Column of times.", RECBOLES, effect=_DATA, accepted=_COLUMN)
    LABEL_FIELD: str | None = setting(
        "label", "Name of the field of labels, which is made.", RECBOLES, effect=_FEATURES
    )
    NEG_PREFIX: Column = setting(
        "neg_", "Prefix of the fields of negatives.", RECBOLES, effect=_FEATURES, accepted=_AFFIX
    )
    ITEM_LIST_LENGTH_FIELD: Column = setting(
        "item_length",
        "Name of the field of history lengths, which is made.",
        RECBOLES,
        effect=_FEATURES,
        accepted="the name of a field",
    )
    LIST_SUFFIX: Column = setting(
        "_list", "Suffix of the fields of histories.", RECBOLES, effect=_FEATURES, accepted=_AFFIX
    )
    MAX_ITEM_LIST_LENGTH: HistoryLength = setting(50, "Most recent events of a history.", RECBOLES, effect=_FEATURES)

    field_separator: Annotated[str, AfterValidator(_one_character)] = setting(
        "\t", "Separator of the columns of a file.", RECBOLES, effect=_DATA, accepted="one ASCII character"
    )
    seq_separator: Annotated[str, Len(1)] | None = setting(
        " ", "Separator of the tokens of a sequence.", RECBOLES, effect=_DATA, accepted="a text that is not empty, or ~"
    )
    encoding: str | None = setting(None, "Encoding of the files.", RECBOLES, effect=_DATA)
    load_col: dict | None = setting(  # type: ignore[type-arg]
        {"inter": ["user_id", "item_id"]}, "Columns read, by file.", RECBOLES, effect=_DATA | _FEATURES
    )
    unload_col: dict[str, list[Column]] | None = setting(
        None, "Columns not read, by file.", RECBOLES, effect=_DATA | _FEATURES, accepted=_BY_FILE
    )
    unused_col: dict[str, list[Column]] | None = setting(
        None, "Columns read and then dropped, by file.", RECBOLES, effect=_FEATURES, accepted=_BY_FILE
    )
    additional_feat_suffix: list[Any] | str | None = setting(
        None, "Further files to read.", RECBOLES, effect=_DATA | _FEATURES
    )
    seq_len: dict[str, Annotated[int, Field(ge=1)]] | None = setting(
        None,
        "Longest sequence of a column.",
        RECBOLES,
        effect=_FEATURES,
        accepted="a dict of columns, each with a whole number greater than 0, or ~ for none",
    )
    numerical_features: list[Any] | None = setting([], "Float columns to embed.", RECBOLES, effect=_FEATURES)

    rm_dup_inter: Literal["first", "last"] | None = setting(
        None, "Which of a user's events with the same item stays.", RECBOLES, effect=_DATA
    )
    val_interval: Annotated[dict, AfterValidator(_all_intervals)] | None = setting(  # type: ignore[type-arg]
        None,
        "Events kept, by intervals of columns.",
        RECBOLES,
        effect=_DATA,
        accepted=f"a dict of columns, each with {ACCEPTED}, or for a column of tokens with a list of those that stay, or "
        "~ for none",
    )
    filter_inter_by_user_or_item: bool | None = setting(
        True, "Whether events of users and items without a row in their file are dropped.", RECBOLES, effect=_DATA
    )
    user_inter_num_interval: Intervals | None = setting(
        "[0,inf)", "How many events a user must have.", RECBOLES, effect=_DATA, accepted=_INTERVALS
    )
    item_inter_num_interval: Intervals | None = setting(
        "[0,inf)", "How many events an item must have.", RECBOLES, effect=_DATA, accepted=_INTERVALS
    )
    benchmark_filename: Annotated[list[Column], Len(3, 3), AfterValidator(_all_different)] | None = setting(
        None,
        "Files of a log that is already split.",
        RECBOLES,
        effect=_DATA | Effect.SPLIT,
        accepted="three names such as [train, valid, test], for the files <dataset>.train.inter and so on, or ~ for none",
    )

    alias_of_user_id: list[Any] | None = setting(None, "Columns with ids of users.", RECBOLES, effect=_DATA | _FEATURES)
    alias_of_item_id: list[Any] | None = setting(None, "Columns with ids of items.", RECBOLES, effect=_DATA | _FEATURES)
    preload_weight: dict | None = setting(  # type: ignore[type-arg]
        None, "Vectors given for ids, by column.", RECBOLES, effect=_FEATURES
    )
    normalize_field: list[Any] | None = setting(None, "Float columns scaled to [0, 1].", RECBOLES, effect=_FEATURES)
    normalize_all: bool | None = setting(
        None, "Whether all float columns are scaled to [0, 1].", RECBOLES, effect=_FEATURES
    )
    discretization: dict | None = setting(  # type: ignore[type-arg]
        None, "Float columns cut into classes.", RECBOLES, effect=_FEATURES
    )
