"""The two nested settings: ``eval_args`` (split and protocols) and ``train_neg_sample_args``."""

import re
from typing import Any

from recbole_lsrec.config.check import Sources, number, refuse, whole
from recbole_lsrec.config.global_time import GlobalTime
from recbole_lsrec.config.keys import fits
from recbole_lsrec.errors import ConfigError, did_you_mean

EXCLUDE = ("positive", "history", "target_session", "user")
POPULARITY = ("train", "all")
_MODE = (
    "full, uniN or popN (such as uni99, pop99), file (lists of the key candidates), or a list of them; one for both "
    "phases or {valid: ..., test: ...}"
)
_SPLIT = (
    "{LS: valid_and_test | valid_only | test_only}, {RS: [train, valid, test]}, {TS: [train, valid, test]} or "
    "{GTS: {valid: boundary, test: boundary, ...}}"
)
_EVAL_PARTS = ("split", "order", "group_by", "mode", "fewer", "exclude", "popularity")
_NEGATIVES: dict[str, Any] = {
    "distribution": "uniform",
    "sample_num": 1,
    "alpha": 1.0,
    "dynamic": False,
    "candidate_num": 0,
    "exclude": ["positive"],
}
# RecBole's own form of "no negatives"; its code reads the word none.
NO_NEGATIVES: dict[str, Any] = {
    "distribution": "none",
    "sample_num": "none",
    "alpha": "none",
    "dynamic": False,
    "candidate_num": 0,
    "exclude": ["positive"],
}


def check_eval_args(
    eval_args: dict[str, Any], candidates: str | None, sources: Sources
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Returns ``eval_args`` with both phases in ``mode``, and the protocols of each phase.

    Args:
        eval_args: as merged from all places.
        candidates: file of given lists; where no phase asks for ``file``, the test does, before its other protocols.
        sources: where each key comes from.

    Raises:
        ConfigError: an unknown part, or a split, order, group or mode that is not accepted.
    """
    _check_parts("eval_args", eval_args, _EVAL_PARTS, sources)
    _check_split(eval_args["split"], sources)
    if eval_args["order"] != "TO":
        raise refuse("eval_args: order", eval_args["order"], sources, "TO, because sequences are in the order of time")
    group_by, kind = eval_args["group_by"], next(iter(eval_args["split"]))
    if group_by not in ("user", "none", None):
        raise refuse("eval_args: group_by", group_by, sources, "user or none")
    if kind == "LS" and group_by != "user":
        raise refuse(
            "eval_args: group_by", group_by, sources, "user with split LS, which leaves out each user's last events"
        )
    fewer = eval_args["fewer"]
    if fewer not in ("error", "allow") and not (fits(fewer, ("float",)) and 0 <= fewer < 1):
        raise refuse(
            "eval_args: fewer", fewer, sources, "error, allow, or the share of instances that may, such as 0.05"
        )
    exclude = _exclusions("eval_args", eval_args["exclude"], sources)
    if eval_args["popularity"] not in POPULARITY:
        raise refuse("eval_args: popularity", eval_args["popularity"], sources, " or ".join(POPULARITY))
    mode = eval_args["mode"]
    phases = dict(mode) if isinstance(mode, dict) else {"valid": mode, "test": mode}
    if not phases or set(phases) - {"valid", "test"}:
        raise refuse("eval_args: mode", mode, sources, _MODE)
    other = next(iter(phases.values()))  # RecBole's rule: a phase that is not named is evaluated as the other
    phases = {phase: phases.get(phase, other) for phase in ("valid", "test")}
    protocols = {phase: _protocols(given, sources) for phase, given in phases.items()}
    on_file = any("file" in names for names in protocols.values())
    if on_file and candidates is None:
        raise refuse(
            "eval_args: mode", mode, sources, "file only with the key candidates, which names the file of lists"
        )
    if candidates is not None and not on_file:
        phases["test"] = protocols["test"] = ["file", *protocols["test"]]
    return {**eval_args, "exclude": exclude, "mode": phases}, protocols


def eval_negatives(protocol: str) -> dict[str, Any]:
    """Returns a protocol as RecBole's ``valid_neg_sample_args`` and ``test_neg_sample_args`` hold it."""
    if protocol in ("full", "file"):  # RecBole has no word for given lists
        return {"distribution": "uniform", "sample_num": "none"}
    return {"distribution": {"uni": "uniform", "pop": "popularity"}[protocol[:3]], "sample_num": int(protocol[3:])}


def check_negatives(given: Any, sources: Sources) -> dict[str, Any]:
    """Returns ``train_neg_sample_args`` complete, or RecBole's form of none.

    Raises:
        ConfigError: not a dict or None, an unknown part, or a part that is not accepted.
    """
    key = "train_neg_sample_args"
    if no_negatives(given):
        return dict(NO_NEGATIVES)
    if not isinstance(given, dict):
        raise refuse(key, given, sources, "a dict such as {distribution: uniform, sample_num: 4}, or ~ for none")
    _check_parts(key, given, tuple(_NEGATIVES), sources)
    args = {**_NEGATIVES, **given}
    if args["distribution"] not in ("uniform", "popularity", "in_batch"):
        raise refuse(
            f"{key}: distribution", args["distribution"], sources, "uniform, popularity, in_batch, or ~ for none"
        )
    for part, rule in (("sample_num", whole(1)), ("alpha", number())):
        if not rule.holds(args[part]):
            raise refuse(f"{key}: {part}", args[part], sources, rule.accepted)
    if args["dynamic"] is not False:
        raise refuse(
            f"{key}: dynamic", args["dynamic"], sources, "False; choosing negatives by the model's scores is not built"
        )
    args["exclude"] = _exclusions(key, args["exclude"], sources)
    return args


def no_negatives(given: Any) -> bool:
    """Whether ``train_neg_sample_args`` says that nothing is sampled."""
    distribution = given.get("distribution", "") if isinstance(given, dict) else given
    return distribution is None or str(distribution).lower() == "none"


def _exclusions(key: str, given: Any, sources: Sources) -> list[str]:
    """What negatives must not be; the positive always is among it."""
    exclude = [given] if isinstance(given, str) else given
    if not fits(exclude, ("list",)) or not set(map(str, exclude)) <= set(EXCLUDE):
        raise refuse(f"{key}: exclude", given, sources, f"a list of {', '.join(EXCLUDE)}")
    return [what for what in EXCLUDE if what == "positive" or what in exclude]


def _check_split(split: Any, sources: Sources) -> None:
    key = "eval_args: split"
    kind: str | None = None
    value: Any = None
    if isinstance(split, dict) and len(split) == 1:
        ((kind, value),) = split.items()
    if kind == "GTS":
        try:
            GlobalTime.parse(value)
        except ValueError as error:
            raise ConfigError(f"{key}: GTS: {error} ({sources.get('eval_args', 'unknown source')}).") from error
        return
    by_user = kind == "LS" and value in ("valid_and_test", "valid_only", "test_only")
    by_ratio = (
        kind in ("RS", "TS")
        and fits(value, ("list of float",))
        and len(value) == 3
        and min(value) >= 0
        and value[0] > 0
        and sum(value) < float("inf")
    )
    if not by_user and not by_ratio:
        hint = did_you_mean(str(kind), ("LS", "RS", "TS", "GTS")) if kind not in ("LS", "RS", "TS") else ""
        raise ConfigError(f"{refuse(key, split, sources, _SPLIT)}{hint}")


def _protocols(given: Any, sources: Sources) -> list[str]:
    names = given if isinstance(given, list) else [given]
    well_formed = all(isinstance(name, str) and re.fullmatch(r"full|file|(uni|pop)[1-9]\d*", name) for name in names)
    if "labeled" in names:
        raise refuse("eval_args: mode", given, sources, f"{_MODE}; labeled needs labels, which a log of events has not")
    if not names or not well_formed or len(set(names)) < len(names):
        raise refuse("eval_args: mode", given, sources, _MODE)
    return names


def _check_parts(key: str, given: dict[str, Any], accepted: tuple[str, ...], sources: Sources) -> None:
    for part in given:
        if part not in accepted:
            raise ConfigError(
                f"{key}: found {part!r} ({sources.get(key, 'unknown source')}), which is no part of it."
                f"{did_you_mean(str(part), accepted)} Accepted: {', '.join(accepted)}."
            )
