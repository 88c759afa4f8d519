"""Faults: what is read from finished runs."""

from tests.guarantees.plants.plant import Plant

PLANTS = [
    Plant(
        "groups of a comparison hold other instances",
        "analysis/compare_groups.py",
        "lines.part(group == place)",
        "lines.part(np.roll(group, 1) == place)",
        "tests/analysis",
    ),
    Plant(
        "runs whose groups differ are compared all the same",
        "analysis/compare_groups.py",
        "if any((first != other).any() for other in others):",
        "if not len(first):",
        "tests/analysis",
    ),
    Plant(
        "each group's p value is adjusted as if it stood alone",
        "analysis/compare_groups.py",
        "pairs = adjusted([one.pair for one in found])",
        "pairs = [one.pair for one in found]",
        "tests/analysis",
    ),
    Plant(
        "a comparison reads validation where the test was asked for",
        "analysis/comparable.py",
        "run.lines(phase, protocol, corrected)",
        'run.lines("valid", protocol, corrected)',
        "tests/analysis",
    ),
    Plant(
        "a comparison at their own lambda takes the plain ranks",
        "analysis/saved_runs.py",
        'lines.instances.assign(rank=lines.instances["corrected_rank"])',
        "lines.instances",
        "tests/analysis tests/test_final_evaluation.py",
    ),
]
