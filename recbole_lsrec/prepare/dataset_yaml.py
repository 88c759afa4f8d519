"""The yaml of a prepared data set: what its files hold, and an evaluation that the log can bear."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from recbole_lsrec.config.values import YamlLoader
from recbole_lsrec.log_checks.times import ORDER
from recbole_lsrec.prepare.suggest import Threshold

SESSION = "session_id"


@dataclass(frozen=True)
class Facts:
    """What decides the settings.

    Attributes:
        unit: of the times in the file, ``s``, ``ms`` or ``order``.
        threshold: suggested.
        negatives: how many nearly every test target has.
        targets: users with a test target.
        papers_cut: whether papers cut the sessions of this log by the threshold, own sessions or not.
        shipped: whether the package has a yaml of this name, which then says how to evaluate.
        filtered: whether a recipe has removed rare users and items and items of several categories.
    """

    unit: str
    threshold: Threshold
    negatives: int
    targets: int
    papers_cut: bool
    shipped: bool
    filtered: bool = False


def dataset_yaml(
    source: str,
    name: str,
    columns: Sequence[str],
    item_names: Sequence[str],
    user_names: Sequence[str],
    facts: Facts,
) -> str:
    """The text of ``<name>.yaml``, with a comment a key as in ``properties/dataset``.

    Args:
        source: raw log.
        name: of the data set.
        columns: of the ``.inter`` file beside user, item and time.
        item_names: columns of the ``.item`` file, with types; the item alone if there is none.
        user_names: likewise.
        facts: the rest.
    """
    loaded = [column for column in columns if not (column == SESSION and facts.papers_cut)]
    lines = [
        f"# Written by `recbole-lsrec prepare {source}`; {name}.meta.json beside it has the account of every row. Yours to",
        "# change: what stands here comes above the yaml that the package ships for a data set of this name.",
        "",
        "load_col:                       # (dict) Columns read.",
        f"  inter: [{', '.join(['user_id', 'item_id', 'timestamp', *loaded])}]",
    ]
    for kind, names in (("item", item_names), ("user", user_names)):
        if len(names) > 1:
            lines.append(f"  {kind}: [{', '.join(_text(column.partition(':')[0]) for column in names)}]")
    if "category_id:token" in item_names:
        lines.append(_line("CATEGORY_FIELD: category_id", "(str) Field of the item's category."))
    else:
        lines.append(_line("CATEGORY_FIELD: ~", "(str) The log has no category."))
    unit = {"s": "Unix seconds, UTC", "ms": "Unix milliseconds, UTC", ORDER: "Places in an order; no session is cut"}
    lines.append(_line(f"timestamp_unit: {facts.unit}", f"(str) {unit[facts.unit]}."))
    if SESSION in loaded:
        told = "(str) The log's own sessions; take it out of load_col to cut them by session_threshold."
        lines.append(_line(f"SESSION_ID_FIELD: {SESSION}", told))
    if facts.unit != ORDER:
        reason = facts.threshold.reason
        lines.append(
            _line(f"session_threshold: {facts.threshold.seconds}", f"(int) Seconds. {reason[0].upper()}{reason[1:]}.")
        )
    if facts.filtered:
        done = "The recipe has filtered; a second time would remove more."
        lines += [
            _line('user_inter_num_interval: "[0,inf)"', f"(str) {done}"),
            _line('item_inter_num_interval: "[0,inf)"', f"(str) {done}"),
            _line("rm_ambiguous_items: False", f"(bool) {done}"),
        ]
    return "\n".join([*lines, *([] if facts.shipped else _evaluation(facts))]) + "\n"


def _evaluation(facts: Facts) -> list[str]:
    pop = f"pop{facts.negatives}"
    why = f"Leave-one-out: {facts.targets} users have a test target."
    if facts.negatives < 99:
        why += " Of 99 negatives more than 5 % of the targets would lack some: few items are known before them."
    return [_line("eval_args:", f"(dict) {why}"), f"  mode: {{valid: [{pop}], test: [{pop}, full]}}"]


def _text(name: str) -> str:
    """A name in yaml, quoted where it would be read as something else, as ``no``, ``1`` or ``a, b``."""
    plain = re.fullmatch(r"[A-Za-z_]\w*", name) and isinstance(yaml.load(name, YamlLoader), str)
    return name if plain else json.dumps(name, ensure_ascii=False)


def _line(setting: str, comment: str) -> str:
    return f"{setting:<31} # {comment}"
