"""``preset: strong``: the settings that our own search found for a model, on validation data alone (docs/tuning.md)."""

from recbole_lsrec.config.known import settings_for
from recbole_lsrec.config.layers import Layer, yaml_layers
from recbole_lsrec.config.paths import properties_dir
from recbole_lsrec.config.values import parse_text
from recbole_lsrec.errors import ConfigError

KEY, STRONG = "preset", "strong"


def with_strong(given: list[Layer], model: type) -> list[Layer]:
    """Puts the strong settings below what the user gave, where the highest layer that names a preset asks for them.

    Args:
        given: what the user gave, lowest first.
        model: its class.

    Raises:
        ConfigError: no strong settings of this model are known, or another preset of a model that has no others.
    """
    naming = [layer for layer in given if KEY in layer.values]
    if not naming:
        return given
    without = [
        Layer(layer.source, {key: value for key, value in layer.values.items() if key != KEY}) for layer in given
    ]
    chosen, source = naming[-1].values[KEY], naming[-1].source
    if chosen != STRONG and KEY in settings_for(model):  # presets of its own
        return given
    if chosen is None or parse_text(str(chosen)) is None:  # text where the model has no such key
        return without
    if chosen != STRONG:
        raise ConfigError(
            f"{KEY}: found {chosen!r} ({source}); accepted with {model.__name__}: {STRONG}, or ~ for none."
        )
    folder = properties_dir() / "leaderboard" / "presets"
    path = folder / f"{model.__name__}-{STRONG}.yaml"
    if not path.is_file():
        known = sorted(file.stem.removesuffix(f"-{STRONG}") for file in folder.glob(f"*-{STRONG}.yaml"))
        raise ConfigError(
            f"{KEY}: found {STRONG!r} ({source}); strong settings are known of {', '.join(known) or 'no model yet'}. "
            f"`recbole-lsrec tune --model {model.__name__} --space strong` looks for them on your log."
        )
    return [*yaml_layers([path]), *without]
