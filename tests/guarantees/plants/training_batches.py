"""Faults: pairs, positions, views."""

from tests.guarantees.plants.plant import Plant

MASKS = "tests/data/test_mask_loader.py"

PLANTS = [
    Plant(
        "pairs' negatives appear after training",
        "data/pair_loader.py",
        '"limit": self._after_training',
        '"limit": 1 << 60',
    ),
    Plant(
        "pairs' negatives may be the user's other training items",
        "data/pair_loader.py",
        '"exclude": ("positive", "user")',
        '"exclude": ("positive",)',
    ),
    Plant(
        "pairs are those of the whole log",
        "data/pairs.py",
        "rows = np.flatnonzero(log.training_events())",
        "rows = np.arange(len(log.user))",
    ),
    Plant(
        "every position of the log is a training target",
        "data/position_loader.py",
        "self._next = torch.from_numpy(np.where(targets, dataset.item, 0))",
        "self._next = torch.from_numpy(dataset.item.copy())",
    ),
    Plant(
        "positions are asked for what they hold",
        "data/position_loader.py",
        "asked.of(self._next)",
        "seen.of(self._next)",
    ),
    Plant(
        "BERT4Rec sees what pre-split files hold out",
        "data/mask_loader.py",
        "np.where(dataset.training_events(), dataset.item, 0)",
        "dataset.item.copy()",
        MASKS,
    ),
    Plant(
        "BERT4Rec masks the same events in every epoch",
        "data/mask_loader.py",
        'key_from(what, self.config["seed"], self.epoch)',
        'key_from(what, self.config["seed"])',
        MASKS,
    ),
    Plant(
        "a sequence that ends at a mask goes on",
        "data/mask_loader.py",
        " * ~(ends & (steps > chosen))",
        "",
        MASKS,
    ),
    Plant(
        "a sequence may have no mask",
        "data/mask_loader.py",
        "(steps == chosen) | ~ends & (draw < self._mask_ratio)",
        "(ends & (steps == chosen)) | ~ends & (draw < self._mask_ratio)",
        MASKS,
    ),
    Plant(
        "views hold events held out",
        "data/session_views.py",
        "& training[np.minimum(at, len(training) - 1)]",
        "",
    ),
    Plant(
        "views begin with the target itself",
        "data/session_views.py",
        "start = rows + 1",
        "start = rows",
    ),
    Plant(
        "the current session of a view holds the target",
        "data/session_views.py",
        "        end = self.history_end(rows)\n        n =",
        "        end = self.history_end(rows) + 1\n        n =",
    ),
    Plant(
        "the correction of sampling counts targets held out",
        "data/dataloader.py",
        "np.bincount(self.dataset.item[self.rows], minlength=self.dataset.item_num)",
        "np.bincount(self.dataset.item, minlength=self.dataset.item_num)",
        "tests/data/test_log_chance.py",
    ),
    Plant(
        "two processes train on the same part of a batch",
        "data/dataloader.py",
        "b[group.own_part(len(b))]",
        "b[: len(b[group.own_part(len(b))])]",
        "tests/training/test_shared_epoch.py",
    ),
    Plant(
        "a training that is shared reads validation",
        "data/dataloader.py",
        "        rows = self.rows\n        if self.shuffle:",
        "        rows = self.rows\n        if group.world() > 1:\n"
        "            rows = np.append(rows[1:], self.dataset.split.valid[:1])\n"
        "        if self.shuffle:",
        "tests/training/test_shared_epoch.py",
    ),
]
