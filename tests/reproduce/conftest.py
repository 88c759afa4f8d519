"""A tiny log of a shop with event types, and the command on it."""

import pytest
import ray

from tests.command_line import exit_code
from tests.shop_log import shop_events

SETTINGS = [
    "--load_col={inter: [user_id, item_id, timestamp, category_id, event_type]}",
    "--CATEGORY_FIELD=category_id",
    "--MAX_ITEM_LIST_LENGTH=12",
    "--eval_args={mode: [uni9, full]}",
    "--train_batch_size=128",
]


@pytest.fixture(scope="session")
def logs(tmp_path_factory):
    """Folder with one log under two names: ``shop``, and ``tmall``, which is the name of a paper's."""
    frame = shop_events()
    folder = tmp_path_factory.mktemp("logs")
    for name in ("shop", "tmall"):
        (folder / name).mkdir()
        frame.to_csv(folder / name / f"{name}.inter", sep="\t", index=False)
    return folder


@pytest.fixture(scope="module")
def one_cpu():
    """A Ray of one CPU for the tests of a module."""
    ray.init("local", num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="error")
    yield
    ray.shutdown()


@pytest.fixture
def reproduce(logs, tmp_path):
    """Runs the command in ``tmp_path`` and returns its exit code."""

    def run(entry, dataset, *more):
        given = ["--dataset", dataset, "--out", str(tmp_path), *more, f"--data_path={logs}", *SETTINGS]
        return exit_code(["reproduce", entry, *given])

    return run
