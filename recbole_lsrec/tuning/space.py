"""The space of a search: which values each hyper-parameter may take, as a yaml file says.

learning_rate: {loguniform: [1.0e-4, 1.0e-2]}                   # between two numbers, in the logarithm
contrastive_weight: {uniform: [0, 0.5]}                         # between two numbers
n_layers: {int: [1, 3]}                                         # whole numbers, both ends included
head_hidden_sizes: {choice: [[100, 64], [64]]}                  # one of the values listed, of any type
hidden_dropout_prob, attn_dropout_prob: {choice: [0.1, 0.3]}    # one draw for several keys
"""

import json
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from recbole_lsrec.config.paths import properties_dir
from recbole_lsrec.config.strong import STRONG
from recbole_lsrec.config.values import plain_types, read_yaml
from recbole_lsrec.errors import ConfigError

KINDS = ("choice", "int", "loguniform", "uniform")
_FORMS = "{choice: [a, b, ...]}, {int: [1, 3]}, {uniform: [low, high]} or {loguniform: [low, high]}"


class Domain(NamedTuple):
    """The values of one or several keys: ``values`` lists them for ``choice``, else it is (low, high)."""

    keys: tuple[str, ...]
    kind: str
    values: tuple[Any, ...]

    @property
    def name(self) -> str:
        """The keys as the file has them."""
        return ", ".join(self.keys)

    def listed(self) -> list[Any]:
        """Every value, for a grid.

        Raises:
            ConfigError: there are infinitely many.
        """
        if self.kind == "choice":
            return list(self.values)
        if self.kind == "int":
            return list(range(self.values[0], self.values[1] + 1))
        raise ConfigError(
            f"space: {self.name}: found {{{self.kind}: {list(self.values)}}}, which a grid cannot list; give "
            "{choice: [...]}, or search with random or tpe."
        )


class Space(NamedTuple):
    """All domains, and where they were read."""

    domains: tuple[Domain, ...]
    source: str

    @property
    def keys(self) -> list[str]:
        """Every config key that is drawn."""
        return [key for domain in self.domains for key in domain.keys]

    def describe(self) -> dict[str, Any]:
        """The space as a file would hold it."""
        return {domain.name: {domain.kind: list(domain.values)} for domain in self.domains}

    def grid_size(self) -> int:
        """Number of points of the grid."""
        return prod(len(domain.listed()) for domain in self.domains)

    def for_tune(self, method: str) -> dict[str, Any]:
        """The space as Ray Tune takes it; what it draws is read back by :meth:`settings`."""
        from ray import tune

        def domain(asked: Domain) -> Any:
            if method == "grid":
                return tune.grid_search([json.dumps(value) for value in asked.listed()])
            if asked.kind == "choice":  # as text: searchers know numbers and text, not lists
                return tune.choice([json.dumps(value) for value in asked.values])
            low, high = asked.values
            return {
                "int": lambda: tune.randint(low, high + 1),
                "uniform": lambda: tune.uniform(low, high),
                "loguniform": lambda: tune.loguniform(low, high),
            }[asked.kind]()

        return {asked.name: domain(asked) for asked in self.domains}

    def settings(self, drawn: Mapping[str, Any]) -> dict[str, Any]:
        """The config keys and values of one draw."""
        values = {}
        for domain in self.domains:
            value = drawn[domain.name]
            value = json.loads(value) if isinstance(value, str) else plain_types(value)
            values.update(dict.fromkeys(domain.keys, value))
        return values

    def first(self) -> dict[str, Any]:
        """One point of the space, to check the settings with before anything runs."""
        return {key: domain.values[0] for domain in self.domains for key in domain.keys}


def read_space(given: str | Path | Mapping[str, Any] | None, model: str) -> Space:
    """Reads a space.

    Args:
        given: a yaml file, its content, None for ``properties/hyper/<model>.yaml``, or ``strong`` for the one of that name in
            its folder ``strong``.
        model: name of the model.

    Raises:
        ConfigError: no such file, or a domain that is none of the forms.
    """
    if isinstance(given, Mapping):
        content, source = dict(given), "space"
    else:
        folder = properties_dir() / "hyper" / (STRONG if given == STRONG else "")
        ships = given in (None, STRONG)
        path = folder / f"{model}.yaml" if ships else Path(str(given))
        if ships and not path.is_file():
            there = sorted(file.stem for file in folder.glob("*.yaml"))
            raise ConfigError(
                f"space: there is no {path.name} in properties/{folder.relative_to(properties_dir()).as_posix()} (there are: "
                f"{', '.join(there)}); give a file with --space, one 'key: {{choice: [...]}}' a line."
            )
        content, source = read_yaml(path), str(path)
    if not content:
        raise ConfigError(f"{source}: no hyper-parameter in it; accepted: one 'key: {_FORMS}' a line.")
    space = Space(tuple(_domain(name, form, source) for name, form in content.items()), source)
    twice = sorted({key for key in space.keys if space.keys.count(key) > 1})
    if twice:
        raise ConfigError(f"{source}: {', '.join(twice)} is there twice; give each key once.")
    return space


def _domain(name: str, form: Any, source: str) -> Domain:
    refused = ConfigError(f"{source}: {name}: found {form!r}; accepted: {_FORMS}.")
    if not isinstance(form, Mapping) or len(form) != 1:
        raise refused
    kind, values = next(iter(form.items()))
    if kind not in KINDS or not isinstance(values, list) or not values:
        raise refused
    if kind != "choice":
        number = int if kind == "int" else (int, float)
        if len(values) != 2 or not all(isinstance(v, number) and not isinstance(v, bool) for v in values):
            raise refused
        if not values[0] < values[1] or (kind == "loguniform" and values[0] <= 0):
            raise refused
        values = [float(value) for value in values] if kind != "int" else values  # what is drawn between them is no int
    return Domain(tuple(key.strip() for key in name.split(",")), kind, tuple(plain_types(values)))
