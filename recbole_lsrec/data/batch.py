"""RecBole's batch with columns that are made when they are first read: no field is gathered that a model has no use for."""

from collections import UserDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from recbole.data.interaction import Interaction
from torch import Tensor

Column = Tensor | Callable[[], Tensor]


class _Columns(UserDict[str, Any]):
    """Name to tensor, of which some are still functions."""

    def __getitem__(self, name: str) -> Tensor:
        column = self.data[name]
        if not isinstance(column, Tensor):
            column = self.data[name] = column()
        return column

    def __getstate__(self) -> dict[str, Any]:
        """A copy, or what another process gets, has them all."""
        return {"data": dict(self.items())}


class Batch(Interaction):
    """RecBole's ``Interaction``, made column by column on demand.

    What is done to the whole batch (moving it to a device, choosing rows, repeating them) is done to a column when that
    is read. A column is made once, and making it depends on nothing that changes: who reads what changes no number.

    Args:
        columns: name to tensor, or to a function that makes it.
        length: number of rows.
    """

    def __init__(self, columns: Mapping[str, Column], length: int) -> None:
        super().__init__({})
        self.interaction, self.length = _Columns(columns), length

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, str):
            return self.interaction[index]
        if not isinstance(index, slice):
            index = torch.as_tensor(index)
        chosen = torch.arange(self.length, device=getattr(index, "device", None))[index]
        return self._each(lambda column: column[index], len(chosen))

    def to(self, device: torch.device | str, selected_field: Any = None) -> Interaction:
        """RecBole's; columns go to a GPU from pinned memory, so that the host need not wait for them."""
        if selected_field is not None:
            return super().to(device, selected_field)
        if torch.device(device).type != "cuda":
            return self._each(lambda column: column.to(device), self.length)
        return self._each(lambda column: _pinned(column).to(device, non_blocking=True), self.length)

    def cpu(self) -> "Batch":
        """RecBole's."""
        return self._each(Tensor.cpu, self.length)

    def repeat(self, sizes: int) -> "Batch":
        """RecBole's: the rows ``sizes`` times over."""
        return self._each(lambda column: column.repeat(sizes, *[1] * (column.dim() - 1)), self.length * sizes)

    def update(self, new_inter: Interaction) -> None:
        """RecBole's; what is not yet made of the other stays so."""
        columns = new_inter.interaction
        self.interaction.data.update(columns.data if isinstance(columns, _Columns) else columns)

    def look_up(self, table: Interaction, rows: Tensor) -> None:
        """Adds the columns of a table at its ``rows``, one for each row of the batch."""
        columns = table.interaction.items()
        self.update(Batch({name: partial(column.index_select, 0, rows) for name, column in columns}, self.length))

    def add_prefix(self, prefix: str) -> None:
        """RecBole's."""
        self.interaction = _Columns({prefix + name: column for name, column in self.interaction.data.items()})

    def _each(self, change: Callable[[Tensor], Tensor], length: int) -> "Batch":
        source = self.interaction
        return Batch({name: partial(lambda name: change(source[name]), name) for name in source}, length)


def _pinned(column: Tensor) -> Tensor:
    return column.pin_memory() if column.device.type == "cpu" else column
