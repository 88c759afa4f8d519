"""A result as a table of metrics by protocol, for people."""

from collections.abc import Mapping

from recbole_lsrec.evaluation.repeats import left_out, without_repeats
from recbole_lsrec.page.numbers import metric


def by_protocol(result: Mapping[str, float], first: str) -> tuple[list[list[str]], str]:
    """A test result as a table, header first, and what to say below it of the metrics that it leaves out.

    Metrics down, protocols across; the first protocol has no prefix.
    """
    names = [name for name in result if "/" not in name]
    others = list(dict.fromkeys(name.split("/")[0] for name in result if "/" in name))
    prefixes = ["", *(f"{other}/" for other in others)]

    def shown(name: str) -> str:
        return metric(result[name]) if name in result else ""

    table = [[name, *(shown(f"{prefix}{name}") for prefix in prefixes)] for name in without_repeats(names)]
    return [["metric", first, *others], *table], left_out(names)
