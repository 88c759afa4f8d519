"""The settings of a run: merged, checked, and in the form that RecBole's own classes read."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from recbole.config import Config as RecBoleConfig
from recbole.utils import (
    EvaluatorType,
    InputType,
    ModelType,
    dataset_arguments,
    evaluation_arguments,
    general_arguments,
    training_arguments,
)

from recbole_lsrec import registry
from recbole_lsrec.config.check import (
    check_budget,
    check_metrics,
    check_own_columns,
    check_popularity_correction,
    check_topk,
    check_valid_metric,
    check_values,
    refuse,
)
from recbole_lsrec.config.check_model import check_model_settings, input_type_of, reads_numbers, reads_preloaded_weights
from recbole_lsrec.config.columns import set_columns
from recbole_lsrec.config.device import set_device
from recbole_lsrec.config.known import (
    check_key,
    model_settings,
    plugin_keys,
    settings_for,
)
from recbole_lsrec.config.layers import (
    DICTIONARY,
    MERGED_BY_PART,
    Layer,
    chosen,
    for_model,
    given_layers,
    merge,
    model_layers,
    recbole_layers,
    yaml_layers,
)
from recbole_lsrec.config.metric_names import bigger_is_better
from recbole_lsrec.config.nested import (
    NO_NEGATIVES,
    check_eval_args,
    check_gradient_norm,
    check_negatives,
    eval_negatives,
    no_negatives,
)
from recbole_lsrec.config.no_effect import NO_EFFECT, idle_beside, idle_in_evaluation, idle_parts
from recbole_lsrec.config.paths import dataset_folder, dataset_yaml, plain_name, properties_dir, yaml_beside
from recbole_lsrec.config.strong import with_strong
from recbole_lsrec.config.values import YamlLoader, plain_types
from recbole_lsrec.errors import ConfigError

_NP_ALIASES = {
    "bool": np.bool_,
    "int": np.int_,
    "float": np.float64,
    "complex": np.complex128,
    "object": np.object_,
    "str": np.str_,
    "long": np.int_,
    "unicode": np.str_,
}


class Config(RecBoleConfig):
    """RecBole's Config that finds the plugin's models and yaml, checks everything, and never reads ``sys.argv``.

    A value comes from the first of these that has it: command line, ``config_dict``, the last config file, ...,
    the first, the yaml of the data set, of the model (its class's ``default_config``, ours, RecBole's), our
    ``properties/overall.yaml``, RecBole's ``dataset/sample.yaml`` and ``overall.yaml``. Of ``eval_args`` and
    ``train_neg_sample_args`` a place may give some parts only.

    Beside RecBole's keys it holds ``eval_protocols``: ``{"valid": ["pop99"], "test": ["pop99", "full"]}``.

    Attributes:
        stated: the keys that the user or the data set's yaml set, whatever their value.

    Args:
        model: a name or the place of a class of your own (:func:`recbole_lsrec.registry.get_model`), or a model
            class. A class of your own may have a ``default_config``: a dict of its hyper-parameters, which become
            accepted keys.
        dataset: a name.
        config_file_list: YAML files, later ones win.
        config_dict: settings; strings are read as literals, as on the command line. Not changed.
        command_line: arguments such as ``--epochs=3 --dry-run``; ``--config_files 'a.yaml b.yaml'`` adds files.
        data_folder: where the data set's log was read, on another machine perhaps; None: the files are looked for.
        dict_source: what messages call ``config_dict``.

    Raises:
        ConfigError: an unknown key, model or data set, an impossible value, or settings that contradict each other.
    """

    def __init__(
        self,
        model: str | type | None = None,
        dataset: str | None = None,
        config_file_list: str | Path | Sequence[str | Path] | None = None,
        config_dict: Mapping[str, Any] | None = None,
        *,
        command_line: Sequence[str] = (),
        data_folder: str | None = None,
        dict_source: str = DICTIONARY,
    ) -> None:
        self.compatibility_settings()
        self.yaml_loader = YamlLoader
        given = given_layers(config_file_list, {} if config_dict is None else config_dict, command_line, dict_source)
        self.model_class: Any = _model_class(chosen("model", model, given))
        self.model = self.model_class.__name__
        self.dataset = plain_name(str(chosen("dataset", dataset, given)))
        files = len(given) - 2  # the last two are the dictionary and the command line
        read = [self._read_layer(layer, texts=place >= files) for place, layer in enumerate(given)]
        given = with_strong(read, self.model_class)
        data_layer = [for_model(layer, self.model) for layer in self._data_layers(given)]
        for layer in [*data_layer, *given]:
            for key in layer.values:
                check_key(key, layer.source, self.model_class)
        internal = [*self._default_layers(), *data_layer]
        self.final_config_dict, self._sources = merge([*internal, *given])
        self._given = set().union(*(layer.values for layer in given))
        self.stated = self._given.union(*(layer.values for layer in data_layer))
        self._keep_parts(internal, given)
        self._set_parameters(data_layer)
        self._remarks: dict[str, str] = {}
        self._complete(data_folder)

    # --- what RecBole's Config offers -----------------------------------------------------------------------------

    def compatibility_settings(self) -> None:
        """Gives numpy back the names that RecBole's metrics read (``np.float``, ...); those of numpy 2 are kept."""
        for name, kind in _NP_ALIASES.items():
            if name not in vars(np):
                setattr(np, name, kind)

    def no_effect(self) -> dict[str, str]:
        """Returns the keys that were set but do nothing here, each with the reason."""
        useless = {key: reason for key, reason in NO_EFFECT.items() if key in self._given}
        if self.model_class.type == ModelType.GENERAL:
            useless.pop("require_pow", None)
        time, columns = self.final_config_dict["TIME_FIELD"], self.final_config_dict["normalize_field"] or []
        asked = {"normalize_all": self.final_config_dict["normalize_all"], "normalize_field": time in columns}
        for key in self._given.intersection(asked):
            if asked[key]:
                useless[key] = f"{time} (TIME_FIELD) stays in exact seconds; other columns are normalised"
        chosen_in_vain = self._given.intersection(self._idle, self.differing())
        idle = {key: why for key, why in self._idle.items() if key in chosen_in_vain}
        return {**useless, **idle, **self._remarks}

    def differing(self) -> dict[str, Any]:
        """Returns the settings that the user or the data set's yaml gave another value than the default one.

        Of ``eval_args`` and ``train_neg_sample_args``, which are merged by part, the parts.
        """
        usual, _ = merge(self._default_layers())
        usual["train_neg_sample_args"] = check_negatives(usual["train_neg_sample_args"], {})
        left_out = {*NO_EFFECT, "data_path", "model", "dataset", "resume"}
        values = {key: plain_types(self.final_config_dict[key]) for key in sorted(self.stated - left_out)}
        stated = {key: plain_types(self.external_config_dict.get(key, value)) for key, value in values.items()}
        found = {key: value for key, value in values.items() if usual.get(key) not in (value, stated[key])}
        for key in found.keys() & MERGED_BY_PART:
            found[key] = {part: value for part, value in found[key].items() if usual[key].get(part) != value}
        return found

    def plain(self) -> dict[str, Any]:
        """Returns plain values that rebuild this Config: ``Config(model, dataset, config_dict=config.plain())``.

        Left out are keys without effect, what follows from other keys, and which GPU was used.
        """
        left_out = {*NO_EFFECT, "gpu_id"}
        accepted = settings_for(self.model_class)
        values = {key: plain_types(value) for key, value in self.final_config_dict.items() if key in accepted}
        values = {key: value for key, value in values.items() if key not in left_out}
        values["data_path"] = str(Path(self.final_config_dict["data_path"]).parent)
        if no_negatives(values["train_neg_sample_args"]):
            values["train_neg_sample_args"] = None
        return values

    def __copy__(self) -> "Config":
        """With the same class: its file may have been edited since, and one made in a function has no place."""
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def __getstate__(self) -> dict[str, Any]:
        """For other processes: a class from a file of the user's travels as its place, since they have no such module."""
        own = registry.own_origin(self.model_class)
        by_place = own is not None and not own["model"].startswith("__main__:")
        return {**self.__dict__, "model_class": own["model"] if own and by_place else self.model_class}

    def __setstate__(self, state: dict[str, Any]) -> None:
        named = state["model_class"]
        self.__dict__.update(state, model_class=registry.get_model(named) if isinstance(named, str) else named)

    # --- building ---------------------------------------------------------------------------------------------------

    def _read_layer(self, layer: Layer, texts: bool) -> Layer:
        """Turns text from a dictionary or the command line into values; text in a file already is what it is."""
        values = {key: value for key, value in layer.values.items() if key not in ("model", "dataset")}
        if texts:
            known = settings_for(self.model_class)
            values = {key: known[key].of_text(value) if key in known else value for key, value in values.items()}
        return Layer(layer.source, values)

    def _data_layers(self, given: list[Layer]) -> list[Layer]:
        """The yaml that ships for the data set and, above it, the one beside its files."""
        below = yaml_layers([properties_dir() / "overall.yaml"])
        data_path = merge([*below, *given])[0]["data_path"]
        beside = yaml_beside(self.dataset, str(data_path), any("data_path" in layer.values for layer in given))
        return yaml_layers([dataset_yaml(self.dataset), *([beside] if beside else [])])

    def _default_layers(self) -> list[Layer]:
        return [
            *recbole_layers(),
            *yaml_layers([properties_dir() / "overall.yaml"]),
            *model_layers(self.model_class),
        ]

    def _keep_parts(self, internal: list[Layer], given: list[Layer]) -> None:
        """RecBole's names for what came from where; its users and ours look at them."""
        *files, dictionary, line = given
        self.internal_config_dict, _ = merge(internal)
        self.file_config_dict, _ = merge(files)
        self.variable_config_dict, self.cmd_config_dict = dictionary.values, line.values
        self.external_config_dict, _ = merge(given)

    def _set_parameters(self, data_layer: list[Layer]) -> None:
        of_data = [key for layer in data_layer for key in layer.values]
        own = [*plugin_keys(), "eval_protocols"]
        recorded = {
            *general_arguments,
            *training_arguments,
            *evaluation_arguments,
            *own,
            *model_settings(self.model_class),
        }
        self.parameters = {
            "General": list(general_arguments),
            "Training": list(training_arguments),
            "Evaluation": list(evaluation_arguments),
            "Dataset": [*dict.fromkeys([*dataset_arguments, *(key for key in of_data if key not in recorded)])],
            "LSRec": own,
        }

    def _complete(self, data_folder: str | None) -> None:
        """Checks the merged values and adds those that follow from them."""
        values, sources = self.final_config_dict, self._sources
        check_values(values, settings_for(self.model_class), sources)
        options = self._set_options()
        self._set_run(data_folder)
        values["train_neg_sample_args"] = self._train_negatives()
        checked = check_eval_args(values["eval_args"], values["candidates"], sources)
        values["eval_args"], values["eval_protocols"] = checked
        for phase, protocols in values["eval_protocols"].items():
            values[f"{phase}_neg_sample_args"] = eval_negatives(protocols[0])
        check_gradient_norm(values["clip_grad_norm"], sources)
        check_budget(values, sources)
        check_own_columns(values, sources)
        check_model_settings(values, self.model_class, sources)
        self._remark_unread()
        self._set_metrics()
        if values["normalize_all"] and values["normalize_field"]:
            raise refuse("normalize_all", True, sources, "~ where normalize_field is set; RecBole takes one of the two")
        if isinstance(values["additional_feat_suffix"], str):
            values["additional_feat_suffix"] = [values["additional_feat_suffix"]]
        self._remarks |= set_columns(values, sources, self._given)
        if options is not None and values["CATEGORY_FIELD"] is None and (reason := options.without_categories()):
            raise ConfigError(reason)
        if "RecBole" in sources.get("selected_features", "") and values["CATEGORY_FIELD"]:
            values["selected_features"] = [values["CATEGORY_FIELD"]]  # RecBole's default is a column of ml-100k
        set_device(values, "gpu_id" in self._given)

    def _set_options(self) -> Any:
        """The options of a model of ours as the model gets them, else None; and which settings have no effect."""
        values, own = self.final_config_dict, model_settings(self.model_class)
        self._idle = {key: why for key, why in idle_beside(values).items() if key not in own}
        options = getattr(self.model_class, "options_class", None)
        if options is None:
            return None
        together = options.together({key: values[key] for key in options.model_fields})
        self._idle |= together.idle()
        # A single word stands for a list of it, and is recorded as one.
        values.update({key: one for key in options.model_fields if isinstance(one := getattr(together, key), list)})
        return together

    def _set_run(self, data_folder: str | None) -> None:
        """The model, the data set and its folder, and what RecBole wants to know of the model."""
        values = self.final_config_dict
        values["model"], values["dataset"] = self.model, self.dataset
        values["data_path"] = data_folder or str(
            dataset_folder(self.dataset, values["data_path"], "data_path" in self._given)
        )
        values["MODEL_TYPE"] = self.model_class.type
        values["MODEL_INPUT_TYPE"] = input_type_of(self.model_class, values, self._sources)

    def _remark_unread(self) -> None:
        """Settings that the model does not read."""
        values = self.final_config_dict
        if values["preload_weight"] and not reads_preloaded_weights(self.model_class):
            self._remarks["preload_weight"] = f"{self.model} reads no weights that are given (get_preload_weight)"
        if "numerical_features" in self._given and values["numerical_features"] and not reads_numbers(self.model_class):
            self._remarks["numerical_features"] = f"{self.model} reads no columns of numbers"

    def _set_metrics(self) -> None:
        """What is measured, and by what training stops."""
        values, sources = self.final_config_dict, self._sources
        values["topk"] = check_topk(values["topk"], sources)
        values["metrics"] = check_metrics(values["metrics"], sources)
        self._idle |= idle_in_evaluation(values)
        self._remarks |= idle_parts(self.external_config_dict.get("eval_args"), values)
        values["valid_metric"] = check_valid_metric(values["valid_metric"], values, sources)
        metric = re.sub(r"^.*/|@.*$", "", values["valid_metric"]).lower()
        values["valid_metric_bigger"] = bigger_is_better(metric)
        check_popularity_correction(values, sources)
        values["eval_type"] = EvaluatorType.RANKING
        values["threshold"] = None  # RecBole's dataset would look for the rating it compares

    def _train_negatives(self) -> dict[str, Any]:
        key, values, sources = "train_neg_sample_args", self.final_config_dict, self._sources
        args = check_negatives(values[key], sources)
        if args["distribution"] != "popularity" and args["alpha"] not in (1.0, "none"):
            self._remarks[f"{key}: alpha"] = f"distribution is {args['distribution']}, not popularity"
        if registry.trains_on_users(self.model_class) or self.model_class.type == ModelType.TRADITIONAL:
            if key in self._given and not no_negatives(args):
                self._remarks[key] = f"{self.model} learns from the pairs that there are and samples none"
            return dict(NO_NEGATIVES)
        of_candidates = getattr(self.model_class, "candidate_batch", False)
        if values["MODEL_INPUT_TYPE"] == InputType.LISTWISE and not of_candidates:
            if key in self._given and not no_negatives(args):
                raise refuse(key, values[key], sources, f"~, because the input_type of {self.model} is LISTWISE")
            return dict(NO_NEGATIVES)
        if values.get("loss_type") == "CE":
            if key in self._given and not no_negatives(args):
                raise ConfigError(
                    f"{key}: found {self.external_config_dict[key]} ({sources[key]}), but loss_type is CE "
                    f"({sources['loss_type']}), which scores every item and samples none. Leave {key} out (or set it "
                    "to ~), or set loss_type to BPR."
                )
            return dict(NO_NEGATIVES)
        if args["logq"] and not of_candidates:
            raise refuse(
                f"{key}: logq",
                True,
                sources,
                f"False, because {self.model} does not score a target and its negatives together",
            )
        needs = (
            of_candidates
            or values["MODEL_INPUT_TYPE"] == InputType.PAIRWISE
            or registry.is_one_of(self.model_class, registry.TRAINED_ON_LABELS)  # which only sampled negatives bring
        )
        if no_negatives(args) and needs:
            usual = merge(self._default_layers())[0][key]
            accepted = f"a dict such as {{sample_num: 4}}, because {self.model} trains on negatives"
            raise refuse(key, values[key], sources, f"{accepted}; leave it out for the default, {usual}")
        return args


def _model_class(model: Any) -> type:
    found = model if isinstance(model, type) else registry.get_model(str(model))
    if getattr(found, "type", None) not in (ModelType.SEQUENTIAL, ModelType.GENERAL, ModelType.TRADITIONAL):
        raise ConfigError(
            f"model: found the class {found.__name__}; accepted: a subclass of SequentialRecommender or "
            "GeneralRecommender, or a name."
        )
    return found
