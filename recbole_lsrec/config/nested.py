"""The nested settings: ``eval_args`` (split and protocols), ``train_neg_sample_args`` and ``clip_grad_norm``."""

from collections.abc import Mapping
from typing import Any

from recbole_lsrec.config.check import Sources, refuse
from recbole_lsrec.config.global_time_settings import GlobalTime
from recbole_lsrec.config.protocol_settings import EvalArgs, Negatives
from recbole_lsrec.config.run_settings import MAX_NORM, GradientNorm
from recbole_lsrec.config.setting import Options, settings_of
from recbole_lsrec.errors import ConfigError, did_you_mean
from recbole_lsrec.protocol import EXCLUDE, Protocol

_MODE = (
    "full, uniN or popN (N from 1 to 999999, such as uni99, pop99), file (lists of the key candidates), or a list of them; "
    "one for both phases or {valid: ..., test: ...}"
)
_SPLIT = (
    "{LS: valid_and_test | valid_only | test_only}, {RS: [train, valid, test]}, {TS: [train, valid, test]} or "
    "{GTS: {valid: boundary, test: boundary, ...}}"
)
# RecBole's own form of "no negatives"; its code reads the word none.
NO_NEGATIVES: dict[str, Any] = {
    "distribution": "none",
    "sample_num": "none",
    "alpha": "none",
    "dynamic": False,
    "candidate_num": 0,
    "exclude": ["positive"],
    "logq": False,
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
    eval_args = {**eval_args, "exclude": _exclusions(eval_args["exclude"])}
    _check_parts("eval_args", eval_args, EvalArgs, sources)
    _check_split(eval_args["split"], sources)
    group_by, kind = eval_args["group_by"], next(iter(eval_args["split"]))
    if kind == "LS" and group_by != "user":
        raise refuse(
            "eval_args: group_by", group_by, sources, "user with split LS, which leaves out each user's last events"
        )
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
    return {**eval_args, "exclude": _in_order(eval_args["exclude"]), "mode": phases}, protocols


def eval_negatives(protocol: str) -> dict[str, Any]:
    """Returns a protocol as RecBole's ``valid_neg_sample_args`` and ``test_neg_sample_args`` hold it."""
    drawn = Protocol.parse(protocol)
    if not drawn.n:  # RecBole has no word for given lists
        return {"distribution": "uniform", "sample_num": "none"}
    return {"distribution": "uniform" if drawn.alpha is None else "popularity", "sample_num": drawn.n}


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
    args = {**{part: one.default for part, one in settings_of(Negatives).items()}, **given}
    args["exclude"] = _exclusions(args["exclude"])
    _check_parts(key, args, Negatives, sources)
    return {**args, "exclude": _in_order(args["exclude"])}


def check_gradient_norm(given: dict[str, Any] | None, sources: Sources) -> None:
    """Refuses what torch's ``clip_grad_norm_`` cannot use.

    Raises:
        ConfigError: no ``max_norm``, an unknown part, or a part that is not accepted.
    """
    key = "clip_grad_norm"
    if given is None:
        return
    _check_parts(key, given, GradientNorm, sources)
    if "max_norm" not in given:
        raise refuse(key, given, sources, MAX_NORM)


def no_negatives(given: Any) -> bool:
    """Whether ``train_neg_sample_args`` says that nothing is sampled."""
    distribution = given.get("distribution", "") if isinstance(given, dict) else given
    return distribution is None or str(distribution).lower() == "none"


def _exclusions(given: Any) -> Any:
    """A single word stands for a list of it."""
    return [given] if isinstance(given, str) else given


def _in_order(exclude: list[str]) -> list[str]:
    """What negatives must not be; the positive always is among it."""
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
    by_ratio = kind in ("RS", "TS") and _ratios(value)
    if not by_user and not by_ratio:
        hint = did_you_mean(str(kind), ("LS", "RS", "TS", "GTS")) if kind not in ("LS", "RS", "TS") else ""
        raise ConfigError(f"{refuse(key, split, sources, _SPLIT)}{hint}")


def _ratios(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 3 or any(type(part) not in (int, float) for part in value):
        return False
    return min(value) >= 0 and value[0] > 0 and sum(value) < float("inf")


def _protocols(given: Any, sources: Sources) -> list[str]:
    names = given if isinstance(given, list) else [given]
    if "labeled" in names:
        raise refuse("eval_args: mode", given, sources, f"{_MODE}; labeled needs labels, which a log of events has not")
    try:
        parsed = [Protocol.parse(name).name for name in names]
    except ValueError:
        parsed = []
    if not parsed or len(set(parsed)) < len(parsed):
        raise refuse("eval_args: mode", given, sources, _MODE)
    return parsed


def _check_parts(key: str, given: Mapping[str, Any], declared: type[Options], sources: Sources) -> None:
    parts = settings_of(declared)
    for part, value in given.items():
        if part not in parts:
            raise ConfigError(
                f"{key}: found {part!r} ({sources.get(key, 'unknown source')}), which is no part of it."
                f"{did_you_mean(str(part), parts)} Accepted: {', '.join(parts)}."
            )
        parts[part].check(value, sources.get(key, ""), f"{key}: {part}")
