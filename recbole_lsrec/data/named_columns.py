"""Columns that settings name one by one: whether they are loaded, and of the type that RecBole's step needs."""

from collections.abc import Mapping, Set
from typing import Any

from recbole.utils import FeatureSource, FeatureType

from recbole_lsrec.errors import DataError

_FLOATS = (FeatureType.FLOAT, FeatureType.FLOAT_SEQ)
_TOKENS = (FeatureType.TOKEN, FeatureType.TOKEN_SEQ)
_LISTS = (FeatureType.TOKEN_SEQ, FeatureType.FLOAT_SEQ)
_ACCEPTED = {
    "numerical_features": _FLOATS,
    "normalize_field": _FLOATS,
    "discretization": _FLOATS,
    "alias_of_user_id": _TOKENS,
    "alias_of_item_id": _TOKENS,
    "seq_len": _LISTS,
    "preload_weight": (FeatureType.TOKEN,),
}


def check_named_columns(config: Any, types: Mapping[str, FeatureType], sources: Mapping[str, Any]) -> None:
    """Refuses columns on which RecBole's steps would stop in the middle.

    Args:
        config: of the run.
        types: column -> its type, of those loaded.
        sources: column -> the file that it is from.

    Raises:
        DataError: names the key, the column, what is wrong with it and what is accepted.
    """
    _check_types(config, types)
    _check_aliases(config)
    if config["TIME_FIELD"] in (config["numerical_features"] or []):
        raise DataError(
            f"numerical_features: {config['TIME_FIELD']!r} is the TIME_FIELD; times are kept as exact seconds."
        )
    _check_unused(config, {column: getattr(source, "value", source) for column, source in sources.items()})
    aliases = {*(config["alias_of_user_id"] or []), *(config["alias_of_item_id"] or [])}
    _check_vectors(config["preload_weight"] or {}, types, sources, aliases)
    _check_further_files(types, sources, aliases)
    _check_discretization(config)


def _check_types(config: Any, types: Mapping[str, FeatureType]) -> None:
    """What a key names is loaded, of a type that its step can take, and named once."""
    for key, accepted in _ACCEPTED.items():
        for column in config[key] or []:
            kind = types.get(column) if isinstance(column, str) else None
            if kind not in accepted:
                found = "which is not loaded" if kind is None else f"of type {kind.value!r}"
                wanted = " or ".join(repr(one.value) for one in accepted)
                raise DataError(f"{key}: found {column!r}, {found}; accepted: loaded columns of type {wanted}.")
            if list(config[key]).count(column) > 1:
                raise DataError(f"{key}: found {column!r} more than once; accepted: a column once.")


def _check_aliases(config: Any) -> None:
    """A column holds ids of users or of items, not of both."""
    of_items = {config["ITEM_ID_FIELD"]: "is the ITEM_ID_FIELD"}
    of_items |= dict.fromkeys(config["alias_of_item_id"] or [], "alias_of_item_id has too")
    for name in [*(config["alias_of_user_id"] or []), config["USER_ID_FIELD"]]:
        if name in of_items:
            raise DataError(
                f"alias_of_user_id: found {name!r}, which {of_items[name]}; a column holds ids of users or of items, so keep it "
                "in one of them."
            )


def _check_vectors(
    weights: Mapping[str, Any], types: Mapping[str, FeatureType], sources: Mapping[str, Any], aliases: Set[str]
) -> None:
    """``preload_weight`` pairs ids of users or items, of a further file, with numbers beside them."""
    for ids, vectors in weights.items():
        kind = types.get(vectors) if isinstance(vectors, str) else None
        if kind not in _FLOATS or sources[vectors] != sources[ids]:
            raise DataError(
                f"preload_weight: {ids}: found {vectors!r}; accepted: a column of type 'float' or 'float_seq', loaded from the "
                "same file."
            )
        if sources[ids] in (FeatureSource.USER, FeatureSource.ITEM):
            raise DataError(
                f"preload_weight: found {ids!r}, of the {sources[ids].value} file, whose lines RecBole 1.2.1 takes for users and "
                "items; accepted: ids of a further file (additional_feat_suffix)."
            )
        if not isinstance(sources[ids], FeatureSource) and ids not in aliases:
            raise DataError(
                f"preload_weight: found {ids!r}, whose ids are those of no user and no item; name it in alias_of_item_id or "
                "alias_of_user_id."
            )


def _check_further_files(types: Mapping[str, FeatureType], sources: Mapping[str, Any], aliases: Set[str]) -> None:
    """The tokens of further files are ids of users or items."""
    for column, source in sources.items():
        if not isinstance(source, FeatureSource) and types[column] in _TOKENS and column not in aliases:
            raise DataError(
                f"additional_feat_suffix: {source}: found {column!r}, of type {types[column].value!r}; accepted: numbers, and "
                "ids of items or users. Name it in alias_of_item_id or alias_of_user_id, or leave it out of load_col."
            )


def _check_discretization(config: Any) -> None:
    """Columns that are put into buckets are numerical, the ways those that RecBole knows."""
    for column, how in (config["discretization"] or {}).items():
        if column not in (config["numerical_features"] or []):
            raise DataError(f"discretization: found {column!r}, which numerical_features lacks; add it there.")
        if not _is_a_way(how):
            raise DataError(
                f"discretization: {column}: found {how!r}; accepted: {{method: ED, bucket: N}} with N > 0, or {{method: LD}}."
            )


def _check_unused(config: Any, files: Mapping[str, str]) -> None:
    """``unused_col`` names columns that are loaded, of their file, and may not take out what every batch is made of."""
    loaded = sorted({*files.values()} - {FeatureSource.USER_ID.value, FeatureSource.ITEM_ID.value})
    for file, columns in (config["unused_col"] or {}).items():
        if file not in loaded:
            raise DataError(f"unused_col: found {file!r}; accepted: files that columns are loaded from ({loaded}).")
        for key in ("USER_ID_FIELD", "ITEM_ID_FIELD", "TIME_FIELD"):
            if config[key] in columns:
                raise DataError(
                    f"unused_col: {file}: found {config[key]!r}, which is the {key}; accepted: columns that not "
                    "every batch is made of; leave it out here."
                )
        absent = [column for column in columns if files.get(column) != file]
        if absent:
            further = sorted(name for name, source in files.items() if source == file and name != config["TIME_FIELD"])
            raise DataError(
                f"unused_col: {file}: found {absent[0]!r}; accepted: further columns loaded from that file "
                f"({', '.join(further) or 'none'})."
            )


def _is_a_way(how: Any) -> bool:
    if not isinstance(how, Mapping):
        return False
    if how.get("method") == "LD":
        return set(how) == {"method"}
    bucket = how.get("bucket")
    return set(how) == {"method", "bucket"} and how["method"] == "ED" and type(bucket) is int and bucket > 0
