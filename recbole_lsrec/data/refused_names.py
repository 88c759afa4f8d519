"""Names that no token may have: the padding's, and a column's own header, which files put together hold once more."""

from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from recbole.utils import FeatureType

from recbole_lsrec.data.atomic import Types
from recbole_lsrec.data.token_ids import PADDING
from recbole_lsrec.errors import DataError
from recbole_lsrec.log_checks.text import numbered_lines


def refuse_names(path: Path, frame: pd.DataFrame, types: Types, encoding: str) -> None:
    """Refuses a table in which a token has such a name.

    Args:
        path: of the file, for the message.
        frame: as :func:`~recbole_lsrec.data.atomic.read_atomic` gives it.
        types: of its columns.
        encoding: of the file.

    Raises:
        DataError: names the line, the column and what to do.
    """
    for field, ftype in types.items():
        why = {PADDING: "the name of the padding; give it another name"}
        if ftype == FeatureType.TOKEN:
            why[f"{field}:{ftype.value}"] = "as the header does; remove the line"
            found = why.keys() & set(frame[field].cat.categories)
            rows = np.flatnonzero(frame[field].isin(found)) if found else np.zeros(0, dtype=np.int64)
        elif ftype == FeatureType.TOKEN_SEQ:
            rows = np.flatnonzero([PADDING in tokens for tokens in frame[field]])
        else:
            continue
        if len(rows):
            name = frame[field].iloc[rows[0]] if ftype == FeatureType.TOKEN else PADDING
            number, _ = next(islice(numbered_lines(path, encoding), int(rows[0]) + 1, None))
            raise DataError(f"{path}, line {number}: column {field!r} holds {name!r}, {why[name]}.")
