"""A verdict in words: what speaks for long- and short-term models on a log, and what against.

The bounds are ours; docs/audit.md gives them.
"""

from collections.abc import Iterator
from typing import NamedTuple

from recbole_lsrec.audit.measure import Audit
from recbole_lsrec.audit.order import K
from recbole_lsrec.audit.users import FAR
from recbole_lsrec.errors import counted


class Finding(NamedTuple):
    """One sentence, and whether it speaks for such models (``good``), against them (``bad``) or asks for care (``care``)."""

    kind: str
    text: str


def findings(audit: Audit) -> list[Finding]:
    """What the measurements mean: first what speaks against, then what asks for care."""
    found = [*_sessions(audit), *_order(audit), *_equal(audit), *_users(audit), *_items(audit)]
    return sorted(found, key=lambda finding: ["bad", "care", "good"].index(finding.kind))


def verdict(found: list[Finding]) -> str:
    """One sentence."""
    bad = sum(finding.kind == "bad" for finding in found)
    care = sum(finding.kind == "care" for finding in found)
    if bad >= 2:
        return "Not a log for long- and short-term models: whatever they score on it says little about them."
    if bad or care >= 3:
        return "Fit with care: read the points below before believing a difference between models on this log."
    return "Fit for long- and short-term models."


def _sessions(audit: Audit) -> Iterator[Finding]:
    now = audit.now
    both = f"{now.with_both:.0%} of the test targets have an earlier session beside the current one"
    if not audit.order.targets:
        yield Finding("bad", "No user has three events, so there is no test target.")
    elif now.with_both < 0.3:
        yield Finding("bad", f"{both}: for the others there is nothing long-term to find.")
    else:
        yield Finding("care", f"{both}; look at them apart.") if now.with_both < 0.6 else Finding("good", f"{both}.")
    single = f"{now.single:.0%} of the sessions have one event"
    if now.single > 0.8:
        yield Finding("bad", f"{single}: there is nothing short-term to find in them.")
    else:
        yield Finding("care" if now.single > 0.6 else "good", f"A session has {now.events:.1f} events; {single}.")
    enough = audit.size["users_with_three_events"]
    if audit.order.targets and enough < 0.5:
        yield Finding("care", f"{1 - enough:.0%} of the users have fewer than three events and no test target.")


def _order(audit: Audit) -> Iterator[Finding]:
    as_is, shuffled = audit.order.markov, audit.order.markov_shuffled
    if not audit.order.targets:
        return
    if audit.size["items"] <= K:
        found = counted(int(audit.size["items"]), "item")
        yield Finding(
            "care", f"Whether the order of events matters is not known: of {found} all are among the first {K}."
        )
        return
    words = f"a Markov chain hits {as_is:.1%} of the targets at 10, {shuffled:.1%} where histories are shuffled"
    if as_is <= 1.1 * shuffled:
        yield Finding("bad", f"The order of events tells little: {words}.")
    elif as_is <= 1.5 * shuffled:
        yield Finding("care", f"The order of events tells something: {words}.")
    else:
        yield Finding("good", f"The order of events matters: {words}.")


def _equal(audit: Audit) -> Iterator[Finding]:
    tied, copied = audit.equal_times["targets"], audit.equal_times["copied_targets"]
    words = f"{tied:.0%} of the test targets share their time with another event of their user"
    if tied > 0.3:
        yield Finding("bad", f"{words}: which of them is the target is chance.")
    elif tied > 0.05:
        yield Finding("care", f"{words}; their order is the file's.")
    if copied > 0.01:
        advice = "remove copies (rm_exact_duplicates: True)"
        yield Finding(
            "bad" if copied > 0.05 else "care",
            f"{copied:.1%} of the test targets are copies of an earlier line: {advice}.",
        )


def _users(audit: Audit) -> Iterator[Finding]:
    of = audit.activity
    if of.beyond_events > 0.01:
        have = "1 user has" if of.beyond == 1 else f"{of.beyond:,} users have"
        yield Finding(
            "care",
            f"{have} more than {FAR} times the median's events, {of.beyond_events:.0%} of all (the busiest: {of.busiest!r}, "
            f"{of.most:,}): robots, or accounts of many people? An upper end of {of.bound} in user_inter_num_interval leaves "
            "them out.",
        )


def _items(audit: Audit) -> Iterator[Finding]:
    again, cold = audit.repeats, audit.unseen["targets"]
    if again["ever"] > 0.4:
        repeated = f"{again['ever']:.0%} of the events repeat an item of their user, {again['just_before']:.0%} the very last one"
        yield Finding("care", f"{repeated}: compare with a model that copies, and look at new items apart.")
    words = f"{cold:.0%} of the test targets have no training event"
    if cold > 0.3:
        yield Finding(
            "bad",
            f"{words}: no model of item ids can rank them, and sampled negatives pay for preferring unseen items.",
        )
    elif cold > 0.1:
        yield Finding(
            "care", f"{words}; negatives drawn by popularity all have some, which pays for preferring unseen items."
        )
    new = max((period.get("new", 0.0) for period in audit.drift), default=0.0)
    if new > 0.3:
        yield Finding(
            "care", f"Up to {new:.0%} of a period's events are on items that were not there before: split in time."
        )
    if audit.same_category:
        inside, chance = audit.same_category["in_session"], audit.same_category["by_chance"]
        words = f"{inside:.0%} of the events in a session have the category of the one before, {chance:.0%} by chance"
        if inside < 2 * chance:
            yield Finding("care", f"{words}: categories tell little about sessions.")
        else:
            yield Finding("good", f"{words}.")
