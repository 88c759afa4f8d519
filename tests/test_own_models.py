"""A model class of the user's own, named by its place."""

import hashlib
import json
import linecache
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

from recbole_lsrec import checkpoint, own_models, registry
from recbole_lsrec.cli import main
from recbole_lsrec.config import Config
from recbole_lsrec.errors import CheckpointError, ConfigError
from recbole_lsrec.evaluation.evaluator import evaluate
from recbole_lsrec.quick_start import load_run, run_recbole_lsrec

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "my_model.py"


@pytest.fixture
def mine(tmp_path):
    """The example's model in a file of the test's own, as ``--model`` takes it."""
    (tmp_path / "mine.py").write_text(EXAMPLE.read_text())
    return f"{tmp_path / 'mine.py'}:SessionMean"


def run_line(arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return stop.value.code


def test_a_run_by_the_path_of_a_file_is_recorded_and_read_back(shop, mine, tmp_path):
    Path("shop.yaml").write_text(json.dumps(shop))
    line = ["run", "--model=mine.py:SessionMean", "--dataset=shop", "--config_files=shop.yaml", "--recent_sessions=2"]
    assert run_line(line) == 0
    (folder,) = Path("runs").glob("SessionMean-shop-*")
    stored = json.loads((folder / "result.json").read_text())
    assert (stored["model"], stored["own_model"]["model"]) == ("SessionMean", mine)
    assert stored["config"]["recent_sessions"] == 2
    assert checkpoint.load(folder / "checkpoint.pt").metadata["own_model"] == stored["own_model"]
    config, data, model = load_run(folder)  # this process has the class
    assert config["recent_sessions"] == 2
    assert evaluate(model, data.test, config).metrics == stored["test_result"]


def test_another_process_imports_only_what_the_user_names(shop, mine):
    folder = run_recbole_lsrec(mine, "shop", config_dict=shop)["run_folder"]

    def ask(*more):
        line = ["recbole_lsrec.cli", "counterfactual", folder, "--truncate=1", "--protocol=uni9", *more]
        program = "import sys; from recbole_lsrec.cli import main; main(sys.argv[1:])"
        return subprocess.run([sys.executable, "-c", program, *line[1:]], capture_output=True, text=True)

    unnamed = ask()
    assert unnamed.returncode == 2
    assert re.fullmatch(
        rf"Error: {folder}: its model is a class of your own, {re.escape(mine)}; code that a run folder names is not "
        rf"imported by itself, so give it: --model={re.escape(mine)}, or model= in Python\.",
        unnamed.stderr.strip().splitlines()[-1],
    )
    named = ask(f"--model={mine}")
    assert named.returncode == 0, named.stderr
    assert "last 1" in named.stdout or "truncate" in named.stdout


def test_a_changed_source_is_a_warning_and_a_lost_one_a_line(shop, mine, caplog):
    folder = run_recbole_lsrec(mine, "shop", config_dict=shop)["run_folder"]
    file = Path(own_models.absolute(mine).rpartition(":")[0])
    file.write_text(file.read_text() + "\n# changed\n")
    with caplog.at_level(logging.WARNING):
        load_run(folder, mine)
    assert f"the source of {mine} has changed since" in caplog.text
    file.unlink()
    with pytest.raises(ConfigError, match=r"^model: found '.*mine\.py:SessionMean', but there is no file"):
        load_run(folder, mine)
    with pytest.raises(ConfigError, match="but there is no file"):
        run_recbole_lsrec(mine, "shop", config_dict=shop)


def of_a_cell(source: str, monkeypatch: pytest.MonkeyPatch) -> type:
    """The class as a notebook makes it, which puts the lines of its cells where tracebacks look for them."""
    name, cell = f"<cell {len(source)}>", {"__name__": "__main__"}
    monkeypatch.setitem(linecache.cache, name, (len(source), None, source.splitlines(keepends=True), name))
    exec(compile(source, name, "exec"), cell)
    return cell["SessionMean"]


def test_a_class_of_a_notebook_cell_runs_and_is_given_again_by_hand(shop, monkeypatch, caplog):
    own = of_a_cell(EXAMPLE.read_text(), monkeypatch)
    folder = run_recbole_lsrec(own, "shop", config_dict=shop)["run_folder"]
    stored = json.loads((Path(folder) / "result.json").read_text())
    assert stored["own_model"] == {"model": "__main__:SessionMean", "sha256": own_models.origin(own)["sha256"]}
    with pytest.raises(CheckpointError, match="so give model=THE CLASS"):
        load_run(folder)
    assert type(load_run(folder, own)[2]) is own
    assert "has changed since" not in caplog.text
    load_run(folder, of_a_cell(EXAMPLE.read_text().replace("(1 - alpha)", "(2 - alpha)"), monkeypatch))
    assert "the source of __main__:SessionMean has changed since" in caplog.text


def test_the_hash_covers_the_modules_of_ones_own_that_the_file_imports(tmp_path, monkeypatch):
    for name, text in {
        "own_parts.py": "from own_deeper import WIDTH\n\ndef wide():\n    return WIDTH\n",
        "own_deeper.py": "WIDTH = 1\n",
        "own_alone.py": "import json\nimport numpy\n\nclass Alone:\n    pass\n",
        "own_joined.py": "import json\nfrom own_parts import wide\n\nclass Joined:\n    pass\n",
    }.items():
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    alone = own_models.load("own_alone:Alone")
    assert own_models.origin(alone)["sha256"] == hashlib.sha256((tmp_path / "own_alone.py").read_bytes()).hexdigest()
    joined = own_models.load("own_joined:Joined")
    hashes = [own_models.origin(joined)["sha256"]]
    for name in ("own_parts.py", "own_deeper.py"):
        with (tmp_path / name).open("a") as file:
            file.write("# edited\n")
        hashes.append(own_models.origin(joined)["sha256"])
    assert len(set(hashes)) == 3


def test_a_class_without_any_source_has_no_hash():
    cell = {"__name__": "__main__"}
    exec(compile(EXAMPLE.read_text(), "<gone>", "exec"), cell)
    assert own_models.origin(cell["SessionMean"]) == {"model": "__main__:SessionMean", "sha256": None}


def test_a_run_folder_cannot_make_us_import_a_module(shop, mine, tmp_path, monkeypatch):
    folder = Path(run_recbole_lsrec(mine, "shop", config_dict=shop)["run_folder"])
    (tmp_path / "planted.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    held = checkpoint.load(folder / "checkpoint.pt")
    for place in ("planted", str(tmp_path / "planted.py")):
        metadata = {**held.metadata, "own_model": {"model": f"{place}:SessionMean", "sha256": None}}
        checkpoint.save(folder / "checkpoint.pt", checkpoint.Checkpoint(metadata, held.tensors))
        with pytest.raises(CheckpointError, match="is not imported by itself"):
            load_run(folder)


def test_only_a_class_of_ones_own_is_recorded():
    assert registry.own_origin(registry.get_model("SLSRec")) is None
    assert registry.own_origin(registry.get_model("SASRec")) is None


def test_a_module_is_found_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf" / "mine.py").write_text(EXAMPLE.read_text())
    assert Config("shelf.mine:SessionMean", "ml-100k").model == "SessionMean"
    assert registry.own_origin(registry.get_model("shelf.mine:SessionMean"))["model"] == "shelf.mine:SessionMean"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("nowhere.py:Model", r"^model: found 'nowhere\.py:Model', but there is no file .*; accepted: package\.module"),
        ("mine.py:SessionMeen", r"but there is no class 'SessionMeen' in mine\.py\. Did you mean 'SessionMean'"),
        (
            "no.such.module:Model",
            r"but there is no module 'no', installed or in this folder; accepted: package\.module:Class",
        ),
        (
            "lacking.py:Model",
            r"cannot be imported: ModuleNotFoundError: No module named 'nosuch' \(.*lacking\.py, line 1\)$",
        ),
        ("mine.py:", r"^model: found 'mine\.py:'; accepted: a name, package\.module:Class or path/to/file\.py:Class"),
        ("broken.py:Model", r"cannot be imported: ZeroDivisionError: division by zero \(.*broken\.py, line 2\)$"),
        ("mine.py:Interests", r"^model: found the class Interests; accepted: a subclass of SequentialRecommender"),
    ],
)
def test_a_place_without_a_model_is_refused(reference, message, mine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.py").write_text("x = 1\nx / 0\n")
    (tmp_path / "lacking.py").write_text("import nosuch\n")
    with pytest.raises(ConfigError, match=message):
        Config(reference, "ml-100k")
