"""Faults that must not go unnoticed: each is a text of the package replaced by another, and where the tests are that notice."""

from typing import NamedTuple

HERE = "tests/guarantees"


class Plant(NamedTuple):
    """One fault.

    Attributes:
        what: in words.
        file: of the package.
        old: text that is in the file once.
        new: what stands there instead.
        tests: what is run, of which one must fail.
    """

    what: str
    file: str
    old: str
    new: str
    tests: str = HERE


PLANTS = [
    # --- candidates and negatives
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
    # --- pairs, positions, views
    Plant(
        "pairs' negatives appear after training",
        "data/pair_loader.py",
        "limit = np.full(len(rows), self._after_training)",
        "limit = np.full(len(rows), 1 << 60)",
    ),
    Plant(
        "pairs' negatives may be the user's other training items",
        "data/pair_loader.py",
        'others = ("positive", "user")',
        'others = ("positive",)',
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
        "self._next[torch.where(inside, at + 1, 0)]",
        "self._next[torch.where(inside, at, 0)]",
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
        "start = np.where(end > rows + 1, rows + 1, end)",
        "start = np.where(end > rows, rows, end)",
    ),
    Plant(
        "the current session of a view holds the target",
        "data/session_views.py",
        "        end = self.history_end(rows)\n        n =",
        "        end = self.history_end(rows) + 1\n        n =",
    ),
    # --- histories and splits
    Plant(
        "the target is in its own history",
        "data/dataset.py",
        "end = torch.as_tensor(self.history_end(rows), dtype=torch.int64)",
        "end = torch.as_tensor(self.history_end(rows), dtype=torch.int64) + 1",
    ),
    Plant(
        "a history forgets its last event",
        "data/dataset.py",
        "at = torch.where(inside, end[:, None] - length[:, None] + steps, 0)",
        "at = torch.where(inside, end[:, None] - length[:, None] + steps - (steps > 0), 0)",
    ),
    Plant(
        "a history reaches into the user before",
        "data/dataset.py",
        "length = (end - first).clamp(max=self.max_item_list_len)",
        "length = end.clamp(max=self.max_item_list_len)",
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
        "return rows if self._history_end is None else self._history_end[rows]",
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
        "trains[self.split.valid] = trains[self.split.test] = False",
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
    # --- evaluation
    Plant(
        "the user's later items do not compete",
        "evaluation/evaluator.py",
        "first, end = dataset.start[dataset.user[rows]], dataset.history_end(rows)\n    length",
        "first, end = dataset.start[dataset.user[rows]], dataset.start[dataset.user[rows] + 1]\n    length",
    ),
    Plant(
        "seen items compete although they are to be filtered",
        "evaluation/evaluator.py",
        'seen = _seen(dataset, rows, device) if config["filter_seen"] else None',
        "seen = None",
    ),
    Plant(
        "the target is hidden as a seen item",
        "evaluation/evaluator.py",
        "    seen[torch.arange(len(rows)), torch.from_numpy(dataset.item[rows])] = False\n",
        "",
    ),
    Plant(
        "every batch ranks among the first batch's candidates",
        "evaluation/evaluator.py",
        "torch.from_numpy(chosen[part]).to(device)",
        "torch.from_numpy(chosen[: len(rows)]).to(device)",
    ),
    Plant(
        "one protocol ranks among another's candidates",
        "evaluation/evaluator.py",
        "rivals = batch.candidates[:, 1:].split([chosen.shape[1] for chosen in lists.values()], dim=1)",
        "rivals = batch.candidates[:, 1:].flip(1).split([chosen.shape[1] for chosen in lists.values()], dim=1)",
    ),
    Plant(
        "a gap in a list competes",
        "evaluation/evaluator.py",
        "scores.masked_fill(chosen == 0, nan)",
        "scores",
        "tests/evaluation",
    ),
    Plant(
        "padding competes",
        "evaluation/outcome.py",
        "        scores = scores[:, 1:]\n        n_negatives = torch.full_like(target, scores.shape[1] - 1)\n",
        "        scores, seen = scores, seen\n        n_negatives = torch.full_like(target, scores.shape[1] - 2)\n",
    ),
    Plant(
        "ties are always for the target",
        "evaluation/evaluator.py",
        "collector.outcome(ties)",
        'collector.outcome("optimistic")',
    ),
    Plant(
        "ties are those of the sampled scores plus the target",
        "evaluation/outcome.py",
        "(scores == positive).sum(dim=1) - 1)",
        "(scores == positive).sum(dim=1))",
    ),
    Plant(
        "popularity of lists counts all events",
        "evaluation/evaluator.py",
        "popularity = np.bincount(dataset.item[dataset.training_events()], minlength=dataset.item_num)",
        "popularity = np.bincount(dataset.item, minlength=dataset.item_num)",
    ),
    Plant(
        "thirds of popularity count all events",
        "evaluation/instances.py",
        "counts = np.bincount(dataset.item[dataset.training_events()], minlength=dataset.item_num)[1:]",
        "counts = np.bincount(dataset.item, minlength=dataset.item_num)[1:]",
    ),
    Plant(
        "an item met later counts as met before",
        "evaluation/instances.py",
        "& (first[at] < end)",
        "",
    ),
    # --- the run
    Plant(
        "the test runs on the last weights",
        "quick_start.py",
        "trainer.evaluate(loader, load_best_model=saved,",
        "trainer.evaluate(loader, load_best_model=False,",
        f"{HERE} tests/test_quick_start.py",
    ),
    Plant(
        "training stops early by the test",
        "quick_start.py",
        "trainer.fit(data.train, data.valid,",
        "trainer.fit(data.train, data.test,",
        f"{HERE} tests/test_quick_start.py",
    ),
    Plant(
        "the best weights are those that went on training",
        "trainer.py",
        "self._best = checkpoint.weights(self.model, copy=True)",
        "self._best = checkpoint.weights(self.model)",
        HERE,
    ),
    Plant(
        "a resumed run draws from the start again",
        "trainer.py",
        "checkpoint.set_rng_state(self._rng, self.device)",
        "pass",
        "tests/test_resume.py",
    ),
    Plant(
        "a checkpoint of another split is taken up",
        "checkpoint.py",
        "        if was != now:\n",
        "        if False:\n",
        "tests/test_resume.py tests/test_checkpoint.py",
    ),
    Plant(
        "a checkpoint may run code",
        "checkpoint.py",
        "weights_only=True)\n",
        "weights_only=False)\n",
        "tests/test_checkpoint.py",
    ),
    Plant(
        "a search reads the test set",
        "tuning/trial.py",
        'logs, ("valid",), tell)',
        'logs, ("valid", "test"), tell)',
        "tests/tuning",
    ),
    # --- recommending
    Plant(
        "events after the moment asked about are read",
        "recommend/recommender.py",
        "late = np.flatnonzero(~(last <= asked))",
        "late = np.flatnonzero(asked < 0)",
        "tests/recommend",
    ),
    Plant(
        "one is asked at the last event whatever `now` says",
        "recommend/recommender.py",
        "time: np.concatenate([known[TIME].to_numpy(), asked[rows]]),",
        "time: np.concatenate([known[TIME].to_numpy(), known.groupby(_NUMBER)[TIME].max().loc[rows].to_numpy()]),",
        "tests/recommend",
    ),
    Plant(
        "popularity for unknown histories counts held-out events",
        "item_catalogue.py",
        "dataset.item[dataset.training_events()]",
        "dataset.item",
        HERE,
    ),
]
