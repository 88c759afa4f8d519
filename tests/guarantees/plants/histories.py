"""Faults: histories and splits."""

from tests.guarantees.plants.plant import HERE, Plant

PLANTS = [
    Plant(
        "the target is in its own history",
        "data/dataset.py",
        "end = torch.as_tensor(self.history_end(rows), dtype=torch.int64)",
        "end = torch.as_tensor(self.history_end(rows), dtype=torch.int64) + 1",
    ),
    Plant(
        "a history forgets its last event",
        "data/window.py",
        "torch.where(inside, end[:, None] - length[:, None] + steps, 0)",
        "torch.where(inside, end[:, None] - length[:, None] + steps - (steps > 0).long(), 0)",
    ),
    Plant(
        "a history reaches into the user before",
        "data/window.py",
        "length = (end - first).clamp(max=width)",
        "length = end.clamp(max=width)",
    ),
    Plant(
        "a frozen history holds the boundary's second",
        "data/split/global_time.py",
        "weights=time < boundary",
        "weights=time <= boundary",
    ),
    Plant(
        "histories after a boundary run on",
        "data/dataset.py",
        "return rows if self.history_ends is None else self.history_ends[rows]",
        "return rows",
    ),
    Plant(
        "validation targets train",
        "data/split/splitting.py",
        "return Split(rows[~last & ~second], rows[second], rows[last])",
        "return Split(rows[~last], rows[second], rows[last])",
    ),
    Plant(
        "training holds the boundary's second",
        "data/split/global_time.py",
        "np.flatnonzero(trains & (time < valid_at))",
        "np.flatnonzero(trains & (time <= valid_at))",
    ),
    Plant(
        "users of validation train",
        "data/split/global_time.py",
        "held = np.isin(user, user[valid])",
        "held = np.zeros(len(user), dtype=bool)",
    ),
    Plant(
        "what follows a validation target trains",
        "data/split/global_time.py",
        "held = np.arange(len(user)) >= _per_user(user, valid)",
        "held = np.arange(len(user)) == _per_user(user, valid)",
    ),
    Plant(
        "held-out events count as training where their user trains later",
        "data/dataset.py",
        "trains &= self._origin == 0",
        "pass",
    ),
    Plant(
        "a view's table is the whole log",
        "data/dataset.py",
        "self._instances = self.windows(self.rows)",
        "self._instances = self._log",
    ),
    Plant(
        "models are built on the whole log",
        "trained_run.py",
        "config.model_class(config, data.train.dataset)",
        "config.model_class(config, data.dataset)",
    ),
    Plant(
        "users of validation and test count as trained on",
        "data/dataset.py",
        "seen[self.user[self.training_events()]] = True",
        "seen[self.user] = True",
    ),
    Plant(
        "a kept log does not ask which filters",
        "data/filtered.py",
        '"settings": {key: plain_types(self.config[key]) for key in READ_FOR_TABLES},',
        "",
        "tests/data/test_log_cache.py",
    ),
    Plant(
        "a kept log does not ask for the files' content",
        "data/filtered.py",
        '"files": {Path(file).name: sha256 for file, sha256 in files.items()},',
        '"files": sorted(Path(file).name for file in files),',
        "tests/data/test_log_cache.py",
    ),
    Plant(
        "events of one time change places",
        "data/sorting.py",
        "torch.sort(torch.from_numpy(key), stable=True).indices.numpy()",
        "len(key) - 1 - torch.sort(torch.from_numpy(key[::-1].copy()), stable=True).indices.numpy()",
    ),
    Plant(
        "a log given to a run may be of other settings",
        "run_data.py",
        "if differing:",
        "if False:",
        "tests/test_quick_start.py",
    ),
    Plant(
        "a history's further columns are those of the events after it",
        "data/dataset.py",
        'columns[getattr(self, f"{field}_list_field")] = partial(window.of, column)',
        "own = field in (self.iid_field, self.time_field)\n"
        "                after = window if own else window._replace(at=(window.at + 1).clamp(max=len(column) - 1))\n"
        '                columns[getattr(self, f"{field}_list_field")] = partial(after.of, column)',
        f"{HERE} tests/data/test_dataset.py",
    ),
]
