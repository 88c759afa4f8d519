"""A model from its settings, new or with the best weights of a finished run."""

from pathlib import Path
from typing import Any

from recbole.utils import init_seed

from recbole_lsrec import checkpoint
from recbole_lsrec.config import Config
from recbole_lsrec.own_models import find_again
from recbole_lsrec.run_data import Data, load_data
from recbole_lsrec.run_files import CHECKPOINT


def build_model(config: Config, data: Data) -> Any:
    """Initialises the model from the seed, whatever was drawn while the data were loaded."""
    init_seed(config["seed"], config["reproducibility"])
    return config.model_class(config, data.train.dataset).to(config["device"])


def load_run(folder: str | Path, model: str | type | None = None) -> tuple[Config, Data, Any]:
    """Config, data and model with the best weights of a finished run.

    Args:
        folder: of the run.
        model: the run's model class, where it is one of your own that this process has not loaded, or its place.

    Raises:
        CheckpointError: the data are not those of the run, the model's class is not at hand, or the checkpoint is damaged.
    """
    stored = checkpoint.load(Path(folder) / CHECKPOINT)
    own = stored.metadata.get("own_model")
    named = find_again(own, model, str(folder)) if own else model or stored.model
    config = Config(named, stored.dataset, config_dict=stored.config)
    data = load_data(config)
    now = data.log_fingerprints()
    fingerprints = {name: now[name] for name in stored.metadata["fingerprints"]}
    checkpoint.check(stored, model=config["model"], dataset=config["dataset"], fingerprints=fingerprints)
    trained = build_model(config, data)
    checkpoint.restore_best(stored, trained)
    return config, data, trained
