"""A comparison to be read at a terminal of 100 columns."""

from textwrap import fill

from recbole_lsrec.analysis.compare import Comparison
from recbole_lsrec.analysis.comparison_words import heading, notes, pair_rows, run_rows, seed_rows
from recbole_lsrec.analysis.text_table import WIDTH, text_table


def comparison_text(found: Comparison) -> str:
    """What was compared, each run, the spread over seeds, the pairs, and what may be claimed."""
    heads, rows = run_rows(found)
    align = f"ll{'r' * (len(heads) - 3)}l"
    runs = text_table(heads, [[name, fill(label, 36), *rest] for name, label, *rest in rows], align)
    blocks = ["\n".join(heading(found)), runs]
    if any(model.sd is not None for model in found.models):
        blocks.append(text_table(*seed_rows(found), "lrrrrr"))
    if found.pairs:
        heads, rows = pair_rows(found)
        blocks.append(text_table(heads, rows, "lr" + "r" * (len(heads) - 2)))
    else:
        blocks.append("One model: no pair to compare.")
    # Commands, which are indented, are to be copied whole.
    return "\n\n".join([*blocks, "\n".join(n if n.startswith(" ") else fill(n, WIDTH) for n in notes(found))])
