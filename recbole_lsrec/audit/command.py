"""``recbole-lsrec audit``: loads a log as a run would and measures it."""

from collections.abc import Sequence
from pathlib import Path

from recbole_lsrec.audit.log import columns
from recbole_lsrec.audit.measure import Audit, measure
from recbole_lsrec.audit.page import write_html
from recbole_lsrec.config import Config
from recbole_lsrec.errors import DataError
from recbole_lsrec.json_files import write_values
from recbole_lsrec.log_checks.times import ORDER
from recbole_lsrec.run_data import load_log

_MODEL, _PARTS = "SLSRec", {"without": ["cate"]}  # only for its settings: no model is made, and categories are no must


def audit(dataset: str, settings: Sequence[str] = (), html: Path | None = None, values: Path | None = None) -> Audit:
    """Measures a data set.

    Args:
        dataset: its name.
        settings: as on the command line of a run, such as ``--session_threshold=3600``.
        html: where the page goes.
        values: where all values go, as JSON.

    Raises:
        DataError: the log has no times.
    """
    config = Config(_MODEL, dataset, config_dict=_PARTS, command_line=settings)
    if config["timestamp_unit"] == ORDER:
        raise DataError(f"timestamp_unit: {ORDER}: {dataset} has no times, and an audit is about times and sessions.")
    log = load_log(config)
    found = measure(
        columns(log),
        dataset,
        config["session_threshold"],
        user_names=log.field2id_token[log.uid_field],
        simulated=log.simulated,
        own_sessions=log.own_sessions,
        seed=config["seed"],
    )
    if html:
        write_html(html, found)
    if values:
        write_values(values, found.to_dict())
    return found
