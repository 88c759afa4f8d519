"""Too few competitors: counted, refused where they are many, and no hit where there is none."""

import re

import numpy as np
import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.data.candidates.short import ShortLists, as_option, check_short_lists, say_short_lists
from recbole_lsrec.data.dataloader import EvalLoader
from recbole_lsrec.data.sampler import TimeThresholdSampler
from recbole_lsrec.errors import DataError
from recbole_lsrec.evaluation.evaluator import evaluate
from recbole_lsrec.protocol import Protocol
from recbole_lsrec.run_data import load_data

EVAL_ARGS = {
    "split": {"LS": "valid_and_test"},
    "group_by": "user",
    "mode": {"valid": ["pop5"], "test": ["pop5", "full"]},
    "fewer": 0.05,
    "exclude": ["positive"],
    "popularity": "train",
    "pool": "seen",
}
KEPT = np.array([5] * 18 + [3, 1])


def test_as_many_as_allowed_are_counted():
    found = check_short_lists("test", Protocol.parse("pop5"), KEPT, {**EVAL_ARGS, "fewer": 0.1})
    assert found == ("test", Protocol.parse("pop5"), 2, 20, 1)


def test_both_phases_are_told_of_in_one_line_for_each_protocol(caplog):
    pop5, uni9 = Protocol.parse("pop5"), Protocol.parse("uni9")
    found = [("valid", pop5, 1, 30, 4), ("test", uni9, 20, 20, 1), ("test", pop5, 2, 20, 1), ("valid", pop5, 1, 30, 4)]
    say_short_lists(ShortLists(*short) for short in found)
    rest = "ranked among what there is; n_candidates in the instance table says how many"
    assert caplog.messages == [
        f"pop5: 1 of 30 valid and 2 of 20 test targets have fewer than 5 possible negatives (the least 1): {rest}",
        f"uni9: 20 of 20 test targets have fewer than 9 possible negatives (the least 1): {rest}",
    ]


def test_loading_the_data_of_a_run_tells_of_them(load, caplog):
    rows = [(user, item, 10 * n + at) for at, user in enumerate("ab") for n, item in enumerate("xyzw")]
    config = load(rows, eval_args={"mode": ["uni4"], "fewer": "allow"}).config
    for phases, targets in (
        (("valid", "test"), "2 of 2 valid and 2 of 2 test targets"),
        (("valid",), "2 of 2 valid targets"),
    ):
        caplog.clear()
        load_data(config, phases=phases)
        (told,) = [text for text in caplog.messages if "possible negatives" in text]
        assert told.startswith(f"uni4: {targets} have fewer than 4 possible negatives (the least 2): ranked among")


def test_a_remedy_repeats_what_a_user_has_set_and_nothing_else():
    kept = "split: {LS: valid_and_test}, mode: {valid: [pop5], test: [pop5, full]}"
    assert as_option(EVAL_ARGS, fewer="allow") == f'--eval_args="{{{kept}, fewer: allow}}"'
    told = as_option({**EVAL_ARGS, "pool": "all", "popularity": "all"}, fewer="allow")
    assert told == f'--eval_args="{{{kept}, popularity: all, pool: all, fewer: allow}}"'
    in_time = {**EVAL_ARGS, "split": {"RS": [0.8, 0.1, 0.1]}, "group_by": "none", "fewer": 0.01}
    assert as_option(in_time, mode="uni5") == (
        '--eval_args="{split: {RS: [0.8, 0.1, 0.1]}, mode: uni5, group_by: none, fewer: 0.01}"'
    )


def test_one_short_list_is_counted_and_none_is_nothing():
    pop5, allow = Protocol.parse("pop5"), {**EVAL_ARGS, "fewer": "allow"}
    assert check_short_lists("test", pop5, np.array([5, 5, 4]), allow) == ("test", pop5, 1, 3, 4)
    assert check_short_lists("test", pop5, np.array([5, 5, 5]), allow) is None


@pytest.mark.parametrize("fewer", [0.05, "error"])
def test_more_are_an_error_with_three_ways_on_that_can_be_pasted(fewer):
    with pytest.raises(
        DataError, match=r"2 of 20 targets have fewer than 5 .* 10.0% where eval_args: fewer allows"
    ) as refused:
        check_short_lists("test", Protocol.parse("pop5"), KEPT, {**EVAL_ARGS, "fewer": fewer})
    lines = re.findall(r'(--eval_args)="(.*?)"', str(refused.value))
    ways = [Config("GRU4Rec", "ml-100k", command_line=[f"{key}={value}"])["eval_args"] for key, value in lines]
    n = {0.05: 3, "error": 1}[fewer]  # all but the allowed share have so many
    assert [way["mode"]["test"] for way in ways] == [[f"pop{n}", "full"], ["pop5", "full"], "full"]
    assert [way["fewer"] for way in ways] == [fewer, "allow", fewer]
    assert ways[0]["mode"]["valid"] == [f"pop{n}"]


def test_the_number_to_ask_for_suits_the_other_phase_too(load):
    """Validation targets follow three other items, the test target of a, who has no validation target, two."""
    rows = [("a", "x", 0), ("a", "y", 1), ("a", "z", 2)]
    rows += [(user, item, start + n) for user, start in (("b", 3), ("c", 7)) for n, item in enumerate("xywz")]
    log = load(rows, eval_args={"mode": {"valid": ["uni9"], "test": ["uni9"]}})
    _, valid, _ = log.build()
    sampler = TimeThresholdSampler(log.user, log.item, log.time, log.session, log.training_events(), log.item_num)
    with pytest.raises(DataError) as refused:
        EvalLoader(log.config, valid, "valid", sampler)
    asked = re.search(r"ask for (\d+): ", str(refused.value))
    assert (_possible(log, log.split.valid), _possible(log, log.split.test)) == (3, 2)
    assert int(asked[1]) == 2


def _possible(log, targets):
    """Fewest items, other than its own, that were seen before a target."""
    return min(len(set(log.item[log.time < log.time[row]]) - {log.item[row]}) for row in targets)


def test_an_instance_without_a_competitor_is_in_no_metric(load, caplog):
    """The test target of b, y at 1, follows x alone; a's follows three others."""
    rows = [("a", "x", 1), ("a", "y", 3), ("a", "z", 5), ("a", "w", 9), ("b", "x", 0), ("b", "x", 0), ("b", "x", 0)]
    log = load(rows, eval_args={"mode": ["uni2", "full"], "fewer": "allow"}, metrics=["NDCG"])
    _, _, test = log.build()
    assert len(test.rows) == 2
    sampler = TimeThresholdSampler(log.user, log.item, log.time, log.session, log.training_events(), log.item_num)
    loader = EvalLoader(log.config, test, "test", sampler)
    assert (loader.unrivalled, len(loader.dataset.rows), len(loader.candidates["uni2"])) == (1, 1, 1)
    assert "test: 1 of 2 instances have no competitor at all" in caplog.text
    model = log.config.model_class(log.config, log)
    found = evaluate(model, loader, log.config)
    assert found.instances["user_id"].tolist() == ["a", "a"]  # under both protocols
    assert found.instances["n_candidates"].min() > 1


def test_who_has_seen_all_other_items_has_no_competitor_where_these_are_left_out(load):
    """Of four items a and d have met the three others; b has met x and y, and z is left; c its target too, and w is left."""
    events = {"a": "xywwz", "b": "xxyyw", "c": "zxyz", "d": "xywz"}
    rows = [(user, item, at) for user, items in events.items() for at, item in enumerate(items)]
    log = load(rows, eval_args={"mode": ["full"]}, filter_seen=True, metrics=["NDCG"])
    _, _, test = log.build()
    loader = EvalLoader(log.config, test, "test", None)
    found = evaluate(log.config.model_class(log.config, log), loader, log.config).instances
    assert loader.unrivalled == 2
    assert found[["user_id", "n_candidates"]].values.tolist() == [["b", 2], ["c", 2]]


def test_no_instance_with_a_competitor_is_an_error(load):
    rows = [(user, item, 5) for user in "ab" for item in "xyz"]
    log = load(rows, eval_args={"mode": ["uni2"], "fewer": "allow"})
    _, _, test = log.build()
    sampler = TimeThresholdSampler(log.user, log.item, log.time, log.session, log.training_events(), log.item_num)
    with pytest.raises(
        DataError, match=r"test: 2 of 2 instances have no competitor at all .*, so there is nothing to rank"
    ):
        EvalLoader(log.config, test, "test", sampler)


@pytest.mark.parametrize(
    ("lists", "fewer", "message"),
    [
        (["", ""], 0.05, "2 of 2 instances have no competitor at all"),
        (
            ["y w", ""],
            0.05,
            r"line 3: 0 negatives, where others have 2 \(1 of 2 such lists\); give every line as many, all different and without "
            r"the target, or accept short lists with eval_args: \{fewer: allow\}\.$",
        ),
        (["y w", ""], "allow", None),
    ],
)
def test_given_lists_that_are_empty(load, tmp_path, lists, fewer, message):
    rows = [(user, item, time) for user in "ab" for time, item in enumerate("xywz")]
    path = tmp_path / "lists.tsv"
    path.write_text(
        "user_id\titem_id\tnegatives\n" + "".join(f"{u}\tz\t{n}\n" for u, n in zip("ab", lists, strict=True))
    )
    log = load(rows, candidates=str(path), eval_args={"mode": {"valid": "full", "test": ["file"]}, "fewer": fewer})
    _, _, test = log.build()
    if message is None:
        assert EvalLoader(log.config, test, "test", None).unrivalled == 1
        return
    with pytest.raises(DataError, match=message):
        EvalLoader(log.config, test, "test", None)
