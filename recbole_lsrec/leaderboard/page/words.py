"""What a table says, in sentences: nobody has to read stars to know what is certain."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import Any

from scipy.stats import kendalltau

from recbole_lsrec.analysis.compare import Comparison
from recbole_lsrec.analysis.comparison_words import estimated
from recbole_lsrec.data.candidates.unseen import GIVES_AWAY
from recbole_lsrec.errors import counted
from recbole_lsrec.evaluation.ties import MANY_TIES
from recbole_lsrec.leaderboard.page.cost import Cost
from recbole_lsrec.leaderboard.page.popularity import Corrected, CorrectedTest, in_order
from recbole_lsrec.leaderboard.page.results import Table
from recbole_lsrec.leaderboard.page.standing import Standing
from recbole_lsrec.page.numbers import MINUS, metric

_SAMPLED = {"uni": "drawn uniformly", "pop": "drawn by popularity"}
_EXCLUDED = {
    "positive": "the target",
    "history": "the user's history",
    "target_session": "the target's session",
    "user": "the user's training items",
}
_MOSTLY = 0.5  # of the targets


def setting(table: Table) -> str:
    """How the targets were ranked, for the caption."""
    n = table.n_candidates - 1
    kind = next(
        (f"{n} frozen negatives {how}" for start, how in _SAMPLED.items() if table.protocol.startswith(start)), None
    )
    sampled = (kind or f"{n} negatives") + _fewer(table)
    among = {"full": "all items", "file": f"up to {n} given negatives"}.get(table.protocol, sampled)
    seen = "left out" if table.filter_seen else "ranked too"
    hash_ = f"; candidates {table.candidates}" if table.candidates else ""
    excluded = _names([_EXCLUDED.get(part, part) for part in table.exclude])
    left_out = f"; seen items {seen}" if table.protocol == "full" else f", {excluded} excluded"
    return (
        f"{counted(table.instances, 'test target', ',')} of {counted(table.users, 'user', ',')}, each ranked among {among}"
        f"{left_out}; ties: {table.ties_rule}{hash_}"
    )


def _fewer(table: Table) -> str:
    if not table.short:
        return ""
    return f" (fewer for {table.short:,} target{'s' if table.short > 1 else ''}, at least {table.least_candidates - 1})"


def verdict(table: Table) -> str:
    """Who is best in the main metric, how sure that is, and what speaks against it.

    That is a system outside the order that is above it already, or that most targets are new to all systems.
    """
    told = [_order(table), *_above(table)]
    if table.unseen is not None and table.unseen["targets"] > _MOSTLY:
        told.append(
            f"But {table.unseen['targets']:.1%} of the targets have no training event: this says how systems score what they "
            "never learnt, and little else."
        )
    return " ".join(told)


def _above(table: Table) -> list[str]:
    """Who is outside the order and yet has a better mean than the first of it."""
    lower = any(column.key == table.main and column.higher_is_better is False for column in table.columns)
    sign = -1 if lower else 1
    means = [(row, row.values[table.main].mean) for row in table.rows if table.main in row.values]
    ranked = [sign * mean for row, mean in means if not row.rising]
    above = [
        f"{row.system} ({metric(mean)})" for row, mean in means if row.rising and sign * mean > max(ranked, default=inf)
    ]
    if not above:
        return []
    has = "has a better mean, and is not ranked" if len(above) == 1 else "have better means, and are not ranked"
    return [f"But {_names(above)} {has}: still rising, or validated once."]


def _order(table: Table) -> str:
    if table.untested:
        return f"Nothing is marked: {table.untested.rstrip('.')}."
    place = table.standings.get(table.main)
    if place is None:
        return f"Nothing is marked in {table.main}: it was not tested."
    return _placed(place, table.main, table.comparison, len(table.rows))


def _placed(place: Standing, main: str, comparison: Comparison | None, systems: int) -> str:
    """What is certain of an order.

    Args:
        place: of the tested systems.
        main: the metric.
        comparison: their tests.
        systems: how many are shown, tested or not.
    """
    one_seed_each = {model.label for model in comparison.models if model.sd is None} if comparison else set()
    if place.best:
        those, below = ("", "") if len(place.order) == systems else (" that was tested", "tested ")
        text = f"{place.best} is best in {main}: significantly better than every other system{those}."
        return text + (
            f" {place.second} is second, significantly better than every {below}system below it."
            if place.second
            else ""
        )
    if comparison and {pair.about for pair in comparison.pairs} == {"runs"}:
        why = "One seed each" if _one_run_each(comparison) else "In every pair a system has one seed"
        return (
            f"{why}, so no system is called better in {main}: another seed may turn a difference round. The same"
            " command with --seeds=2020,2021,2022 trains more."
        )
    if place.ahead:
        return (
            f"No system is significantly best in {main}: {place.order[0]} has the best mean over targets, but over users, "
            f"as tests count, {_names(place.ahead)} {'is' if len(place.ahead) == 1 else 'are'} significantly better than it."
        )
    one_seed = [system for system in place.level if system in one_seed_each]
    if place.order[0] in one_seed:
        first = f"{place.order[0]} has the best mean, but one seed, so it is not tested"
        return f"No system is significantly best in {main}: {first}."
    have = "has one seed, so it is" if len(one_seed) == 1 else "have one seed, so they are"
    alone = f" {_names(one_seed)} {have} not tested." if one_seed else ""
    if len(place.level) == len(place.order):
        none = f"no system can be told apart from {place.order[0]}, the first"
        if place.certain:
            return f"No system is significantly best in {main}: {none}; others can be told apart, see the pairs.{alone}"
        return f"Nothing is significant in {main}: {none}.{alone}"
    order, level = ([system for system in of if system not in one_seed] for of in (place.order, place.level))
    tested = replace(place, order=order, level=level)
    return f"No system is significantly best in {main}: {_top(tested, comparison)}{alone}"


def _top(place: Standing, comparison: Comparison | None) -> str:
    """Who cannot be told apart from the first, and who only cannot because too few seeds, or users, differ too much."""
    first = next(n for n, system in enumerate(place.order) if system not in place.level)
    top, lower = place.order[:first], [system for system in place.level if system not in place.order[:first]]
    if not (lower or top[1:]):
        return f"{top[0]} is first, and significantly better than every other that was tested."
    if not lower:
        return f"{top[0]} is first, and {_names(top[1:])} cannot be told apart from it."
    why = "seeds differ too much for their number. More seeds would tell (--seeds)."
    if comparison and not _apart_over_users(top[0], lower, comparison):
        why = "users or seeds differ too much for their number."
    if len(top) == 1:
        return f"{top[0]} is first, and only {_names(lower)}, further down, cannot be told apart from it: {why}"
    return f"{top[0]} is first, and {_names(top[1:])} cannot be told apart from it, nor {_names(lower)}, further down: {why}"


def _apart_over_users(system: str, others: Sequence[str], comparison: Comparison) -> bool:
    label = {model.name: model.label for model in comparison.models}
    pairs = {frozenset((label[pair.a], label[pair.b])): pair for pair in comparison.pairs}
    return all(pairs[frozenset((system, other))].p_users <= comparison.alpha for other in others)


def notes(table: Table) -> list[str]:
    """What the marks mean, how far they reach, and what to be careful about."""
    return [
        *_other_metrics(table),
        *_claim(table),
        *_outside(table),
        *_bands(table),
        *_users(table),
        *_ties(table),
        *estimated(table.two_stage),
        *_unseen(table),
    ]


def log(split: Mapping[str, Any], one_view: bool) -> str:
    """What the log held, and what filters left out of it.

    Args:
        split: a run's ``split.json``.
        one_view: whether all runs cut the same sessions and read the same categories.
    """
    held = (
        f"{counted(split['events'], 'event', ',')} of {counted(split['users'], 'user', ',')} and "
        f"{counted(split['items'], 'item', ',')}"
    )
    if one_view:
        held += f" in {counted(split['sessions'], 'session', ',')} ({_sessions(split)})."
    else:
        held += ". Runs differ in how they cut sessions or read categories, so targets are not grouped by these."
    dropped = [
        f"{entry['filter']}: {counted(entry['rows'], 'row', ',')}, {counted(entry['users'], 'user', ',')}, "
        f"{counted(entry['items'], 'item', ',')}"
        for entry in split["filters"]
        if entry["rows"]
    ]
    return f"{held} Left out: {'; '.join(dropped)}." if dropped else held


def _sessions(split: Mapping[str, Any]) -> str:
    threshold = split["session_threshold"]
    if threshold is None:
        return "the log's own" if split["own_sessions"] else "one a user, as its times are places"
    gap = f"{threshold:,} s or more" if split.get("session_gap") == "lt" else f"over {threshold:,} s"
    return f"a gap of {gap} begins a new one"


def lambdas(of: Corrected) -> str:
    """What validation chose for each seed: one number where they agree."""
    values = [f"{value:+g}".replace("-", MINUS) if value else "0" for value in of.chosen]
    return values[0] if len(set(values)) == 1 else ", ".join(values)


def order_change(found: Sequence[Corrected]) -> str:
    """Whether the systems' order changes once each has its own lambda, protocol by protocol."""
    stays, changes, alone = [], [], []
    for name in dict.fromkeys(one.protocol for one in found):
        own = [one for one in found if one.protocol == name]
        before, after = in_order(own, at_chosen=False), in_order(own, at_chosen=True)
        if len(before) < 2:
            alone.append(name)
        elif before == after:
            stays.append(name)
        else:
            first = f"{after[0]} stays first" if after[0] == before[0] else f"{after[0]} first instead of {before[0]}"
            places = [[order.index(system) for system in before] for order in (before, after)]
            tau = f"{kendalltau(*places).statistic:.2f}".replace("-", MINUS)
            changes.append(f"under {name} ({first}; τ of the two orders {tau})")
    if not (changes or stays):
        return (
            f"Whether lambdas change the order is not known: fewer than two systems are ranked under {_names(alone)}."
        )
    if not changes:
        return f"With its own lambda for each system the order of the means stays what it was under {_names(stays)}."
    stay = f", and stays what it was under {_names(stays)}" if stays else ""
    return f"With its own lambda for each system the order of the means changes {_names(changes)}{stay}."


def with_own_lambda(test: CorrectedTest) -> str:
    """What the tests say of the systems of one protocol, each with its own lambda."""
    if test.standing is None:
        return f"{test.protocol}: not tested: {str(test.untested).rstrip('.')}."
    return f"{test.protocol}: {_placed(test.standing, test.metric, test.comparison, test.systems)}"


def which_lambda(found: Sequence[Corrected], by_other_metric: Sequence[str]) -> str:
    """Where the lambdas come from, whether the tables of results are with them, and which systems are left out."""
    fitted, given = "its own best lambda, chosen on validation", "the lambda that its settings give"
    how = (fitted if found[0].fitted else given) if _same(found, "fitted") else f"{fitted}, or {given}"
    within = list(dict.fromkeys(one.system for one in found if one.in_results))
    tables = (
        "without" if not within else "with it" if _same(found, "in_results") else f"with it for {_names(within)} alone"
    )
    out = f" Left out, since another metric chose their lambda: {_names(by_other_metric)}." if by_other_metric else ""
    return f"Each system at {how}, of score + lambda * log(training events). The tables above are {tables}.{out}"


def _same(found: Sequence[Corrected], name: str) -> bool:
    return len({getattr(one, name) for one in found}) == 1


def at_an_end(found: Sequence[Corrected]) -> str | None:
    """Whose lambda lies at an end of what was tried, for a seed at least; None for nobody's."""
    told = []
    for name in dict.fromkeys(one.protocol for one in found):
        own = [one for one in found if one.protocol == name and one.fitted]
        ends = [one for one in own if {one.lambdas[0], one.lambdas[-1]} & {*one.chosen}]
        if ends:
            told.append(f"under {name} {_names([one.system for one in ends])}")
    return (
        f"With a lambda at an end of what was tried, so that more might be better still: {'; '.join(told)}."
        if told
        else None
    )


def every_position(costs: Sequence[Cost]) -> str | None:
    """Which systems were trained on whole histories at once, so that in equal time they met more targets; None for none."""
    names = [cost.system for cost in costs if cost.every_position]
    return (
        f"Trained on whole histories at once, other sequence models on one window for each target: {_names(names)}."
        if names
        else None
    )


def under_fit(costs: Sequence[Cost]) -> str | None:
    """Which systems had not stopped improving, or None: their results say what the budget allows, not what they can do."""
    climbed = [(cost, cost.still_improving - cost.validated_once) for cost in costs]
    rising = [f"{cost.system} ({n} of {cost.runs})" for cost, n in climbed if n]
    once = [f"{cost.system} ({cost.validated_once} of {cost.runs})" for cost in costs if cost.validated_once]
    told = [f"validation was still rising in runs of {', '.join(rising)}"] if rising else []
    told += [f"there was a single validation in runs of {', '.join(once)}"] if once else []
    if not told:
        return None
    return f"The training may have been too short: {'; '.join(told)}. With more of it these results may rise."


def _other_metrics(table: Table) -> list[str]:
    named: dict[str, list[str]] = {}
    for key, place in table.standings.items():
        named.setdefault(place.best or "", []).append(key)
    none = named.pop("", [])
    found = [f"{system} in {', '.join(keys)}" for system, keys in named.items()]
    lines = [f"Significantly best: {'; '.join(found)}."] if found else []
    return lines + ([f"No significantly best system in {', '.join(none)}."] if none else [])


def _claim(table: Table) -> list[str]:
    if table.comparison is None:
        return []
    about = {pair.about for pair in table.comparison.pairs}
    if about == {"models"}:
        return ["The tests count users and seeds: what is marked is claimed of the systems as trained here."]
    if about == {"runs"}:
        those = "of these two runs each" if _one_run_each(table.comparison) else "of these runs alone"
        return [f"The pairs below are {those}: differences and intervals, no tests."]
    return [
        "A pair of which a system has one seed is not tested: the difference is of those runs. More seeds would tell."
    ]


def _one_run_each(comparison: Comparison) -> bool:
    return all(len(model.runs) == 1 for model in comparison.models)


def _outside(table: Table) -> list[str]:
    rising = [row.system for row in table.rows if row.rising]
    if not rising:
        return []
    return [f"Outside the order, neither tested nor marked, because still rising or validated once: {_names(rising)}."]


def _bands(table: Table) -> list[str]:
    low = [row.system for row in table.rows if row.below_band and row.seeds]
    if not low:
        return []
    return [f"Below the expected band: {_names(low)}. Probably under-fitted here; being better than it says little."]


def _users(table: Table) -> list[str]:
    if table.comparison is None or table.instances == table.users:
        return []
    return [
        f"Users have several targets: shown is the mean over the {table.instances:,} targets, tested are the means of the"
        f" {table.comparison.users:,} users."
    ]


def _ties(table: Table) -> list[str]:
    tied = [f"{row.system} {row.tied:.0%}" for row in table.rows if (row.tied or 0) > MANY_TIES]
    if not tied:
        return []
    return [
        f"Ties: share of targets that score the same as some competitor: {', '.join(tied)}. These values rest on"
        f" `ties: {table.ties_rule}`."
    ]


def _unseen(table: Table) -> list[str]:
    if table.unseen is None:
        return []
    text = (
        f"Without a training event: {table.unseen['targets']:.1%} of the targets, {table.unseen['negatives']:.1%} of the"
        " competitors."
    )
    if table.unseen["auc"] <= GIVES_AWAY:
        return [text]
    return [
        f"{text} Preferring items never seen in training, and nothing else, has an AUC of {table.unseen['auc']:.2f}:"
        " part of every value here may be that."
    ]


def _names(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
