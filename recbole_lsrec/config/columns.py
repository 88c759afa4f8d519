"""The columns that are read of a log's files."""

from collections.abc import Collection
from typing import Any

from recbole_lsrec.config.check import Sources, refuse


def set_columns(values: dict[str, Any], sources: Sources, given: Collection[str]) -> dict[str, str]:
    """Gives ``load_col`` the columns that every sequential model needs, where nobody has set it, and checks the category's.

    Args:
        values: the settings; ``load_col`` and ``CATEGORY_FIELD`` may be set anew.
        sources: where each comes from.
        given: the keys that the user set.

    Returns:
        What to say of ``CATEGORY_FIELD`` where it is left out, as ``load_col`` does not read it.

    Raises:
        ConfigError: ``load_col`` is not of its form, lacks a column, or lacks the category that the user named.
    """
    needed = [values[key] for key in ("USER_ID_FIELD", "ITEM_ID_FIELD", "TIME_FIELD")]
    if "RecBole" in sources["load_col"]:  # RecBole's default has no time
        values["load_col"] = {"inter": needed}
    columns = values["load_col"]
    if columns is None:
        return {}
    if not all(names == "*" or (isinstance(names, list) and names) for names in columns.values()):
        raise refuse("load_col", columns, sources, f"lists of columns, such as {{inter: [{', '.join(needed)}]}}")
    of_log = columns.get("inter", [])
    if of_log != "*" and not set(needed) <= set(of_log):
        raise refuse("load_col", columns, sources, f"a dict whose inter has {', '.join(needed)} (USER_ID_FIELD, ...)")
    category = values["CATEGORY_FIELD"]
    places = [columns.get("inter", []), columns.get("item", [])]
    if category is None or any(names == "*" or category in names for names in places):
        return {}
    if "CATEGORY_FIELD" in given or "load_col" not in given:
        loaded = f"a column that load_col reads from the inter or item file, now {columns}"
        raise refuse("CATEGORY_FIELD", category, sources, loaded)
    values["CATEGORY_FIELD"] = None
    return {"CATEGORY_FIELD": f"load_col ({sources['load_col']}) leaves out the column {category!r}"}
