"""A comparison in words and rows, which the terminal and the page lay out."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recbole_lsrec.analysis.compare import Comparison, Pair
from recbole_lsrec.errors import counted
from recbole_lsrec.page.numbers import confidence, p_value, signed
from recbole_lsrec.page.numbers import metric as number

Rows = tuple[list[str], list[list[Any]]]  # heads, and the lines below them


def heading(found: Comparison) -> list[str]:
    """What was compared, on which data, and whether these are simulated."""
    hashes = ", ".join(f"{name} {value[:12]}" for name, value in found.fingerprints.items() if value)
    better = "" if found.higher_is_better else " (lower is better)"
    lines = [f"{found.metric}{better} on {found.dataset}, {found.phase}, protocol {found.protocol}", hashes]
    if found.corrected:
        lines.append("each run with its own popularity_correction: score + lambda * log(training events)")
    lines.append(f"{counted(found.users, 'user')}, {counted(found.instances, 'instance')}")
    if found.users_left_out:
        lines[-1] += f"; {counted(found.users_left_out, 'user')} left out, who have no value of it"
    return [*lines, *([found.simulated] if isinstance(found.simulated, str) else [])]


def run_rows(found: Comparison) -> Rows:
    """Each run, its model named once."""
    rows = []
    for model in found.models:
        name, label = model.name, model.label
        for run in model.runs:
            own = [] if run.popularity is None else [f"{run.popularity:+g}" if run.popularity else "0"]
            rows.append([name, label, run.seed, *own, number(run.value), number(run.over_users), _folder(run.folder)])
            name = label = ""
    return ["", "model", "seed", *(["lambda"] if found.corrected else []), found.metric, "over users", "run"], rows


def seed_rows(found: Comparison) -> Rows:
    """The spread over seeds of each model."""
    rows = [
        [model.name, len(model.runs), *map(number, (model.mean, model.sd, model.low, model.high))]
        for model in found.models
    ]
    return ["", "seeds", "mean", "sd", "lowest", "highest"], rows


def pair_rows(found: Comparison) -> Rows:
    """Each pair's difference with its interval and, where both sides have several seeds, its tests."""
    with_seeds = any(pair.seed_se is not None for pair in found.pairs)
    heads = ["pair", "diff", f"{confidence(found.alpha)} interval"]
    heads += ["t", "p", "seed se", "p+seeds", "Holm p"] if with_seeds else []
    heads += ["d_z", "win/tie/loss"] + ([] if with_seeds else ["about"])
    rows = []
    for pair in found.pairs:
        row = [f"{pair.a}-{pair.b}", signed(pair.difference, "-"), f"{signed(pair.low, '-')} {signed(pair.high, '-')}"]
        row += _tests(pair, found.alpha) if with_seeds else []
        rows.append([*row, *_effect(pair), *([] if with_seeds else [f"these {_runs_of(found, pair)}"])])
    return heads, rows


def _runs_of(found: Comparison, pair: Pair) -> str:
    """``two runs``, or as many as the sides have."""
    n = sum(len(model.runs) for model in found.models if model.name in (pair.a, pair.b))
    return "two runs" if n == 2 else f"{n} runs"


def _tests(pair: Pair, alpha: float) -> list[str]:
    """Of the models; a pair with a single seed on a side has none."""
    if pair.about == "runs":
        return ["-"] * 4 + ["one seed "]
    star = "*" if pair.significant(alpha) else " "
    return [
        f"{pair.t_users:.2f}",
        p_value(pair.p_users),
        number(pair.seed_se),
        p_value(pair.p),
        p_value(pair.p_holm) + star,
    ]


def _effect(pair: Pair) -> list[str]:
    d = "-" if pair.d is None else f"{pair.d:+.3f}"
    return [d, "-" if pair.win is None else f"{pair.win}/{pair.tie}/{pair.loss}"]


def notes(found: Comparison) -> list[str]:
    """What the numbers are, and what they allow to say."""
    about = {pair.about for pair in found.pairs}
    tested = sum(pair.about == "models" for pair in found.pairs)
    adjusted = f", adjusted for all {tested} pairs" if tested > 1 else ""
    told = [f"* Holm p <= {found.alpha:g}{adjusted}."] if tested else []
    if found.metric == "auc":
        told.append(
            f"AUC compares rows of different users, so interval and standard error come from {found.resamples} draws of users."
        )
    else:
        what = "diff, t, p and d_z" if tested else "diff and d_z"
        told.append(
            f"{what} (Cohen's d of paired values) are over users, one mean a user; the interval is the"
            f" percentile bootstrap over users, {found.resamples} draws."
        )
    if tested:
        told.append(
            "A user's value is averaged over the seeds. Interval, t and p count users alone; seed se is the standard error"
            " that the seeds add, and p+seeds, which Holm adjusts, counts users and seeds."
        )
        pairs = " for pairs with p+seeds" if "runs" in about else ""
        told.append(f"CLAIM: about the models as trained here{pairs}, over users and seeds.")
    if "runs" in about:
        sizes = {_runs_of(found, pair) for pair in found.pairs if pair.about == "runs"}
        those = sizes.pop() if len(sizes) == 1 else "runs"
        told.append(
            ("Of a pair with a single seed on a side: " if tested else "CLAIM: ")
            + f"about these {those} alone. Another seed of the same model may turn the difference round, so there is no"
            " test of it and no star."
        )
        commands = _more_seeds(found)
        rest = " (...: the other settings of that run)" if any(" ... " in command for command in commands) else ""
        told += [f"Train more seeds, and give compare all runs{rest}:", *(f"  {command}" for command in commands)]
    counts = [model.label for model in found.models if model.sd == 0 and len(model.runs) == 1]
    if counts:
        told.append(f"One run stands for all seeds of {', '.join(counts)}, which no seed changes.")
    if found.fitted_here:
        told.append(
            "Lambdas were chosen on these targets, so values are a little too good; --phase test tells what they are worth"
            " on others."
        )
    told += estimated(found.two_stage)
    if found.code_versions > 1:
        told.append(f"The runs were made by {found.code_versions} versions of the code.")
    return told


def estimated(shares: Mapping[str, float]) -> list[str]:
    """Whose ranks among all items are partly estimates, which others' need not be; by name the share of the best found."""
    if not shares:
        return []
    named = ", ".join(f"{label} ({share:.1%} of the best items found)" for label, share in shares.items())
    return [
        f"Ranked in two stages (full_stage), so partly by estimates, neither equal to exact ranks nor a bound: {named}."
    ]


def _more_seeds(found: Comparison) -> list[str]:
    """A command for each model that has one seed; where a run's own is not known, its settings are the reader's to repeat."""
    commands = []
    for model in found.models:
        if model.sd is None:
            (run,) = model.runs
            own = shlex.join(part for part in run.command if not part.startswith("--seed="))
            known = own or f"run --model={model.model} --dataset={found.dataset} ..."
            whose = "" if own or model.label == model.model else f"  # {model.label}"
            commands.append(f"recbole-lsrec {known} --seed={run.seed + 1}{whose}")
    return commands


def _folder(path: str) -> str:
    """The end of the name is what tells two runs apart: time and six digits."""
    name = Path(path).name
    return name if len(name) <= 26 else f"...{name[-23:]}"
