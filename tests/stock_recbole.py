"""Stock RecBole beside ours, with what it needs to run on today's numpy and pandas."""

from typing import Any

from recbole.config import Config

from recbole_lsrec.config import Config as OurConfig
from recbole_lsrec.data.recbole_dataset import RecBoleDataset


class StockConfig(Config):
    """RecBole's settings without the command line of the test runner, and with numpy's old names as we restore them."""

    compatibility_settings = OurConfig.compatibility_settings

    def _load_cmd_line(self) -> dict[str, Any]:
        return {}


class StockDataset(RecBoleDataset):
    """RecBole's own loading, filters, histories and splits."""
