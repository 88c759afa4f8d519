"""Which settings a model may have stumbled over, where it does not say."""

from collections.abc import Iterator
from contextlib import contextmanager

from recbole_lsrec.config.config import Config
from recbole_lsrec.config.effects import may_differ, settings_that_change
from recbole_lsrec.config.known import settings_for
from recbole_lsrec.config.setting import Effect
from recbole_lsrec.errors import ConfigError, ModelError


@contextmanager
def suspects_named(config: Config) -> Iterator[None]:
    """Adds to the error of a model that stumbles in the block what of its settings is not the default.

    Raises:
        ConfigError: it stumbled.
    """
    try:
        yield
    except ModelError as error:
        changed = {key: value for key, value in config.differing().items() if key not in {"eval_args", *may_differ()}}
        of_model = settings_that_change(changed, Effect.TRAINING | Effect.FEATURES, settings_for(config.model_class))
        found = ", ".join(f"{key}: {value!r}" for key, value in of_model.items())
        raise ConfigError(f"{error} Not the defaults are: {found or 'none'}.") from error
