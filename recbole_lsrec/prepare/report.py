"""What was done to a raw log, for people."""

from pathlib import Path
from shlex import quote
from typing import Any

from tabulate import tabulate


def report(meta: dict[str, Any], out: Path, name: str) -> str:
    """The account, the statistics and the next command, from the content of the meta file."""
    account, figures, times = meta["account"], meta["statistics"], meta["times"]
    rows = [
        [s["step"], s["rows"], s["users"] or "", s["items"] or "", s["removed_rows"] or "", s["note"]]
        for s in account["steps"]
    ]
    lines = [tabulate(rows, ["step", "events", "users", "items", "removed", ""], intfmt=","), ""]
    for entry in account["refused"]:
        lines.append(f"not used: {entry['rows']:,} rows, {entry['reason']}; the first: {entry['examples'][0]}")
    inside = sum(file["inside_quotes"] for file in account["files"])
    if inside:
        lines.append(
            f'{inside:,} line breaks stand inside quoted values; if the values hold none, a lone " joined rows'
        )
    lines += [f"note: {note}" for note in account["notes"]]
    when = f"{times['first']} to {times['last']} UTC" if times["first"] else "in order, without times"
    lines.append(
        f"{figures['interactions']:,} events of {figures['users']:,} users and {figures['items']:,} items in "
        f"{figures['categories']:,} categories, {figures['mean_length']:.1f} a user, {when}"
    )
    if figures["equal_times"] > 0.05:
        lines.append(
            f"{figures['equal_times']:.1%} of the events share their time with another of their user: their order is the file's"
        )
    if figures["exact_duplicates"]:
        lines.append(
            f"{figures['exact_duplicates']:,} events are exact copies (user, item, time) of another; they are kept "
            "(rm_exact_duplicates: True leaves them out of a run)"
        )
    for role, (count, one) in figures["differ_by_spaces"].items():
        if count:
            lines.append(
                f"ids of {role}s that only spaces tell from another, or from none: {count:,}, such as {one!r}; they stay {role}s "
                "of their own"
            )
    suggested = meta["suggested"]
    if times["first"]:
        lines.append(f"suggested session_threshold: {suggested['session_threshold']} s: {suggested['reason']}")
    where = "" if out == Path("atomic_data") else f" {quote(f'--data_path={out}')}"
    unmasked = "" if figures["categories"] else ' --without="[cate]"'  # SLSRec's mask needs them
    lines += ["", f"Next: recbole-lsrec run --model=SLSRec {quote(f'--dataset={name}')}{where}{unmasked}"]
    return "\n".join(lines)
