"""The tables of a counterfactual evaluation: differences to the untouched model, and its alpha, by groups of targets."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from recbole_lsrec.analysis.counterfactual.groups import Group
from recbole_lsrec.analysis.counterfactual.intervention import Intervention
from recbole_lsrec.analysis.estimates import Estimate, mean_estimate
from recbole_lsrec.analysis.significance import holm
from recbole_lsrec.analysis.strata import FEW_USERS
from recbole_lsrec.analysis.user_metrics import Metric

UNTOUCHED = Intervention("none")


def differences_table(
    found: Mapping[Intervention, Mapping[tuple[str, str, int], Estimate]],
    cells: Sequence[tuple[str, Metric]],
    groups: Sequence[Group],
    user: np.ndarray,
) -> pd.DataFrame:
    """Every intervention against the untouched model.

    Returns:
        ``protocol``, ``metric``, ``by``, ``group``, ``instances``, ``users``, ``intervention`` (in words), ``kind``,
        ``setting`` (events kept, alpha), ``side`` (alpha fixed beside a changed history), ``value`` and ``value_se``;
        ``difference`` to untouched with ``_se``, ``_p`` and ``_holm``; and ``contrast``, this difference less that of the
        group's other instances of the same cut, likewise (NaN for ``all``; without error and test where the group or the
        others have fewer than 30 users). Standard errors and t tests are over users; Holm's
        adjustment is over all lines of a protocol and metric.
    """
    parts = []
    for protocol, metric in cells:
        records = []
        for change, estimates in found.items():
            values = [estimates[protocol, metric.name, number] for number in range(len(groups))]
            before = [found[UNTOUCHED][protocol, metric.name, number] for number in range(len(groups))]
            differences = [value - was for value, was in zip(values, before, strict=True)]
            touched = change != UNTOUCHED
            for number, group in enumerate(groups):
                records.append(
                    {
                        "protocol": protocol,
                        "metric": metric.name,
                        **_who(group, user),
                        "intervention": change.name,
                        "kind": change.kind,
                        "setting": change.value,
                        "side": change.side,
                        "value": values[number].value,
                        "value_se": values[number].standard_error(),
                        **_tested("difference", differences[number] if touched else None),
                        **(_contrast(number, groups, differences) if touched else _tested("contrast", None)),
                    }
                )
        parts.append(_adjusted(pd.DataFrame(records), ("difference", "contrast")))
    return pd.concat(parts, ignore_index=True)


def alpha_statistics(alpha: np.ndarray, groups: Sequence[Group], user: np.ndarray) -> pd.DataFrame:
    """The untouched model's alpha for the targets of each group.

    Returns:
        ``by``, ``group``, ``instances``, ``users``, ``mean`` and its standard error over users ``mean_se``, ``sd``,
        ``p10``, ``median``, ``p90``, and ``contrast``, the mean less that of the other targets, as in the other table.
    """
    n_users = int(user.max()) + 1
    means = [mean_estimate(alpha[group.chosen], user[group.chosen], n_users) for group in groups]
    records = []
    for number, group in enumerate(groups):
        values = alpha[group.chosen].astype(np.float64)
        low, middle, high = np.percentile(values, [10, 50, 90])
        records.append(
            {
                **_who(group, user),
                "mean": means[number].value,
                "mean_se": means[number].standard_error(),
                "sd": values.std(ddof=1) if len(values) > 1 else float("nan"),
                "p10": low,
                "median": middle,
                "p90": high,
                **_contrast(number, groups, means),
            }
        )
    return _adjusted(pd.DataFrame(records), ("contrast",))


def _who(group: Group, user: np.ndarray) -> dict[str, Any]:
    users = len(np.unique(user[group.chosen]))
    return {"by": group.by, "group": group.name, "instances": int(group.chosen.sum()), "users": users}


def _contrast(number: int, groups: Sequence[Group], estimates: Sequence[Estimate]) -> dict[str, float]:
    """A group's number less that of the other groups of its cut; nothing where there is no other.

    Several others count by their instances: of a mean over instances that is the mean over all of these. A side of one user
    has influence 0, and one of a few users too little, so that the error would be that of the other side alone.
    """
    others = [n for n, group in enumerate(groups) if group.by == groups[number].by and n != number]
    if not others:
        return _tested("contrast", None)
    share = np.array([groups[n].chosen.sum() for n in others], dtype=np.float64)
    share /= share.sum()
    rest = Estimate(
        float(share @ [estimates[n].value for n in others]),
        share @ np.stack([estimates[n].influence for n in others]),
        np.any([estimates[n].member for n in others], axis=0),
    )
    found = _tested("contrast", estimates[number] - rest)
    if min(estimates[number].member.sum(), rest.member.sum()) < FEW_USERS:
        found |= dict.fromkeys(("contrast_se", "contrast_p"), float("nan"))
    return found


def _tested(name: str, estimate: Estimate | None) -> dict[str, float]:
    if estimate is None:
        return dict.fromkeys((name, f"{name}_se", f"{name}_p"), float("nan"))
    return {name: estimate.value, f"{name}_se": estimate.standard_error(), f"{name}_p": estimate.test().p}


def _adjusted(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """With Holm's p values beside the plain ones."""
    for name in names:
        p = table[f"{name}_p"].to_numpy()
        known = ~np.isnan(p)
        table[f"{name}_holm"] = np.nan
        table.loc[known, f"{name}_holm"] = holm(p[known])
    return table
