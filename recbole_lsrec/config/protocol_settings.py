"""What is evaluated and how: split, candidates, metrics."""

from typing import Annotated, Any, Literal

from pydantic import Field

from recbole_lsrec.config.setting import A_FOLDER, RECBOLES, Effect, Options, Place, setting
from recbole_lsrec.protocol import Exclusion, GaucBy, Pool, Popularity, Ties

# Early stopping reads the validation scores: what changes them may keep another epoch.
_SCORES = Effect.EVALUATION | Effect.TRAINING
_COMPETITORS = Effect.CANDIDATES | Effect.TRAINING


FewerShare = Annotated[float, Field(ge=0, lt=1)]


class Mode(Options):
    """The protocols of each phase."""

    valid: Any = setting(["pop99"], "Protocols of validation; the first one stops early.", effect=_COMPETITORS)
    test: Any = setting(["pop99", "full"], "Protocols of the test.", effect=Effect.EVALUATION)


class EvalArgs(Options):
    """Split, order, grouping and protocols, as in RecBole."""

    split: Any = setting({"LS": "valid_and_test"}, "LS, RS, TS or GTS.", effect=Effect.SPLIT)
    order: Literal["TO"] = setting(
        "TO",
        "Events in the order of time.",
        effect=Effect.SPLIT,
        accepted="TO, because sequences are in the order of time",
    )
    group_by: Literal["user", "none"] | None = setting(
        "user", "Whether each user's events are split, or all together.", effect=Effect.SPLIT, accepted="user or none"
    )
    mode: Any = setting({}, "Protocols.", effect=_COMPETITORS, parts=Mode)
    fewer: Literal["error", "allow"] | FewerShare = setting(
        0.05,
        "Share of instances that may have fewer possible negatives than asked for; 'error' is none, 'allow' all.",
        effect=_COMPETITORS,
        accepted="error, allow, or the share of instances that may, such as 0.05",
    )
    exclude: list[Exclusion] = setting(["positive"], "What evaluation negatives must not be.", effect=_COMPETITORS)
    popularity: Popularity = setting("train", "Which events popN counts.", effect=_COMPETITORS, accepted="train or all")
    pool: Pool = setting(
        "seen",
        "Which items may be drawn: those first seen before the time that the instance may know of, or all.",
        effect=_COMPETITORS,
        accepted="seen or all",
    )


class ProtocolSettings(Options):
    """Settings of the evaluation."""

    eval_args: dict = setting(  # type: ignore[type-arg]
        {},
        "Split, order, grouping and protocols, as in RecBole; a phase may have several protocols.",
        effect=Effect.SPLIT | _COMPETITORS | _SCORES,
        parts=EvalArgs,
    )
    candidate_seed: int = setting(
        2020,
        "Seed of the evaluation negatives; separate from seed, so that seeds are compared on equal candidates.",
        effect=_COMPETITORS | Effect.SPLIT,  # GTS with targets: random draws the targets by it
        least=0,
    )
    candidate_cache: Place | None = setting(
        None,
        "Folder that caches drawn evaluation negatives; ~ is <run_dir>/.candidates.",
        effect=Effect.NOTHING,
        accepted=f"{A_FOLDER}, or ~ for <run_dir>/.candidates",
    )
    candidates: Place | None = setting(
        None,
        "File of given candidate lists (user_id, item_id, negatives), for mode 'file'; see docs/evaluation.md.",
        effect=_COMPETITORS,
        accepted="the path of a file, or ~ for none",
    )
    filter_seen: bool = setting(
        False,
        "Whether full ranking leaves out the items of the user's history, except the target.",
        effect=_COMPETITORS,
    )
    full_stage: Literal["exact", "two_stage"] = setting(
        "exact",
        "How full ranks with models that score each pair: exact, every item; two_stage, only the likely ones exactly.",
        effect=_SCORES,
    )
    repeatable: Literal[True] = setting(
        True,
        "Whether items of the history may be recommended again; sequential models need True.",
        effect=Effect.EVALUATION,
        accepted="True; filter_seen: True leaves out the items of the history",
    )
    metrics: list[Any] | str = setting(
        ["Hit", "NDCG", "MRR", "Precision", "Recall", "AUC", "GAUC"],
        "Metrics of every protocol.",
        effect=Effect.EVALUATION,
    )
    topk: list[Any] | int = setting(
        [2, 5, 10],
        "Cut-offs of the metrics that have one.",
        effect=Effect.EVALUATION,
        accepted="a whole number greater than 0, or a list of them",
    )
    valid_metric: str = setting(
        "NDCG@10",
        "Metric of early stopping, under the first validation protocol unless it names another.",
        effect=_SCORES,
    )
    gauc_by: GaucBy = setting(
        "instance",
        "Mean of the AUC of each 'instance'; of each 'user', events pooled; or of each user, weighted by 'rows' "
        "(CLSR, SLSRec).",
        effect=_SCORES,
    )
    ties: Ties = setting(
        "average",
        "Rank of a positive among equal scores: 'average', 'optimistic' or 'pessimistic'.",
        effect=_SCORES,
    )
    popularity_correction: float | Literal["valid"] | None = setting(
        None,
        "Lambda of score + lambda * log(training events of the item), reported beside the plain results; valid: the best "
        "on validation, for each protocol.",
        effect=_SCORES,
        accepted="a number, valid, or ~ for none",
    )
    corrected_results: bool = setting(
        False,
        "Whether the run's metrics, ranks and saved scores have popularity_correction applied; early stopping never has.",
        effect=_SCORES,
    )
    eval_memory_mb: int = setting(
        1024, "Memory in MiB that scoring all items may use at a time.", effect=Effect.NOTHING, least=1
    )
    eval_batch_size: int = setting(4096, "Instances scored at a time.", RECBOLES, effect=Effect.NOTHING, least=1)
    metric_decimal_place: int = setting(4, "Decimal places of metrics.", RECBOLES, effect=_SCORES, least=0)
    tail_ratio: Annotated[float, Field(gt=0)] | None = setting(
        None, "Share of items that TailPercentage counts as tail.", RECBOLES, effect=Effect.EVALUATION
    )


class Negatives(Options):
    """Parts of ``train_neg_sample_args``."""

    distribution: Literal["uniform", "popularity", "in_batch"] = setting(
        "uniform", "How negatives are drawn.", accepted="uniform, popularity, in_batch, or ~ for none"
    )
    sample_num: int = setting(1, "Negatives for each positive.", least=1)
    alpha: float = setting(1.0, "Power of the popularity.", least=0)
    dynamic: Literal[False] = setting(
        False,
        "RecBole's hard negatives, which are not built.",
        accepted="False; choosing negatives by the model's scores is not built",
    )
    candidate_num: int = setting(0, "RecBole's, of dynamic negatives.", least=0)
    exclude: list[Exclusion] = setting(["positive"], "What negatives must not be.")
    logq: bool = setting(
        False,
        "Whether the loss subtracts the logarithm of an item's sampling probability from its logit, so that scores learn how "
        "likely an item is, not its lift over popularity.",
    )
