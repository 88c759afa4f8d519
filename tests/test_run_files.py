import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recbole_lsrec import json_files, run_files
from recbole_lsrec.analysis.saved_runs import load_run_folder
from recbole_lsrec.errors import ConfigError, DataError
from recbole_lsrec.quick_start import load_data_and_model, load_run, run_recbole_lsrec
from recbole_lsrec.recommend import Recommender
from tests.analysis.saved_run_files import table, write_run


def test_a_run_writes_what_readers_read(shop):
    result = run_recbole_lsrec("GRU4Rec", "shop", config_dict={**shop, "train_steps": 2})
    stored = run_files.read_result(Path(result["run_folder"]))
    assert set(stored) == set(run_files.RunResult.__annotations__)
    assert stored["format"] == 1
    assert stored["test_result"] == result["test_result"]


def test_a_checkpoint_stands_for_its_folder(tmp_path):
    (tmp_path / "checkpoint.pt").touch()
    assert run_files.folder_of(str(tmp_path / "checkpoint.pt")) == run_files.folder_of(tmp_path) == tmp_path


@pytest.mark.parametrize("given", [None, 3, b"runs", ["runs"], {}])
@pytest.mark.parametrize(
    "read", [run_files.folder_of, load_run, load_data_and_model, Recommender.load, load_run_folder]
)
def test_what_is_no_path_is_refused(read, given):
    with pytest.raises(
        ConfigError, match=r"^run: found .*; accepted: the path of a run's folder, or of its checkpoint\.pt\.$"
    ):
        read(given)


def test_a_result_without_the_number_of_its_format_is_read(tmp_path):
    stored = run_files.read_result(write_run(tmp_path / "old", table(["a"], [1])))
    assert "format" not in stored
    assert stored["model"] == "GRU4Rec"


def test_a_result_of_a_later_format_is_refused_in_one_line(tmp_path):
    folder = write_run(tmp_path / "new", table(["a"], [1]))
    stored = json.loads((folder / "result.json").read_text())
    json_files.write_json(folder / "result.json", {**stored, "format": 2})
    with pytest.raises(DataError, match=r"result\.json: format: found 2; this version reads 1\. Update") as refused:
        run_files.read_result(folder)
    assert "\n" not in str(refused.value)


def test_instances_and_scores_are_read_as_written(tmp_path):
    phases = [table(["a", "b"], [1, 2], phase=phase, protocol="pop3") for phase in ("valid", "test")]
    scores = [{"pop3": np.arange(8.0).reshape(2, 4) + at} for at in (0, 100)]
    run_files.write_instances(tmp_path, phases, scores)
    instances = run_files.read_instances(tmp_path)
    pd.testing.assert_frame_equal(instances, pd.concat(phases, ignore_index=True))
    assert run_files.read_scores(tmp_path, instances)["pop3"][:, 0].tolist() == [0, 4, 100, 104]


def test_json_holds_numbers_of_numpy(tmp_path):
    json_files.write_json(tmp_path / "x.json", {"one": np.float32(0.5), "some": np.arange(2), "other": tmp_path})
    assert json.loads((tmp_path / "x.json").read_text()) == {"one": 0.5, "some": [0, 1], "other": str(tmp_path)}


def test_values_are_numbers_or_null_whatever_holds_them(tmp_path):
    nan = float("nan")
    found = {
        "pair": (nan, np.float32(0.5)),
        "some": np.array([1.0, nan]),
        "deep": [{"x": np.float64(nan)}],
        "at": tmp_path,
    }
    json_files.write_values(tmp_path / "x.json", found)
    expected = {"pair": [None, 0.5], "some": [1.0, None], "deep": [{"x": None}], "at": str(tmp_path)}
    assert json.loads((tmp_path / "x.json").read_text()) == expected
    assert json_files.finite(found["pair"]) == [None, 0.5]


@pytest.mark.parametrize("module", ["saved_runs", "compare", "strata_report"])
def test_a_finished_run_is_read_without_torch_ray_scipy_or_the_simulator(tmp_path, module):
    """CPU seconds are printed; a limit on them would fail on a busy machine."""
    folder = write_run(tmp_path / "run", table(["a", "b"], [1, 2]))
    code = f"""
import sys, time
import recbole_lsrec.analysis.{module}
from recbole_lsrec.analysis.saved_runs import load_run_folder
load_run_folder({str(folder)!r}).lines("test", "pop3")
print(f"{{time.process_time():.2f}} s of CPU", file=sys.stderr)
print(*sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    print(done.stderr)
    modules = done.stdout.split()
    foreign = [
        "torch",
        "ray",
        "scipy",
        "recbole.config",
        *(f"recbole_lsrec.{own}" for own in ("simulated", "data", "model")),
    ]
    assert [name for name in modules if name in foreign] == []
    own = [name for name in modules if name.startswith("recbole_lsrec")]
    assert len(own) < 40
