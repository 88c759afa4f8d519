"""Whether RecBole's models that read features of items and users can use the columns that are loaded."""

from typing import Any

from recbole.utils import FeatureType

from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.registry import is_one_of

_NUMBERS = (FeatureType.FLOAT, FeatureType.FLOAT_SEQ)
_READ_ALL = ("DIN", "DIEN")  # every column of the item and user files, not ``selected_features``


def check_features(config: Any, dataset: SessionDataset) -> None:
    """Refuses features that the model would stop at.

    Args:
        config: the run's settings.
        dataset: the log, with its item and user tables.

    Raises:
        ConfigError: ``selected_features`` names a column that is not of the item file, or a number that is not among
            ``numerical_features``; or a table has several numbers, which RecBole 1.2.1 joins along the wrong axis; or
            SASRecF would read lists of numbers, for each of which its RecBole 1.2.1 expects more vectors than it makes.
    """
    items, users = (
        []
        if table is None
        else [column for column in table.columns if column not in (dataset.uid_field, dataset.iid_field)]
        for table in (dataset.item_feat, dataset.user_feat)
    )
    if "selected_features" in config:
        used = {"item": config["selected_features"] or []}
        _check_selected(used["item"], items, config, dataset)
        lists = [column for column in used["item"] if dataset.field2type[column] == FeatureType.FLOAT_SEQ]
        if lists and is_one_of(config.model_class, ("SASRecF",)):
            raise ConfigError(
                f"selected_features: found {lists}, of type 'float_seq', which {config['model']} of RecBole 1.2.1 cannot read; "
                "accepted: columns of type 'token', 'token_seq' or 'float'. Leave them out, or take GRU4RecF or FDSA."
            )
    elif config["model"] in _READ_ALL:
        used = {"item": items, "user": users}
    else:
        return
    for source, columns in used.items():
        numbers = [
            column
            for column in columns
            if dataset.field2type[column] == FeatureType.FLOAT and column in (config["numerical_features"] or [])
        ]
        if len(numbers) > 1:
            raise ConfigError(
                f"numerical_features: {config['model']} would read {numbers} of the {source} file; RecBole 1.2.1 embeds one "
                "column of numbers a file. Keep one of them, or make the others tokens (price classes, say)."
            )


def _check_selected(selected: list[str], items: list[str], config: Any, dataset: SessionDataset) -> None:
    wrong = [column for column in selected if column not in items or selected.count(column) > 1]
    if wrong or not selected:
        raise ConfigError(
            f"selected_features: found {selected}, which {config['model']} reads; accepted: at least one, each once and loaded "
            f"from {dataset.dataset_name}.item (loaded: {items or 'none'}). Name loaded ones, or add these to load_col: "
            f"{{item: [{dataset.iid_field}, ...]}}."
        )
    plain = [column for column in selected if dataset.field2type[column] in _NUMBERS]
    plain = [column for column in plain if column not in (config["numerical_features"] or [])]
    if plain:
        raise ConfigError(
            f"selected_features: {plain} are numbers, which are read only if numerical_features names them too."
        )
