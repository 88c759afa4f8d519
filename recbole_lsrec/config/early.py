"""A first look at what the user gave, in a moment: by the declarations alone, before torch and RecBole are imported."""

from collections.abc import Iterable, Mapping
from typing import Any

from recbole_lsrec import registry
from recbole_lsrec.config.known import check_not_replaced, general_settings
from recbole_lsrec.config.layers import Layer
from recbole_lsrec.config.setting import Setting, settings_of
from recbole_lsrec.config.strong import KEY, STRONG
from recbole_lsrec.own_models import is_reference


def declared_for(model: str) -> Mapping[str, Setting]:
    """The settings of a model that can be known without importing it; none for a class of the user's own."""
    if is_reference(model):
        return {}
    options = registry.declared_options(model)
    return {**general_settings(), **(settings_of(options) if options else {})}


def check_early(model: str, layers: Iterable[Layer]) -> None:
    """Refuses a value that its declaration rules out, and an option that was; other keys are left to ``Config``.

    Args:
        model: its name.
        layers: what the user gave; text is read as a literal.

    Raises:
        ConfigError: the first key or value that is not accepted.
    """
    declared = declared_for(model)
    complete = not is_reference(model) and registry.declared_options(model) is not None
    for layer in layers:
        for key, value in layer.values.items():
            if key == KEY and value == STRONG:
                continue  # of every model
            if key in declared:
                declared[key].check(declared[key].of_text(value), layer.source)
            elif complete:
                check_not_replaced(key, layer.source)


def check_drawn(model: str, source: str, values: Mapping[str, Iterable[Any]]) -> None:
    """The same for the values that a search may draw for each key."""
    for key, drawn in values.items():
        check_early(model, [Layer(source, {key: value}) for value in drawn])
