"""Faults: recommending."""

from tests.guarantees.plants.plant import HERE, Plant

PLANTS = [
    Plant(
        "events after the moment asked about are read",
        "recommend/moments.py",
        "        late = ~(last <= asked)\n",
        "        late = asked < 0\n",
        "tests/recommend",
    ),
    Plant(
        "one is asked at the last event whatever `now` says",
        "recommend/asked_histories.py",
        "time: np.concatenate([known[TIME].to_numpy(), asked.moment[rows]]),",
        "time: np.concatenate([known[TIME].to_numpy(), known.groupby(NUMBER)[TIME].max().loc[rows].to_numpy()]),",
        "tests/recommend",
    ),
    Plant(
        "histories keep events of types that training never saw",
        "recommend/run_filters.py",
        'config["keep_events"] is not None and EVENT_TYPE in kept',
        'config["keep_events"] is not None and EVENT_TYPE not in kept',
        "tests/recommend/test_run_filters.py",
    ),
    Plant(
        "popularity for unknown histories counts held-out events",
        "item_catalogue.py",
        "torch.from_numpy(dataset.training_counts())",
        "torch.from_numpy(np.bincount(dataset.item, minlength=dataset.item_num))",
        HERE,
    ),
]
