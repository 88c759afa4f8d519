import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
spec = importlib.util.spec_from_file_location("benchmark_table", ROOT / "benchmarks" / "all.py")
assert spec is not None
assert spec.loader is not None
table = importlib.util.module_from_spec(spec)
spec.loader.exec_module(table)

PRINTED = {
    "dataset_build": (
        "instances ready: 57x faster\nand every window gathered once: 9x faster\npeak memory: 3.4x less\n",
        "instances ready 57, and every window gathered once 9.0, peak memory 3.4",
    ),
    "load": (
        "1M events, 30 MB\n  RecBole     3.50 s of CPU; 700 MiB\n  files       0.53 s of CPU, 6.6 times less than RecBole; 300"
        "\n  cache       0.10 s of CPU, 35.0 times less than RecBole, 5.3 times less than files; 200\n",
        "files 6.6, cache 35",
    ),
    "anomaly_detection": ("SLSRec  :    28.0 ms a step,    56.0 ms with anomaly detection: 2.00x\n", "SLSRec 2.0"),
    "freed_memory": ("SLSRec lineage: 200.0 ms a step, 280.0 as malloc does it: 1.40x\n", "SLSRec lineage 1.4"),
    "all_positions": ("SASRec   all                13,292       74        21.3\n", "SASRec all 21"),
    "equal_time": (
        "ml-100k  GRU4Rec  0.0462 -> 0.0529 (1.15x)  0.0043 -> 0.0184 (4.28x)\n\n"
        "| ml-100k | GRU4Rec | 0.0462 -> 0.0529 (1.15x) | 0.0043 -> 0.0184 (4.28x) |\n",
        "GRU4Rec 4.3",
    ),
    "sparse_embeddings": (
        "| SLSRec  |     5,000 |   119 |  94 | 1.27 | 1.00 | 59 | 60 |\n"
        "| SLSRec  | 1,000,000 |   712 | 127 | 5.61 | 1.35 | 259 | 93 |\n",
        "SLSRec 5.6",
    ),
    "train_throughput": (
        "SLSRec preset=literal    on cosmetics:  16,400 positives/s, 3.00x of row per candidate (5,467), 1.2x of plain\n",
        "SLSRec preset=literal 3.0",
    ),
    "sampled_evaluation": (
        "SASRec: full ranking of 943 instances, 1682 items    0.40 s\n"
        "  uni99: ours    0.300 s, stock RecBole    40.00 s (from 64 users):  133.0x; 0.75 of our full ranking\n",
        "SASRec 133",
    ),
    "full_ranking": (
        "SLSRec literal: 32 users x 1683 items:    0.020 s encode once,     0.90 s repeat everything:   45.0x; metrics equal\n"
        "DIN: largest relative difference of a score 2e-07; 8 users x 1683 items: 250 ms a user, RecBole's predict 500: 2.0x\n"
        "DIN (943 users): 20.0 ms a user: 25.0x\n"
        "DIEN: largest relative difference of a score 1e-07; 8 users x 1683 items: 300 ms a user, RecBole's predict 990: 3.3x\n",
        "SLSRec literal 45, DIN (943 users) 25, DIEN 3.3",
    ),
    "two_stage": (
        "SLSRec on cosmetics, 5,289 items: exact 4.0 ms a history, two stages 1.00 (4x), recall@10 1\n",
        "SLSRec 4.0",
    ),
}


@pytest.mark.parametrize("name", table.ROWS)
def test_ratios_are_read_from_what_a_script_prints(name):
    printed, shown = PRINTED[name]
    assert f"| {shown} | `{name}.py`, 2026-11-26 |" in table.line(name, printed, "2026-11-26")
    assert (ROOT / "benchmarks" / f"{name}.py").is_file()


def test_no_ratio_is_an_error():
    with pytest.raises(SystemExit, match=r"load\.py: no ratio"):
        table.line("load", "nothing\n", "2026-11-26")


def test_other_lines_stay():
    line = "| a | b | c | `{}.py`, d |\n"
    readme = (
        "before\n" + table.BEGIN + table.HEADER + line.format("two_stage") + line.format("load") + table.END + "after\n"
    )
    new = table.written(readme, {"load": "| new | | | `load.py`, e |\n"})
    assert new == "before\n" + table.BEGIN + table.HEADER + "| new | | | `load.py`, e |\n" + line.format(
        "two_stage"
    ) + (table.END + "after\n")


def test_the_readme_has_the_table():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert table.written(readme, {}) == readme
