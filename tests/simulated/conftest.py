"""The bundled log, its planted truth, and a copy simulated anew."""

from pathlib import Path

import pandas as pd
import pytest

from recbole_lsrec.simulated.generate import ensure_cosmetics
from tests.simulated.small import BUNDLED, read


@pytest.fixture(scope="package")
def cosmetics() -> pd.DataFrame:
    ensure_cosmetics(BUNDLED)
    return read(BUNDLED, "cosmetics")


@pytest.fixture(scope="package")
def planted() -> pd.DataFrame:
    ensure_cosmetics(BUNDLED)
    return pd.read_parquet(BUNDLED / "cosmetics.planted.parquet")


@pytest.fixture(scope="package")
def again(tmp_path_factory) -> Path:
    """The bundled log, simulated once more (about 3 s)."""
    folder = tmp_path_factory.mktemp("cosmetics")
    ensure_cosmetics(folder)
    return folder
