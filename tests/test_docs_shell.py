"""Every shell line of the documents is run, on a small shop's log and cut short, or is listed below with what it would take."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from recbole_lsrec import run
from recbole_lsrec.cli import main
from tests.shop_log import shop_events
from tests.test_docs import PAGES, ROOT, names

OURS = ("recbole-lsrec ", "python run_recbole_lsrec.py ")
OTHERS = ("pip ", "pytest", "curl ", "ray ", "printf ", "cat ", "for ", "torchrun ", "python ")
# What is not run here: the beginning of the line, and why.
NOT_RUN = {
    "pip install": "installs; .ci/run does",
    "python -c": "reads a finished leaderboard; tests/leaderboard/page",
    "curl ": "asks a server; tests/serve",
    "python -m": "tools for those who change this package, minutes to hours; CONTRIBUTING.md",
    "ray start": "a cluster; tests/leaderboard/test_cluster.py",
    "for ": "a loop of 12 runs; each line of it is run on other pages",
    "cat ": "writes a file that stands in the working folder here",
    "printf ": "writes a file that stands in the working folder here",
    "pytest": "a test of its own; tests/test_examples.py",
    "torchrun": "processes of torch's; tests/test_run_processes.py",
    "recbole-lsrec run ...": "several machines; tests/processes/test_group.py",
    "recbole-lsrec run -m SASRec -d ml-100k --config_files my.yaml": "settings of the reader's own",
    "recbole-lsrec serve": "listens until it is stopped; tests/serve",
    "recbole-lsrec planted": "needs the simulated log's planted truth; tests/analysis/test_planted.py",
    "recbole-lsrec prepare SOURCE": "the general form; the lines below it are run",
    "recbole-lsrec prepare completejourney": "1.5M rows; tests/prepare/test_sources.py",
    "recbole-lsrec prepare retailrocket": "files to be downloaded; tests/prepare/test_sources.py",
    "recbole-lsrec prepare cosmetics": "files to be downloaded; tests/prepare/test_sources.py",
    "recbole-lsrec simulate FOLDER": "the general form; the example below it is run",
    "recbole-lsrec preset": "needs a search's folder; tests/tuning/test_result.py",
    "recbole-lsrec leaderboard papers": "an hour; its plan is tests/leaderboard/test_plan.py",
    "recbole-lsrec leaderboard cosmetics": "27 runs; its plan is tests/leaderboard/test_plan.py",
    "recbole-lsrec leaderboard properties/leaderboard/cosmetics.yaml": "27 runs; its plan is tests/leaderboard/test_plan.py",
    "recbole-lsrec leaderboard retailrocket": "as many; its plan is tests/leaderboard/test_plan.py",
    "recbole-lsrec leaderboard my.yaml --address": "a cluster; tests/leaderboard/test_cluster.py",
    "recbole-lsrec reproduce slsrec-t2 --dataset taobao": "needs that log; tests/reproduce",
}
# Run too, in processes that Ray starts or on a log that has to be simulated first.
SLOW = ("recbole-lsrec leaderboard", "recbole-lsrec tune", "recbole-lsrec reproduce ", "recbole-lsrec simulate")
SHORT = {
    "run": ["--train_steps=2", "--epochs=1", "--show_progress=False", "--train_batch_size=128"],
    "leaderboard": ["--train-steps", "2", "--seeds", "1", "--eval_args={fewer: allow}"],  # 71 items for pop99
    "reproduce": ["--train-steps", "2"],
    "tune": ["--trials", "1", "--train_steps=2", "--epochs=1"],
    "prepare": ["--overwrite"],
}
LOGS = ("cosmetics", "ml-100k", "ml-1m", "retailrocket")


class Line(NamedTuple):
    """A command of a page as it stands there, on one line, without its comment."""

    page: Path
    text: str

    def __str__(self) -> str:
        return f"{names(self.page)}: {self.text[:70]}"

    @property
    def why_not(self) -> str | None:
        """Why it is not run here."""
        found = [start for start in NOT_RUN if self.text.startswith(start)]
        return NOT_RUN[max(found, key=len)] if found else None


def lines() -> Iterator[Line]:
    for page in PAGES:
        if "results" not in page.parts:
            text = re.sub(r" *\\\n +", " ", page.read_text(encoding="utf-8"))
            for found in re.findall(r"^    (\S.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE):
                if found.startswith((*OURS, *OTHERS)):
                    yield Line(page, re.sub(r"  +#.*$", "", found).strip())


def cases() -> Iterator[object]:
    for line in dict.fromkeys(lines()):
        slow = line.why_not is None and (line.text.startswith(SLOW) or re.search("nproc|half", line.text))
        yield pytest.param(line, id=str(line), marks=[pytest.mark.slow] if slow else [])


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Iterator[dict[str, str]]:
    """A working folder like a clone's, whose data sets are all the small shop, and what stands for a page's names."""
    folder = tmp_path_factory.mktemp("clone")
    events = shop_events()
    for name in LOGS:
        (folder / "atomic_data" / name).mkdir(parents=True)
        events.to_csv(folder / "atomic_data" / name / f"{name}.inter", sep="\t", index=False)
        (folder / "atomic_data" / name / f"{name}.yaml").write_text(
            "load_col: {inter: [user_id, item_id, timestamp, category_id, event_type]}\n"
            "CATEGORY_FIELD: category_id\nMAX_ITEM_LIST_LENGTH: 12\neval_args: {fewer: allow}\n"  # 71 items for pop99
        )
    for name in ("examples", "properties"):
        (folder / name).symlink_to(ROOT / name)
    for name in ("real", "logs"):  # as pages call a folder of logs that were brought in
        (folder / name).symlink_to(folder / "atomic_data")
    plain = events.iloc[:40, :3].set_axis(["user_id", "item_id", "timestamp"], axis=1)
    for name in ("histories.csv", "users.csv"):
        plain.to_csv(folder / name, index=False)
    events.set_axis(["user", "item", "time", "category", "kind"], axis=1).to_csv(folder / "shop.csv", index=False)
    (folder / "my.yaml").write_text("datasets: [shop]\nsystems: {Mine: {model: SASRec}}\nbudget: {train_steps: 2}\n")
    (folder / "space.yaml").write_text("learning_rate: {loguniform: [3.0e-4, 1.0e-2]}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with pytest.raises(SystemExit):
            main(["prepare", "csv", "--raw", "shop.csv", "--name", "shop"])
        short = {"train_steps": 2, "epochs": 1, "show_progress": False, "state": "ERROR", "run_dir": "made"}
        short["popularity_correction"] = "valid"  # for `compare --corrected`
        of = {
            name: str(run(model, "cosmetics", config_dict=short)["run_folder"])
            for name, model in (("RUN", "SLSRec"), ("OTHER", "SASRec"), ("OWN", "examples/my_model.py:SessionMean"))
        }
        yield of


def as_given(line: Line, folders: dict[str, str]) -> list[str]:
    """The words of a line with what a reader puts in the place of its names, cut short."""
    text = re.sub(r" \[--[^\]]*\]", "", line.text)  # what may be left out
    text = text.replace("python run_recbole_lsrec.py", "recbole-lsrec run")
    text = re.sub(r"RUN_A RUN_B|RUN RUN \.\.\.|runs/(?:\w+/)?\*", f"{folders['RUN']} {folders['OTHER']}", text)
    text = re.sub(
        r"\bRUN\b|\bruns/\S+\.\.\.|\bruns/\S+-[0-9a-f]{6}\b", folders["OWN" if "my_model" in text else "RUN"], text
    )
    text = text.replace("FILE", "histories.csv").replace("DATASET", "shop")
    _, name, *words = shlex.split(text)
    return [name, *_cut_short(words, SHORT.get(name, []))]


def _cut_short(words: list[str], short: list[str]) -> list[str]:
    """Words whose budget, number of epochs, seeds or trials is replaced; a line without any word is whole."""
    replaced = (
        "--train[_-](?:seconds|steps)",
        *(re.escape(word.partition("=")[0]) for word in short if word[:2] == "--"),
    )
    text = re.sub(rf"(?:{'|'.join(replaced)})[= ]\S+", "", shlex.join(words))
    return [*shlex.split(text), *short] if words else []


@pytest.mark.parametrize("line", cases())
def test_a_line_runs(line, clone, capsys):
    if line.why_not:
        pytest.skip(line.why_not)
    words = as_given(line, clone)
    with pytest.raises(SystemExit) as ended:
        main(words)
    said = capsys.readouterr()
    assert not ended.value.code, f"{shlex.join(words)}\n{said.err[-2000:]}"


def test_every_reason_is_of_some_line():
    texts = [line.text for line in lines()]
    assert [start for start in NOT_RUN if not any(text.startswith(start) for text in texts)] == []
