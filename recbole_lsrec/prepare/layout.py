"""What a source is: the layouts of its raw files, and what its columns mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field

ROLES = ("user", "item", "time", "category", "event_type", "session")


@dataclass(frozen=True)
class Layout:
    """How one kind of raw file is laid out.

    Args:
        files: patterns of file names, lower case, separated by spaces; a name inside an archive counts as well.
        columns: role (:data:`ROLES`) -> column of the file.
        features: name of a feature -> column of the file.
        kinds: column of a feature -> its type in the atomic file.
        header: names of the columns of a file that has no line of names.
        form: ``csv``, ``json`` (one object a line), ``literal`` (one Python dict a line) or ``parquet``.
        separator: between columns.
        quoting: whether ``"`` quotes values.
        encoding: of the text.
        constant: role -> text that holds for every row.
        missing: role -> words that mean "not known" in this file; an empty value always does.
        words: role -> raw value -> word to write instead.
        list_of: role -> (separator, place): the value is a list, of which the element at this place counts, -1 the last.
        only: column -> the value that a row must have to be of this kind at all.
        flags: columns of 0 and 1, the first 1 of which names the category.
        anonymous: start of the name of a user who is known by the session alone; rows without a user then get
            this text and their session.
        milliseconds: column to add to the time.
        packed: (column, separator of rows, separator of fields, names of the fields) where one value holds many rows.
    """

    files: str
    columns: Mapping[str, str]
    features: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    header: tuple[str, ...] | None = None
    form: str = "csv"
    separator: str = ","
    quoting: bool = True
    encoding: str = "utf-8"
    constant: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    list_of: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    only: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    anonymous: str = ""
    milliseconds: str = ""
    packed: tuple[str, str, str, tuple[str, ...]] | None = None

    @property
    def sequences(self) -> set[str]:
        """Columns whose lists stay apart from texts, and their elements from each other."""
        return {column for column, kind in self.kinds.items() if kind.endswith("_seq")}

    def raw_columns(self) -> list[str]:
        """The columns of the file that are read, each once."""
        inner = self.packed[3] if self.packed else ()
        names = [
            *self.columns.values(),
            *self.features.values(),
            *self.only,
            *self.flags,
            *filter(None, [self.milliseconds]),
        ]
        outer = [name for name in names if name not in inner] + ([self.packed[0]] if self.packed else [])
        return list(dict.fromkeys(outer))


@dataclass(frozen=True)
class Source:
    """A raw log as it can be had.

    Args:
        name: on the command line.
        title: in messages and in the meta file.
        events: layouts of the files of events.
        items: layouts of files about items: category, features.
        one_form: whether the layouts of events are forms of one log, of which one is read.
        time: how times are written: None to find out, a unit (``s``, ``ms``, ``us``, ``ns``), ``days``, ``MMDD:<year>``, or a
            strptime format.
        tz: zone of times that name none; None is UTC, and said.
        keep: event types that are kept; None keeps all.
        views: event types that are views, which is what CLSR keeps.
        period: first day and first day after the last, in ``tz``; events outside are errors of the log.
        departments: (feature of items, values that are kept); None keeps all.
        user_features, item_features: columns of the .user and .item file, as ``name:type``; a name stands in ``columns``.
        session_seconds: threshold that the papers use on this log.
        notes: what a user of the log should know.
    """

    name: str
    title: str
    events: tuple[Layout, ...]
    items: tuple[Layout, ...] = ()
    one_form: bool = False
    time: str | None = None
    tz: str | None = None
    keep: tuple[str, ...] | None = None
    views: tuple[str, ...] = ()
    period: tuple[str, str] | None = None
    departments: tuple[str, tuple[str, ...]] | None = None
    user_features: tuple[str, ...] = ()
    item_features: tuple[str, ...] = ()
    session_seconds: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def has(self) -> set[str]:
        """The roles that some file of events has."""
        return {role for layout in self.events for role in (*layout.columns, *layout.constant)}
