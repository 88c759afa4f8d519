"""What was done to a raw log, for people."""

from pathlib import Path
from shlex import quote
from typing import Any

from tabulate import tabulate

from recbole_lsrec.errors import counted
from recbole_lsrec.prepare.statistics import NAMED


def report(meta: dict[str, Any], out: Path, name: str) -> str:
    """The account, the statistics and the next command, from the content of the meta file."""
    account, figures, times = meta["account"], meta["statistics"], meta["times"]
    rows = [
        [s["step"], s["rows"], s["users"] or "", s["items"] or "", s["removed_rows"] or "", s["note"]]
        for s in account["steps"]
    ]
    lines = [tabulate(rows, ["step", "events", "users", "items", "removed", ""], intfmt=","), ""]
    for entry in account["refused"]:
        lines.append(
            f"not used: {counted(entry['rows'], 'row', ',')}, {entry['reason']}; the first: {entry['examples'][0]}"
        )
    inside = sum(file["inside_quotes"] for file in account["files"])
    if inside:
        lines.append(
            f'{inside:,} line breaks stand inside quoted values; if the values hold none, a lone " joined rows'
        )
    lines += [f"note: {note}" for note in account["notes"]]
    when = f"{times['first']} to {times['last']} UTC" if times["first"] else "in order, without times"
    lines.append(
        f"{counted(figures['interactions'], 'event', ',')} of {counted(figures['users'], 'user', ',')} and "
        f"{counted(figures['items'], 'item', ',')} in "
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
    for role, of in figures["spaces_around"].items():
        if of["names"] or of["twins"]:
            lines.append(
                f"names of {NAMED[role]} with spaces around them: {of['names']:,}; names that only spaces or characters that "
                f"cannot be seen tell from another, or from none: {of['twins']:,}; such as {of['example']!a}. They are kept. "
                "Where spaces follow the separator, give both (--separator ', '); else take out of the file what means nothing"
            )
    for role, of in figures["floats"].items():
        if of["names"]:
            lines.append(
                f"names of {NAMED[role]} that a program may have written as numbers: {of['names']:,}, such as {of['example']!r}; "
                "they are kept as they are, though 7 and 7.0 are two, and 2.05E+18 may have been many: export ids as text"
            )
    suggested = meta["suggested"]
    if times["first"]:
        lines.append(f"suggested session_threshold: {suggested['session_threshold']} s: {suggested['reason']}")
    if figures["interactions"] == figures["users"]:
        alone = "Every user has one event, so nothing can be trained or tested: check which column names the users."
        return "\n".join([*lines, "", alone])
    where = "" if out == Path("atomic_data") else f" {quote(f'--data_path={out}')}"
    unmasked = "" if figures["categories"] else ' --without="[cate]"'  # SLSRec's mask needs them
    lines += ["", f"Next: recbole-lsrec run --model=SLSRec {quote(f'--dataset={name}')}{where}{unmasked}"]
    return "\n".join(lines)
