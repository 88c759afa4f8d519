"""Short forms for the tests of settings."""

from pathlib import Path
from typing import Any

import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.errors import ConfigError


def sasrec(*arguments: str, files: list[str] | None = None, **settings: Any) -> Config:
    return Config("SASRec", "ml-100k", files, settings, command_line=arguments)


def refused(message: str, *arguments: str, files: list[str] | None = None, **settings: Any) -> None:
    with pytest.raises(ConfigError, match=message):
        sasrec(*arguments, files=files, **settings)


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)
