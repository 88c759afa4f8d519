"""A model from its settings, new or with the best weights of a finished run."""

from pathlib import Path
from typing import Any

from recbole.utils import init_seed

from recbole_lsrec import checkpoint
from recbole_lsrec.config import Config
from recbole_lsrec.run_data import Data, load_data
from recbole_lsrec.run_files import CHECKPOINT


def build_model(config: Config, data: Data) -> Any:
    """Initialises the model from the seed, whatever was drawn while the data were loaded."""
    init_seed(config["seed"], config["reproducibility"])
    return config.model_class(config, data.train.dataset).to(config["device"])


def load_run(folder: str | Path) -> tuple[Config, Data, Any]:
    """Config, data and model with the best weights of a finished run."""
    stored = checkpoint.load(Path(folder) / CHECKPOINT)
    config = Config(stored.model, stored.dataset, config_dict=stored.config)
    data = load_data(config)
    model = build_model(config, data)
    checkpoint.restore_best(stored, model)
    return config, data, model
