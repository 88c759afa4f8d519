"""Damages files of histories and recommends from them: an answer for every user in the file, or one line, never a traceback.

python -m tests.fuzz.histories_fuzz RUN --inputs 500 --seed 1
"""

import argparse
import random
import tempfile
import traceback
from collections import Counter
from pathlib import Path

import pandas as pd

from recbole_lsrec.errors import LSRecError
from recbole_lsrec.recommend import Recommender
from recbole_lsrec.recommend.by_parts import recommend_file
from tests.fuzz.prepare_fuzz import damage

ENDINGS = ("csv", "tsv", "jsonl", "parquet")
K = 2


def fuzz(recommender: Recommender, histories: pd.DataFrame, inputs: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Counts of outcomes, and failures with what reproduces them."""
    rng, outcomes, failures = random.Random(seed), Counter[str](), []
    with tempfile.TemporaryDirectory() as folder:
        whole = {ending: _written(histories, Path(folder) / f"whole.{ending}") for ending in ENDINGS}
        for number in range(inputs):
            ending = rng.choice(ENDINGS)
            what, content = damage(whole[ending], rng)
            path = Path(folder) / f"damaged.{ending}"
            path.write_bytes(content)
            try:
                outcomes[_answered(recommender, path)] += 1
            except LSRecError as error:
                outcomes["refused"] += 1
                if "\n" in str(error):
                    failures.append(f"{number}, {ending}, {what}: more than one line: {error}")
            except Exception:
                failures.append(f"{number}, {ending}, {what}:\n{traceback.format_exc()}")
    return outcomes, failures


def _written(histories: pd.DataFrame, path: Path) -> bytes:
    if path.suffix == ".parquet":
        histories.to_parquet(path, index=False)
    elif path.suffix == ".jsonl":
        histories.to_json(path, orient="records", lines=True, force_ascii=False)
    else:
        histories.to_csv(path, index=False, sep="," if path.suffix == ".csv" else "\t")
    return path.read_bytes()


def _answered(recommender: Recommender, path: Path) -> str:
    """Whether every user got a list; of text, that every line that is not empty was counted."""
    tables: list[pd.DataFrame] = []
    counts = recommend_file(recommender, path, tables.append, K)
    listed = pd.concat(tables).groupby("user").size() if tables else pd.Series(dtype=int)
    assert len(listed) == counts["users"]
    assert (listed == K).all()
    if path.suffix != ".parquet":
        text = path.read_bytes().decode("utf-8-sig")
        ends = "\n" if path.suffix == ".jsonl" else "\r"
        lines = [line for line in text.replace("\r\n", ends).replace("\n", ends).split(ends) if line.strip(" ")]
        quoted = '"' in text and path.suffix != ".jsonl"  # then a value may hold a line's end
        events = len(lines) - (path.suffix != ".jsonl")
        assert counts["events"] == events or quoted, (counts, events)
    return "answered"


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--inputs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    recommender = Recommender.load(given.run)
    outcomes, failures = fuzz(recommender, small_histories(recommender), given.inputs, given.seed)
    print(dict(outcomes), *failures, sep="\n")


def small_histories(recommender: Recommender) -> pd.DataFrame:
    """Five users with odd names and a dozen items, one of which the model does not know."""
    items = [*recommender.catalogue.tokens[recommender.names()["item"]][1:12], "nowhere"]
    rows = [
        (user, item, 1577836800 + 97 * n) for n, item in enumerate(items) for user in ("007", "7", "NA", "é", "a b")
    ]
    return pd.DataFrame(rows, columns=["user", "item", "timestamp"])


if __name__ == "__main__":
    main()
