"""Faults: candidates and negatives."""

from tests.guarantees.plants.plant import Plant

PLANTS = [
    Plant(
        "a popularity protocol draws uniformly",
        "protocol.py",
        '1.0 if match[1] == "pop" else None',
        "None",
    ),
    Plant(
        "training negatives know no time",
        "data/dataloader.py",
        "return self.sampler.draw(rows, self.n_negatives, key, alpha=self.alpha, exclude=self.exclude, widen=True)",
        "return self.sampler.draw(rows, self.n_negatives, key, alpha=self.alpha, exclude=self.exclude, widen=True,"
        " limit=np.full(len(rows), 1 << 60))",
    ),
    Plant(
        "items first seen in the target's own second are drawn",
        "data/sampler.py",
        'pool = np.searchsorted(self.appeared, limit, side="left")',
        'pool = np.searchsorted(self.appeared, limit, side="right")',
    ),
    Plant(
        "popularity of candidates always counts all events",
        "data/candidates/freeze.py",
        "popularity=popularity,\n                limit",
        'popularity="all",\n                limit',
    ),
    Plant(
        "popularity of candidates always counts training events",
        "data/candidates/freeze.py",
        "popularity=popularity,\n                limit",
        'popularity="train",\n                limit',
    ),
    Plant(
        "the sampler counts every event as training",
        "run_data.py",
        "log.training_events(),\n        log.item_num,",
        "np.ones(len(log.user), dtype=bool),\n        log.item_num,",
    ),
    Plant(
        "short lists are counted only if all are short",
        "data/sampler.py",
        "if missing.any() and not fewer:",
        "if missing.all() and not fewer:",
    ),
    Plant(
        "the widened pool forgets what the history excludes",
        "data/sampler.py",
        'taken += self._end_of_history(rows) - np.searchsorted(self.user, self.user[rows], side="left")',
        "pass",
    ),
    Plant(
        "the widened pool forgets what the target's session excludes",
        "data/sampler.py",
        'taken += np.searchsorted(self.session, session, side="right") - np.searchsorted(self.session, session)',
        "pass",
    ),
    Plant(
        "the widened pool forgets what the user's events exclude",
        "data/sampler.py",
        "taken += np.bincount(self.user[self.counted], minlength=self.user[-1] + 1)[self.user[rows]]",
        "pass",
    ),
    Plant(
        "the widened pool is one item short",
        "data/sampler.py",
        "np.minimum(n + 1 + self._at_most_banned(rows, exclude)",
        "np.minimum(n + self._at_most_banned(rows, exclude)",
    ),
    Plant("widened rows are not counted", "data/sampler.py", "int((pool < least).sum())", "0"),
    Plant(
        "evaluation may widen its pool",
        "data/candidates/freeze.py",
        "fewer=True,",
        "fewer=True,\n                widen=True,",
    ),
    Plant("the positive is drawn", "data/sampler.py", "found = item == self.item[row]\n", "found = item < 0\n"),
    Plant(
        "a negative is drawn twice",
        "data/sampler.py",
        "            _drop_repeats(chosen, np.unique(open_row))\n",
        "",
    ),
    Plant(
        "exclusions of evaluation are not passed on",
        "data/dataloader.py",
        'exclude=arguments["exclude"],',
        "",
    ),
    Plant(
        "exclusions of training are not passed on",
        "data/dataloader.py",
        'self.exclude = arguments.get("exclude", ["positive"])',
        'self.exclude = ["positive"]',
    ),
    Plant(
        "the excluded history runs on after a boundary",
        "run_data.py",
        "history_end=log.history_ends,",
        "history_end=None,",
    ),
    Plant(
        "the excluded history holds the target's later events",
        "data/sampler.py",
        "item) < self._end_of_history(row)",
        "item) < len(self.item)",
    ),
    Plant(
        "items of others' held-out events are excluded, not the user's own",
        "data/sampler.py",
        'self._first_row("user", self._counted_user, self.user[row], item)',
        'self._first_row("user", self._counted_user, self._counted_user[row], item)',
    ),
    Plant(
        "candidates of a period may first be seen in it",
        "data/dataset.py",
        "return self._limits.get(phase)",
        "return None",
    ),
    Plant(
        "validation's candidates are limited by the boundary of the test",
        "data/dataset.py",
        "return self._limits.get(phase)",
        'return self._limits.get("test")',
    ),
    Plant(
        "candidates depend on the seed of the run",
        "data/dataloader.py",
        'config["candidate_seed"]]',
        'config["candidate_seed"], config["seed"]]',
    ),
    Plant(
        "all protocols share their draws",
        "data/candidates/freeze.py",
        'key_from("candidates", protocol.name, *identity)',
        'key_from("candidates", *identity)',
    ),
    Plant(
        "negatives are those of the first epoch for ever",
        "data/dataloader.py",
        'key = key_from("train", self.config["seed"], self.epoch)\n        if self.distribution == "in_batch":',
        'key = key_from("train", self.config["seed"])\n        if self.distribution == "in_batch":',
    ),
    Plant(
        "stock pairs give a row another row's negatives",
        "data/dataloader.py",
        "torch.from_numpy(negatives.T.reshape(-1))",
        "torch.from_numpy(negatives.reshape(-1))",
    ),
    Plant(
        "the cache of candidates does not ask which rows",
        "data/candidates/freeze.py",
        "for array in (rows, sampler.counted)]",
        "for array in (sampler.counted,)]",
        "tests/data/candidates",
    ),
    Plant(
        "the cache of candidates does not ask what training is",
        "data/candidates/freeze.py",
        "for array in (rows, sampler.counted)]",
        "for array in (rows,)]",
        "tests/data/candidates",
    ),
    Plant(
        "the cache of candidates does not ask for the limit in time",
        "data/candidates/freeze.py",
        "sorted(exclude), popularity, limit)",
        "sorted(exclude), popularity)",
        "tests/data/candidates",
    ),
]
