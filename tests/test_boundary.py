"""Whatever is raised behind the command line ends as one line and an exit code; what the machine refuses loses nothing."""

import errno
import os
import resource
import signal
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import torch

import recbole_lsrec.cli as command_line
from recbole_lsrec import checkpoint
from recbole_lsrec.checkpoint import Checkpoint
from recbole_lsrec.cli.boundary import one_line_errors
from recbole_lsrec.cli.interrupted import ended_by_signals
from recbole_lsrec.errors import ConfigError, MachineError
from recbole_lsrec.json_files import write_json
from recbole_lsrec.quick_start import run_recbole_lsrec
from recbole_lsrec.whole_files import alone, sweep, write_text, written_whole


def ended(error, capsys):
    """Exit code and the lines on stderr of a block that raises."""
    with pytest.raises(SystemExit) as stop, one_line_errors():
        raise error
    return stop.value.code, capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (ConfigError("epochs: found 0; accepted: 1 or more."), 2, "epochs: found 0; accepted: 1 or more."),
        (MachineError("runs: no."), 3, "runs: no."),
        (PermissionError(errno.EACCES, "Permission denied", "a.inter"), 3, "a.inter: this account may not; change its"),
        (OSError(errno.ENOSPC, "No space left on device"), 3, "the disk is full; free some space"),
        (
            FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"),
            3,
            "No usable temporary directory",
        ),
        (MemoryError(), 3, "memory is used up; smaller train_batch_size"),
        (torch.OutOfMemoryError("CUDA out of memory."), 3, "memory is used up; smaller train_batch_size"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), 3, "memory is used up"),
        (ModuleNotFoundError("no", name="optuna"), 2, "the package 'optuna' is not installed"),
    ],
)
def test_one_line_and_a_code(error, code, message, capsys):
    found, lines = ended(error, capsys)
    assert found == code
    assert len(lines) == 1
    assert lines[0].startswith(f"Error: {message}")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_the_code_is_right_where_nothing_can_be_said(monkeypatch):
    with open("/dev/full", "w", buffering=1) as full:
        monkeypatch.setattr("sys.stderr", full)
        with pytest.raises(SystemExit) as stop, one_line_errors():
            raise ConfigError("epochs: found 0.")
        assert stop.value.code == 2
        monkeypatch.undo()
        with suppress(OSError):
            full.close()


def test_a_fault_of_ours_says_where_to_report_and_keeps_the_traceback(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["recbole-lsrec", "caf\udce9"])  # the name of a file in Latin-1
    code, lines = ended(KeyError("lost"), capsys)
    assert code == 1
    assert len(lines) == 1
    assert "unexpected KeyError: 'lost' This is a fault of recbole_lsrec, not yours. Please report it" in lines[0]
    report = Path(next(word for word in lines[0].split() if word.rstrip(",").endswith(".txt")).rstrip(","))
    assert "raise error" in report.read_text()
    report.unlink()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("caught", [False, True], ids=["raised", "by a command that wrote its page first"])
def test_signals(number, code, caught):
    def command():
        try:
            os.kill(os.getpid(), number)
            signal.pause()
        except KeyboardInterrupt:
            if not caught:
                raise
            raise SystemExit(130) from None

    with pytest.raises(SystemExit) as stop, ended_by_signals():
        command()
    assert stop.value.code == code


def test_every_command_ends_by_signals(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("recbole_lsrec.model_table.model_table", interrupted)
    with pytest.raises(SystemExit) as stop:
        command_line.main(["models"])
    assert stop.value.code == 130


def test_a_run_dir_that_is_a_file_is_one_line_and_nothing_is_trained(shop, capsys):
    Path("taken").write_text("")
    shop["run_dir"] = "taken"
    with pytest.raises(MachineError, match=r"^taken: run_dir: no folder can be made there: .* is a file"):
        run_recbole_lsrec("GRU4Rec", "shop", config_dict=shop)


@contextmanager
def no_file_larger_than(size):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_fills_up_during_a_checkpoint_leaves_the_old_one(tmp_path):
    path = tmp_path / "checkpoint.pt"
    small, large = ({"w": torch.arange(n, dtype=torch.float32)} for n in (10, 100_000))
    metadata = {"model": "M", "dataset": "d", "config": {}, "fingerprints": {}, "versions": {}}
    checkpoint.save(path, Checkpoint(metadata, small))
    with (
        no_file_larger_than(50_000),
        pytest.raises(MachineError, match=r"checkpoint\.pt: cannot be written: .*disk is full"),
    ):
        checkpoint.save(path, Checkpoint(metadata, large))
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]
    assert checkpoint.load(path).tensors["w"].tolist() == small["w"].tolist()


def test_a_checkpoint_for_which_there_is_no_room_is_not_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 2**20}))
    metadata = {"model": "M", "dataset": "d", "config": {}, "fingerprints": {}, "versions": {}}
    with pytest.raises(
        MachineError, match=r"it needs 4 MiB, and 1 MiB are free; free some space and go on with --resume"
    ):
        checkpoint.save(tmp_path / "checkpoint.pt", Checkpoint(metadata, {"w": torch.zeros(2**20)}))
    assert not list(tmp_path.iterdir())


def test_text_is_there_whole_or_not_at_all(tmp_path):
    path = tmp_path / "x.json"
    write_json(path, {"a": 1})
    with (
        no_file_larger_than(1000),
        pytest.raises(MachineError, match=r"x\.json: cannot be written: the file would be larger"),
    ):
        write_json(path, {"a": "b" * 5000})
    assert path.read_text() == '{\n  "a": 1\n}\n'
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]


def test_a_pipe_is_written_to_and_stays_one(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reading = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    write_text(path, "told")
    assert os.read(reading, 100) == b"told"
    os.close(reading)
    assert path.is_fifo()


def test_an_interrupted_writer_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.json"
    write_json(path, {"a": 1})

    def interrupted(part):
        part.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), written_whole(path) as part:
        interrupted(part)
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]


def test_parts_that_a_killed_process_left_are_swept_when_nobody_writes_to_them_any_more(tmp_path):
    old, new, folder = (tmp_path / name for name in (".a.npy.1f.part", ".b.npy.2f.part", ".shop-3f.part"))
    folder.mkdir()
    for path in (old, new, folder / "shop.inter"):
        path.write_text("")
    for path in (old, folder):
        os.utime(path, (0, 0))
    sweep(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [".b.npy.2f.part"]


def test_a_text_has_the_mode_that_the_umask_says(tmp_path):
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "x", "")
    finally:
        os.umask(before)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640


def test_two_processes_in_one_folder(tmp_path):
    refused = pytest.raises(
        ConfigError, match=r"^resume: another process works in .*; wait for it, or give another folder"
    )
    with alone(tmp_path, "resume"), refused, alone(tmp_path, "resume"):
        pass
    with alone(tmp_path, "resume"):
        pass
    assert not list(tmp_path.iterdir())


def test_parts_of_a_killed_process_are_removed_by_the_next_that_works_there(tmp_path):
    (tmp_path / ".scores-uni9.npy.1f.part").write_text("half")
    with alone(tmp_path, "resume"):
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_second_resume_of_a_run_is_refused_while_the_first_is_at_work(shop):
    folder = Path(run_recbole_lsrec("GRU4Rec", "shop", config_dict={**shop, "epochs": 1})["run_folder"])
    with alone(folder, "resume"), pytest.raises(ConfigError, match=r"^resume: another process works in "):
        run_recbole_lsrec(config_dict={"resume": str(folder), "epochs": 2})
    assert not (folder / ".lock").exists()


def test_what_ended_a_run_is_in_its_log(shop):
    with pytest.raises(ValueError, match="NaN"):
        run_recbole_lsrec("GRU4Rec", "shop", config_dict={**shop, "learning_rate": 1e30})
    (log,) = Path("runs").glob("*/log")
    assert "The run ended with an error" in log.read_text()
    assert "Traceback" in log.read_text()


def test_a_training_that_diverges_is_told_so(shop, caplog):
    run_recbole_lsrec("GRU4Rec", "shop", config_dict={**shop, "state": "WARNING", "learning_rate": 1e4, "epochs": 2})
    assert "The training diverged: its loss went from" in caplog.text
