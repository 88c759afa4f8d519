"""A model from its settings, new or with the best weights of a finished run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from recbole.utils import init_seed

from recbole_lsrec import checkpoint
from recbole_lsrec.config import Config
from recbole_lsrec.config.layers import Layer, given_layers, merge
from recbole_lsrec.data.dataloader import EvalLoader, TrainLoader
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.errors import CheckpointError, ConfigError, model_named
from recbole_lsrec.own_models import class_name, find_again
from recbole_lsrec.run_data import Data, load_data
from recbole_lsrec.run_files import CHECKPOINT, RESULT, folder_of, path_of, read_result


def configure(
    model: str | type | None,
    dataset: str | None,
    files: str | Path | Sequence[str | Path] | None,
    config_dict: Mapping[str, Any] | None,
    command_line: Sequence[str],
    data_folder: str | None,
) -> Config:
    """The settings of a run; where ``resume`` comes without model and data set, those of the run to be gone on with.

    Args:
        model, dataset, files, config_dict, command_line, data_folder: as of :class:`Config`.

    Raises:
        CheckpointError: ``resume`` names no checkpoint and no folder with one.
        ConfigError: as of :class:`Config`, or ``resume`` comes with one of model and data set.
    """
    layers = given_layers(files, {} if config_dict is None else config_dict, command_line)
    asked = {key: value for layer in layers for key, value in layer.values.items()}
    asked |= {key: value for key, value in {"model": model, "dataset": dataset}.items() if value is not None}
    given, resume = layers[-2].values, asked.get("resume")
    if resume is not None:
        named = {"model", "dataset"} & asked.keys()
        if len(named) == 1:
            (one,) = named
            raise ConfigError(
                f"resume: found {str(resume)!r} and {one}: {asked[one]} alone; a run goes on with its own model and data set: "
                "leave it out, or name both."
            )
        if not named:
            stored = checkpoint_of(_checkpoint_file(resume))
            model = model_of(stored, None, str(resume))
            dataset, (given, _) = stored.dataset, merge([Layer("checkpoint", stored.config), *layers[:-1]])
    config = Config(model, dataset, files, given, command_line=command_line, data_folder=data_folder)
    if config["resume"] is not None:
        config["resume"] = str(_checkpoint_file(config["resume"]))
    return config


def _checkpoint_file(given: object) -> Path:
    path = Path(str(given))
    path = path / CHECKPOINT if path.is_dir() else path
    if not path.is_file():
        raise CheckpointError(
            f"resume: found {str(given)!r}, but there is no file {path}; give the {CHECKPOINT} of a run, or the run's folder."
        )
    return path


def build_model(config: Config, data: Data) -> Any:
    """Initialises the model from the seed, whatever was drawn while the data were loaded.

    Raises:
        ConfigError: its settings are none for it, or it has nothing to train.
    """
    init_seed(config["seed"], config["reproducibility"])
    with model_named(config["model"], "built"):
        model = config.model_class(config, data.train.dataset).to(config["device"])
    if next(model.parameters(), None) is None:
        raise ConfigError(
            f"model: {config['model']} has no parameter, and a trainer needs one; give it such as RecBole's models that only "
            "count have, self.fake_loss = torch.nn.Parameter(torch.zeros(1)), and let its loss be self.fake_loss.sum()."
        )
    return model


def checkpoint_of(path: Path) -> checkpoint.Checkpoint:
    """A checkpoint file, which in a run folder is that of the run.

    Raises:
        CheckpointError: it is missing, damaged, or of another run than the ``result.json`` beside it.
    """
    stored = checkpoint.load(path, "model")
    if path.name != CHECKPOINT or not (path.parent / RESULT).is_file():  # a copy, or a run not at its end yet
        return stored
    result = read_result(path.parent)
    told = (result["model"], result["dataset"], result["seed"])
    held = (stored.model, stored.dataset, stored.config["seed"])
    if told != held:
        raise CheckpointError(
            f"{path}: is of {held[0]} on {held[1]} with seed {held[2]}, {RESULT} of {told[0]} on {told[1]} with seed {told[2]}; "
            "take both from one run."
        )
    return stored


def model_of(stored: checkpoint.Checkpoint, given: str | type | None, run: str) -> str | type:
    """The class of a checkpoint's model, or its name; see :func:`find_again`.

    Raises:
        CheckpointError: another class is given.
    """
    own = stored.metadata.get("own_model")
    found = find_again(own, given, run) if own else given or stored.model
    name = class_name(found) if isinstance(found, str) else getattr(found, "__name__", found)
    if name != stored.model:
        raise CheckpointError(
            f"{run}: holds {stored.model}, found model {name}; leave it out, or give the run's own class."
        )
    return found


def load_run(folder: str | Path, model: str | type | None = None) -> tuple[Config, Data, Any]:
    """Config, data and model with the best weights of a finished run.

    Args:
        folder: of the run, or its checkpoint.
        model: the run's model class, where it is one of your own that this process has not loaded, or its place.

    Raises:
        CheckpointError: the data are not those of the run, the model's class is not at hand, or the checkpoint is damaged.
    """
    return _run_of(folder_of(folder) / CHECKPOINT, model)


def _run_of(path: Path, model: str | type | None) -> tuple[Config, Data, Any]:
    stored = checkpoint_of(path)
    config = Config(model_of(stored, model, str(path.parent)), stored.dataset, config_dict=stored.config)
    data = load_data(config)
    now = data.log_fingerprints()
    fingerprints = {name: now[name] for name in stored.metadata["fingerprints"]}
    checkpoint.check(stored, model=config["model"], dataset=config["dataset"], fingerprints=fingerprints)
    trained = build_model(config, data)
    checkpoint.restore_best(stored, trained)
    return config, data, trained


def load_data_and_model(
    model_file: str | Path, model: str | type | None = None
) -> tuple[Config, Any, SessionDataset, TrainLoader, EvalLoader, EvalLoader]:
    """RecBole's: config, model, data set and the loaders of training, validation and test.

    Args:
        model_file: a checkpoint, or the folder of a run.
        model: see :func:`load_run`.

    Raises:
        CheckpointError: see :func:`load_run`.
    """
    path = path_of(model_file)
    config, data, trained = _run_of(path / CHECKPOINT if path.is_dir() else path, model)
    assert data.test is not None  # made unless it is asked for less
    return config, trained, data.dataset, data.train, data.valid, data.test
