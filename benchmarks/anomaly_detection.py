"""Training as our trainer does it against training with the anomaly detection that RecBole leaves on.

    python benchmarks/anomaly_detection.py                    # cosmetics, one thread is best

``recbole/model/sequential_recommender/sine.py`` calls ``torch.autograd.set_detect_anomaly(True)`` when it is imported, which
importing any sequential model of RecBole does. Both sides train the same weights on the same batches in turn; the ratio is
that of the medians.
"""

import argparse
from itertools import islice

import torch
from stock_recbole import CLOCKS, describe_machine, seconds

from recbole_lsrec.config import Config
from recbole_lsrec.quick_start import build_model
from recbole_lsrec.run_data import load_data


def compare(name: str, dataset: str, batches: int, repeats: int, clock: str) -> None:
    config = Config(name, dataset, config_dict={"show_progress": False})
    data = load_data(config)
    model = build_model(config, data).train()
    optimiser = torch.optim.Adam(model.parameters(), lr=config["learning_rate"])
    data.train.set_epoch(0)
    taken = list(islice(iter(data.train), batches))

    def train(anomaly: bool) -> None:
        with torch.autograd.set_detect_anomaly(anomaly):
            for batch in taken:
                optimiser.zero_grad()
                model.calculate_loss(batch).backward()
                optimiser.step()

    train(False)
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(repeats):
        for anomaly, spent in times.items():
            spent.append(seconds(lambda anomaly=anomaly: train(anomaly), clock, 1, warm=False))
    on, off = (sorted(times[anomaly])[repeats // 2] / batches for anomaly in (True, False))
    print(
        f"{name:8s}: {off * 1e3:7.1f} ms a step, {on * 1e3:7.1f} ms with anomaly detection: {on / off:.2f}x", flush=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="cosmetics")
    parser.add_argument("--models", nargs="*", default=["SLSRec", "CLSR", "GRU4Rec", "SASRec"])
    parser.add_argument("--batches", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--clock", default="wall", choices=list(CLOCKS))
    arguments = parser.parse_args()
    print(f"{arguments.dataset}; {arguments.clock} time, {describe_machine()}")
    for name in arguments.models:
        compare(name, arguments.dataset, arguments.batches, arguments.repeats, arguments.clock)


if __name__ == "__main__":
    main()
