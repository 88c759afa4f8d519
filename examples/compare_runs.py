# %% [markdown]
"""
# Two models on one log, two seeds each, and whether the difference between them can be told from chance

    python examples/compare_runs.py
"""

# %%
from own_log import SETTINGS, random_events, write_log

from recbole_lsrec import compare, run
from recbole_lsrec.analysis.comparison_text import comparison_text


def main() -> None:
    write_log(random_events())
    folders = [
        # Equal budgets and frozen candidates; real comparisons need more steps, seeds and users.
        run(model, "my_shop", config_dict={**SETTINGS, "seed": seed})["run_folder"]
        for model in ("SASRec", "GRU4Rec")
        for seed in (1, 2)
    ]
    found = compare(folders, "ndcg@10")  # runs that differ in the seed alone are one model
    print(comparison_text(found))


if __name__ == "__main__":
    main()
