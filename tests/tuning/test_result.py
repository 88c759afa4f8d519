"""The files of a search, from a journal alone."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from recbole_lsrec.errors import LSRecError
from recbole_lsrec.tuning import page, result
from recbole_lsrec.tuning.settings import SearchResult, SearchSettings, Trial
from recbole_lsrec.tuning.space import read_space
from recbole_lsrec.tuning.trial import Job

SPACE = {"learning_rate": {"loguniform": [1e-4, 1e-2]}, "mlp": {"choice": [[64], [64, 32]]}, "n": {"int": [1, 3]}}
A, B, C = (
    {"learning_rate": rate, "mlp": mlp, "n": n}
    for rate, mlp, n in ((1e-3, [64], 1), (2e-3, [64, 32], 3), (1e-4, [64], 2))
)
EVENTS = [
    {"time": 0.0, "event": "sitting", "command": "recbole-lsrec tune"},
    {"time": 1.0, "event": "start", "trial": "a", "settings": A},
    {"time": 2.0, "event": "epoch", "trial": "a", "epoch": 1, "score": 5.0},
    {"time": 3.0, "event": "done", "trial": "a", "epoch": 2, "score": 4.0},
    {"time": 3.0, "event": "end", "trial": "a"},
    {"time": 4.0, "event": "start", "trial": "b", "settings": B},
    {"time": 5.0, "event": "epoch", "trial": "b", "epoch": 1, "score": 3.0},
    {"time": 6.0, "event": "start", "trial": "c", "settings": C},
    {"time": 7.0, "event": "epoch", "trial": "c", "epoch": 1, "score": 1.0},
    {"time": 8.0, "event": "error", "trial": "c", "reason": "ValueError: <loss>"},
    {"time": 10.0, "event": "close"},
]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A search for the smallest MeanRank whose time was up in its second trial."""
    (tmp_path / "journal.jsonl").write_text("".join(json.dumps(event) + "\n" for event in EVENTS))
    (tmp_path / "settings.json").write_text("{}")
    given = {"epochs": 2, "seed": 7, "candidate_cache": "somewhere"}
    return Job(
        "SASRec",
        None,
        "shop",
        given,
        read_space(SPACE, "SASRec"),
        tmp_path,
        ".",
        "MeanRank",
        False,
        4,
        time_budget=9,
        threads=1,
        nproc=1,
    )


def test_the_best_is_the_smallest_of_those_that_did_not_fail(job: Job) -> None:
    found = result.collect(job)
    assert (found.best_trial, found.best_score, found.best) == ("b", 3.0, B)
    assert found.complete  # its time is up
    assert found.spent_seconds == {"wall": 10.0, "trials": 2.0 + 6.0 + 2.0}
    assert (found.run_folder, found.test_result) == (None, None)
    assert result.counts(found) == {"finished": 1, "stopped": 0, "error": 1, "unfinished": 1}


def test_its_files(job: Job) -> None:
    found = result.collect(job)
    result.write(found, job)
    page.write(found, job)
    best = yaml.safe_load((job.folder / "best.yaml").read_text())
    assert best == {"model": "SASRec", "dataset": "shop", "epochs": 2, "seed": 7, **B}
    with (job.folder / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["trial"], row["MeanRank"], row["mlp"]) for row in rows] == [
        ("b", "3.0", "[64, 32]"),
        ("a", "4.0", "[64]"),
        ("c", "1.0", "[64]"),  # failed
    ]
    html = (job.folder / "tune.html").read_text()
    assert "ValueError: &lt;loss&gt;" in html
    assert '<tr class="chosen"><th scope="row">b</th>' in html
    assert "Not tested." in html
    assert html.count("<figure>") == 2 + 3  # over time, by epoch; one a setting
    for words in ("seconds of search", "validation MeanRank", "values on validation data, lower is better"):
        assert words in html
    assert not re.search(r"https?:|<script src=", html)
    assert len(html) < 2**20


def test_a_search_without_any_score_has_files_too(job: Job) -> None:
    (job.folder / "journal.jsonl").write_text("".join(json.dumps(event) + "\n" for event in EVENTS[:2]))
    found = result.collect(job)
    result.write(found, job)
    page.write(found, job)
    assert not (job.folder / "best.yaml").exists()
    assert "No trial was validated." in (job.folder / "tune.html").read_text()
    assert "No trial was validated." in result.summary(found)
    assert "recbole-lsrec tune --resume" in result.summary(found)
    own = result.collect(job._replace(model="/mine.py:Mine"))
    assert f"recbole-lsrec tune --resume {job.folder} --model=/mine.py:Mine\n" in result.summary(own)
    assert result.summary(found).endswith(": trials.csv, tune.json, tune.html")


def test_the_example_of_the_page_is_what_is_printed_of_its_numbers(tmp_path: Path) -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "tuning.md").read_text(encoding="utf-8")
    example = re.findall(r"^    trial (?:.+\n    )+.+$", text, re.MULTILINE)[0]
    trials = []
    for row in re.findall(r"^    (\w{8} .+)$", example, re.MULTILINE):
        id_, status, score, epochs, seconds, rate, weight, attention = row.split()
        drawn = {"learning_rate": float(rate), "contrastive_weight": float(weight), "session_attention": attention}
        trials.append(Trial(id_, drawn, status, None, float(score), [{"epoch": int(epochs)}], 0.0, float(seconds)))
    best = yaml.safe_load(re.findall(r"\{.+\}", example)[0])
    trials[0].settings.update(best)  # not rounded
    tested = {"precision@10": 0.1, "recall@10": 0.1}  # not shown
    for name, popular, full in re.findall(r"^    (hit@10|ndcg@10|mrr|auc) +(\S+) +(0\S+)?", example, re.MULTILINE):
        tested |= {name: float(popular)} | ({f"full/{name}": float(full)} if full else {})
    of: dict[str, Any] = {
        "metric": "NDCG@10",
        "bigger": True,
        "complete": True,
        "planned": 8,
        "first_protocol": "pop99",
        "simulated": "",
        "goes_on": "",
    }
    spent = {"wall": 486.0, "trials": 893.0}
    found = SearchResult(best, trials[0].id, trials[0].score, trials=trials, spent_seconds=spent, folder=tmp_path,
                         run_folder=None, test_result=tested, **of)  # fmt: skip
    shown = [line.rstrip() for line in result.summary(found).splitlines()]
    assert [
        re.sub(r" +\(13 lines.*", "", line[4:]).rstrip() for line in ("    " + example.lstrip()).splitlines()
    ] == shown


def test_a_search_that_began_no_trial_names_neither_trials_nor_files(job: Job) -> None:
    (job.folder / "journal.jsonl").write_text(json.dumps(EVENTS[0]) + "\n")
    first, *rest = result.summary(result.collect(job)).splitlines()
    assert first == "No trial was begun. Spent 0 s of wall clock, 0 s summed over trials."
    assert [line.split(";")[0] for line in rest] == ["Not complete"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: "", r"settings\.json: is not JSON"),
        (lambda text: text[:40], r"settings\.json: is not JSON"),
        (lambda text: "[]", r"settings\.json: holds a list where an object belongs"),
        (lambda text: text.replace('"trials": 16', '"trials": "many"'), r"settings\.json: trials: found 'many'; "),
        (lambda text: text.replace('"trials"', '"trails"'), r"settings\.json: lacks, or has beyond .*: trails, trials"),
        (lambda text: text.replace('"config_dict": {}', '"config_dict": 3'), r"settings\.json: config_dict: found 3"),
    ],
)
def test_damaged_settings_are_one_line(tmp_path: Path, change: Any, message: str) -> None:
    settings = SearchSettings("SASRec", "shop", tmp_path)
    text = json.dumps(result.description(settings, read_space(SPACE, "SASRec")))
    path = tmp_path / "settings.json"
    path.write_text(text)
    assert result.read_settings(tmp_path).trials == 16
    path.write_text(change(text))
    with pytest.raises(LSRecError, match=message) as refused:
        result.read_settings(tmp_path)
    assert "\n" not in str(refused.value)
