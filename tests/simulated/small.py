"""Where the bundled log is, and the parameters of a small one."""

from pathlib import Path

import pandas as pd

from recbole_lsrec.simulated.generate import Parameters

BUNDLED = Path(__file__).parents[2] / "atomic_data" / "cosmetics"
SMALL = Parameters(users=30, items=60, interactions=900, categories=7, seed=3)


def read(folder: Path, name: str) -> pd.DataFrame:
    """The events of a log."""
    log = pd.read_csv(folder / f"{name}.inter", sep="\t")
    return log.rename(columns=lambda column: column.split(":")[0])
