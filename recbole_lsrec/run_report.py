"""What a run says in its log: settings and data at its beginning, results and what to be careful about at its end."""

from collections.abc import Mapping
from logging import getLogger
from pathlib import Path
from typing import Any

from recbole.utils import set_color
from tabulate import tabulate

from recbole_lsrec.config import Config
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.data.split_report import summary_lines
from recbole_lsrec.evaluation.protocol_table import by_protocol
from recbole_lsrec.evaluation.ties import MANY_TIES
from recbole_lsrec.page.numbers import spread
from recbole_lsrec.run_data import Data
from recbole_lsrec.run_files import RunResult
from recbole_lsrec.simulated.generate import SIMULATED_NOTICE


def say_settings(config: Config) -> None:
    """All settings, and which of them do nothing."""
    logger = getLogger()
    logger.info(config)
    for key, reason in config.no_effect().items():
        logger.warning(f"{key} has no effect here: {reason}")


def say_data(dataset: SessionDataset, split: Mapping[str, Any]) -> None:
    """The log, how it was split, and what is wrong with the split."""
    logger = getLogger()
    logger.info(dataset)
    for line in summary_lines(split):
        logger.info(line)
    for warning in split["warnings"]:
        logger.warning(warning)


def say_result(result: RunResult, data: Data, folder: Path) -> None:
    """Best validation and test result, as a table by protocol, with what it rests on."""
    logger = getLogger()
    if data.train.sampler.counts.widened:
        logger.info(
            f"Negatives: the pool of {data.train.sampler.counts.widened} draws was widened (too few items seen yet)"
        )
    logger.info(set_color("best valid ", "yellow") + f": {result['best_valid_result']}")
    logger.info(set_color("test result", "yellow") + f": {result['test_result']}")
    if data.test is not None and result["test_result"] is not None:
        header, *rows = by_protocol(result["test_result"], data.test.protocols[0].name)
        sides = ["left", *["right"] * (len(header) - 1)]
        logger.info("Test result by protocol\n" + tabulate(rows, header, disable_numparse=True, colalign=sides))
        for name, tied in result["tied_instances"]["test"].items():
            share = tied / len(data.test.dataset)
            if share > MANY_TIES:
                logger.warning(
                    f"{name}: {share:.0%} of the test targets score the same as some competitor, so the metrics rest "
                    f"on `ties: {result['config']['ties']}`; a model whose output saturates cannot order its best items."
                )
    for phase, unseen in result["unseen_users"].items():
        if unseen:
            logger.warning(
                f"{phase}: {unseen} instances are of users without a training event, whom {result['model']} scores as "
                "the average user"
            )
    if noise := result["inference_noise"].get("test"):
        logger.info(
            f"Test result over {noise['samples']} samples of inference: "
            + ", ".join(f"{name} {spread(found['mean'], found['std'])}" for name, found in noise["metrics"].items())
        )
    if data.dataset.simulated:
        logger.warning(set_color(SIMULATED_NOTICE, "red"))
    logger.info(set_color("run folder", "yellow") + f": {folder}")
