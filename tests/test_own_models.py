"""A model class of the user's own, named by its place."""

import hashlib
import importlib
import json
import linecache
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from recbole_lsrec import checkpoint, own_models, quick_start, registry
from recbole_lsrec.config import Config
from recbole_lsrec.errors import CheckpointError, ConfigError
from recbole_lsrec.evaluation.evaluator import evaluate
from recbole_lsrec.quick_start import load_run, run_recbole_lsrec
from tests.command_line import exit_code

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "my_model.py"


@pytest.fixture
def mine(tmp_path):
    """The example's model in a file of the test's own, as ``--model`` takes it."""
    (tmp_path / "mine.py").write_text(EXAMPLE.read_text())
    return f"{tmp_path / 'mine.py'}:SessionMean"


def test_a_run_by_the_path_of_a_file_is_recorded_and_read_back(shop, mine, tmp_path):
    Path("shop.yaml").write_text(json.dumps(shop))
    line = ["run", "--model=mine.py:SessionMean", "--dataset=shop", "--config_files=shop.yaml", "--recent_sessions=2"]
    assert exit_code(line) == 0
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


def hash_in_a_new_process(reference, *, before=""):
    """Of a class, after these lines."""
    asked = f"own_models.origin(own_models.load({reference!r}))['sha256']"
    program = f"{before}\nfrom recbole_lsrec import own_models\nprint({asked})"
    path = os.pathsep.join(["shelf", *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """``shelf(name=text, ...)`` writes modules of one's own into a folder that is on the path, and gives it."""
    monkeypatch.chdir(tmp_path)

    def write(**modules):
        for name, text in modules.items():
            file = tmp_path / "shelf" / f"{name.replace('__', '/', 1)}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tmp_path / "shelf"

    return write


@pytest.mark.parametrize(
    "imports",
    [
        "from own_parts import wide\n",
        "def later():\n    import own_parts\n",
        "import own_pack.wide\n",  # whose package imports it
        "from own_pack.wide import *\n",
        "def later():\n    from own_bare.deep import wide\n",  # folders without an __init__.py
    ],
)
def test_the_hash_covers_the_modules_of_ones_own_that_the_file_imports(shelf, imports):
    folder = shelf(
        own_model=f"import json\nimport numpy\n{imports}\nclass Own:\n    pass\n",
        own_parts="from own_deeper import WIDTH\n\ndef wide():\n    return WIDTH\n",
        own_pack____init__="import own_parts\n",
        own_pack__wide="",
        own_deeper="WIDTH = 1\n",
    )
    (folder / "own_bare" / "deep").mkdir(parents=True)
    (folder / "own_bare" / "deep" / "wide.py").write_text("import own_parts\n")
    reference = f"{folder}/own_model.py:Own"
    hashes = [hash_in_a_new_process(reference)]
    assert hashes == [hash_in_a_new_process(reference, before="import own_parts")]  # whatever is loaded already
    for name in ("own_parts.py", "own_deeper.py"):
        with (folder / name).open("a") as file:
            file.write("# edited\n")
        hashes.append(hash_in_a_new_process(reference))
    assert len(set(hashes)) == 3


def test_the_hash_of_a_class_that_imports_nothing_of_ones_own_is_that_of_its_file(shelf):
    never = "if False:\n    import no.such\n    from . import none\n    from .. import none\n"
    folder = shelf(own_model=f"import json\nimport numpy\n{never}\nclass Own:\n    pass\n")
    file = folder / "own_model.py"
    assert hash_in_a_new_process(f"{file}:Own") == hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_hash_imports_nothing(shelf):
    folder = shelf(own_pack____init__="print('imported')\n", own_pack__wide="print('imported')\n")
    shelf(own_model="class Own:\n    def later(self):\n        import own_pack.wide\n")
    assert len(hash_in_a_new_process(f"{folder}/own_model.py:Own")) == 64  # a hash, and no word before it


def test_the_hash_is_of_what_is_loaded_whatever_is_saved_later(shelf, monkeypatch):
    folder = shelf(own_live_model="import own_live_part\n\nclass Own:\n    pass\n", own_live_part="WIDTH = 1\n")
    monkeypatch.syspath_prepend(folder)
    reference = f"{folder}/own_live_model.py:Own"
    first = own_models.load(reference)
    held = own_models.origin(first)
    for name in ("own_live_part", "own_live_model"):
        shelf(**{name: "half = (\n"})
        assert own_models.origin(first) == held
    shelf(own_live_model="import own_live_part\n\nclass Own:\n    new = True\n")
    again = own_models.load(reference)  # the part is not loaded again, so its old code still runs
    shelf(own_live_part="WIDTH = 1\n")
    assert again.new
    assert own_models.origin(again)["sha256"] == hash_in_a_new_process(reference) != held["sha256"]


def test_a_line_that_is_half_typed_while_a_model_trains_does_not_end_the_run(shop, mine):
    file = Path(own_models.absolute(mine).rpartition(":")[0])

    def save_half_a_line(_):
        with file.open("a") as opened:
            opened.write("def half(:\n")

    folder = run_recbole_lsrec(mine, "shop", config_dict={**shop, "epochs": 2}, on_epoch=save_half_a_line)["run_folder"]
    recorded = json.loads((Path(folder) / "result.json").read_text())["own_model"]
    assert checkpoint.load(Path(folder) / "checkpoint.pt").metadata["own_model"] == recorded
    assert recorded["sha256"] == hashlib.sha256(EXAMPLE.read_bytes()).hexdigest()


def test_a_line_that_is_half_typed_while_the_data_are_read_does_not_end_the_run(shop, mine, monkeypatch):
    file, read = Path(own_models.absolute(mine).rpartition(":")[0]), quick_start.load_data

    def slowly(*given):
        file.write_text("def half(:\n")
        return read(*given)

    monkeypatch.setattr(quick_start, "load_data", slowly)
    assert run_recbole_lsrec(mine, "shop", config_dict={**shop, "epochs": 1})["test_result"]


def test_a_class_that_a_function_makes_runs(shop, shelf, monkeypatch):
    make = "from recbole_lsrec import GRU4Rec\n\n\ndef make():\n    class Made(GRU4Rec):\n        pass\n\n    return Made\n"
    monkeypatch.syspath_prepend(shelf(own_maker=make))
    made = importlib.import_module("own_maker").make()
    folder = run_recbole_lsrec(made, "shop", config_dict={**shop, "epochs": 1})["run_folder"]
    assert isinstance(load_run(folder, made)[2], made)


def test_a_run_records_the_hash_that_the_class_has_anew_though_a_method_imported_a_helper(
    shop, mine, shelf, monkeypatch
):
    file = Path(own_models.absolute(mine).rpartition(":")[0])
    shelf(own_late_part="WIDTH = 1\n")
    monkeypatch.syspath_prepend(file.parent / "shelf")
    file.write_text(file.read_text().replace("x = self.emb", "import own_late_part\n\n        x = self.emb"))
    assert "own_late_part" in file.read_text()
    folder = run_recbole_lsrec(mine, "shop", config_dict=shop)["run_folder"]
    assert "own_late_part" in sys.modules
    again = hash_in_a_new_process(mine)
    assert again == json.loads((Path(folder) / "result.json").read_text())["own_model"]["sha256"]


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
        ("half.py:Model", r"cannot be imported: SyntaxError: '\(' was never closed \(.*half\.py, line 1\)$"),
        ("half:Model", r"cannot be imported: SyntaxError: '\(' was never closed \(.*half\.py, line 1\)$"),
        ("ends.py:Model", r"cannot be imported: SystemExit: 5 \(.*ends\.py, line 1\)$"),
        ("ends:Model", r"cannot be imported: SystemExit: 5 \(.*ends\.py, line 1\)$"),
        ("broken.py:Model", r"cannot be imported: ZeroDivisionError: division by zero \(.*broken\.py, line 2\)$"),
        ("mine.py:Interests", r"^model: found the class Interests; accepted: a subclass of SequentialRecommender"),
    ],
)
def test_a_place_without_a_model_is_refused(reference, message, mine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.py").write_text("x = 1\nx / 0\n")
    (tmp_path / "lacking.py").write_text("import nosuch\n")
    (tmp_path / "half.py").write_text("class Model(\n")
    (tmp_path / "ends.py").write_text("raise SystemExit(5)\n")
    with pytest.raises(ConfigError, match=message):
        Config(reference, "ml-100k")
