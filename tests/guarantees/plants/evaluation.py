"""Faults: evaluation."""

from tests.guarantees.plants.plant import Plant

PLANTS = [
    Plant(
        "the user's later items do not compete",
        "evaluation/evaluator.py",
        "first, end = dataset.start[dataset.user[rows]], dataset.history_end(rows)\n    length",
        "first, end = dataset.start[dataset.user[rows]], dataset.start[dataset.user[rows] + 1]\n    length",
    ),
    Plant(
        "seen items compete although they are to be filtered",
        "evaluation/evaluator.py",
        'seen = seen_items(dataset, rows, device) if config["filter_seen"] else None',
        "seen = None",
    ),
    Plant(
        "the target is hidden as a seen item",
        "evaluation/evaluator.py",
        "seen.scatter_(1, target[:, None], False)",
        "pass",
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
        "list_metrics(config, outcome.lists, dataset.training_counts())",
        "list_metrics(config, outcome.lists, np.bincount(dataset.item, minlength=dataset.item_num))",
    ),
    Plant(
        "thirds of popularity count all events",
        "evaluation/instances.py",
        "dataset.session, dataset.training_counts()",
        "dataset.session, np.bincount(dataset.item, minlength=dataset.item_num)",
    ),
    Plant(
        "an item met later counts as met before",
        "evaluation/instances.py",
        "& (first[at] < end)",
        "",
    ),
    Plant(
        "a lambda of popularity is fitted on the test",
        "final_evaluation.py",
        "fitting = found(data.fitting, correction) if data.fitting else None",
        "fitting = found(data.test, correction) if data.fitting else None",
        "tests/test_final_evaluation.py",
    ),
    Plant(
        "popularity is corrected by events held out",
        "evaluation/evaluator.py",
        "Corrector(correction, dataset.training_counts(), device)",
        "Corrector(correction, np.bincount(dataset.item, minlength=dataset.item_num), device)",
        "tests/test_final_evaluation.py",
    ),
    Plant(
        "in two stages the target alone is always scored exactly",
        "evaluation/evaluator.py",
        "own, scores = batch.full.gather(1, target[:, None]), batch.full",
        "own, scores = batch.candidates[:, :1], batch.full",
        "tests/evaluation/test_two_stage.py tests/evaluation/test_evaluator.py",
    ),
    Plant(
        "what two stages miss is measured on histories that they are made of",
        "evaluation/retriever.py",
        "TwoStage(exact[~checked]), exact[checked]",
        "TwoStage(exact), exact[checked]",
        "tests/evaluation/test_two_stage.py",
    ),
    Plant(
        "in two stages what was scored exactly is estimated too",
        "evaluation/two_stage.py",
        "return estimate.scatter_(1, places, known)",
        "return estimate",
        "tests/evaluation/test_two_stage.py",
    ),
    Plant(
        "two processes evaluate the same instances",
        "data/dataloader.py",
        "own = ends[group.own_part(len(ends))]",
        "own = ends",
        "tests/training/test_shared_epoch.py",
    ),
]
