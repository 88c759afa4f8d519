"""One run: where it lies, what it shows, and how a model is trained."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from recbole_lsrec.config.paths import DATA_PATH
from recbole_lsrec.config.protocol_settings import Negatives
from recbole_lsrec.config.setting import A_FOLDER, RECBOLES, Effect, Options, Place, setting

BUDGETS = ("train_seconds", "train_steps")
"""Settings that bound the training of a run; a search or a leaderboard gives every run the same."""

MAX_NORM = "a dict such as {max_norm: 5}, or ~ for none"

# Types of training settings for which a model may declare a default of its own.
BatchSize = Annotated[int, Field(ge=1)]
LearningRate = Annotated[float, Field(gt=0)]
Norm = Annotated[float, Field(gt=0, le=1e15)]  # far beyond which float32 has no numbers


class RunSettings(Options):
    """Settings that do not belong to the data or the evaluation."""

    data_path: Place = setting(
        DATA_PATH,
        "Folder of data sets; a data set's files are in <data_path>/<dataset>/.",
        effect=Effect.NOTHING,
        accepted=A_FOLDER,
    )
    run_dir: Place = setting(
        "runs",
        "Folder in which every run makes its own folder of results.",
        effect=Effect.NOTHING,
        accepted=A_FOLDER,
    )
    resume: str | None = setting(None, "Checkpoint or run folder to continue from.", effect=Effect.NOTHING)
    dry_run: bool = setting(
        False,
        "Whether only to print settings, data statistics and estimates of memory and time; nothing is kept.",
        effect=Effect.NOTHING,
    )
    gpu_id: str | int | list[Any] = setting("0", "GPU to run on.", RECBOLES, effect=Effect.NOTHING)
    use_gpu: bool = setting(True, "Whether to run on a GPU if there is one.", RECBOLES, effect=Effect.NOTHING)
    nproc: int = setting(1, "Processes of the run on this machine.", RECBOLES, least=1, most=1024, how_long=True)
    nnodes: int = setting(1, "Machines of the run, each with nproc processes.", least=1, most=1024, how_long=True)
    world_size: int = setting(
        -1, "Processes on all machines; -1: nproc times nnodes.", RECBOLES, least=-1, most=2**20, how_long=True
    )
    ip: str = setting("localhost", "Machine that has the first process.", RECBOLES, effect=Effect.NOTHING)
    port: int | None = setting(
        None,
        "Port on that machine where the processes meet; ~: any, on one machine.",
        RECBOLES,
        effect=Effect.NOTHING,
        least=1,
        most=65535,
    )
    group_offset: int = setting(
        0, "Number of the first process on this machine, from 0.", RECBOLES, effect=Effect.NOTHING, least=0
    )
    worker: int = setting(0, "Processes that make batches.", RECBOLES, effect=Effect.NOTHING, least=0, most=1024)
    state: Literal["INFO", "DEBUG", "WARNING", "ERROR", "CRITICAL", "info", "debug", "warning", "error", "critical"] = (
        setting("INFO", "Level of the log.", RECBOLES, effect=Effect.NOTHING)
    )
    verbose: bool = setting(
        False,
        "Whether the console shows everything that the run's log file has: every setting, layer and metric.",
        effect=Effect.NOTHING,
    )
    show_progress: bool = setting(True, "Whether to show progress bars.", RECBOLES, effect=Effect.NOTHING)
    log_wandb: bool = setting(False, "Whether to log to Weights & Biases.", RECBOLES, effect=Effect.NOTHING)
    wandb_project: str = setting("recbole", "Project in Weights & Biases.", RECBOLES, effect=Effect.NOTHING)
    log_mlflow: bool = setting(
        False, "Whether to log to MLflow, where MLFLOW_TRACKING_URI says.", effect=Effect.NOTHING
    )
    mlflow_experiment: str = setting("recbole_lsrec", "Experiment in MLflow.", effect=Effect.NOTHING)
    loss_decimal_place: int = setting(
        4, "Decimal places of losses in the log.", RECBOLES, effect=Effect.NOTHING, least=0, most=100
    )

    seed: int = setting(
        2020,
        "Seed of weights, order of batches and training negatives.",
        RECBOLES,
        least=0,
        most=2**32 - 1,
    )
    reproducibility: bool = setting(True, "Whether to use deterministic algorithms only.", RECBOLES)
    shuffle: bool = setting(True, "Whether to shuffle training instances each epoch.", RECBOLES)
    epochs: int = setting(300, "Epochs at most.", RECBOLES, least=1, how_long=True)
    stopping_step: int = setting(
        10, "Validations without improvement before training stops.", RECBOLES, least=0, how_long=True
    )
    stopping_rule: Literal["recbole", "strict"] = setting(
        "recbole",
        "recbole: stop one validation after stopping_step, equal scores are progress; strict: at it, they are not (CLSR's code).",
    )
    eval_step: int = setting(1, "Epochs between validations; 0: none.", RECBOLES, least=0)
    train_batch_size: BatchSize = setting(2048, "Instances of a training batch.", RECBOLES)
    learner: Literal["adam", "adamw", "sgd", "adagrad", "rmsprop", "sparse_adam"] = setting(
        "adam", "Optimiser.", RECBOLES
    )
    learning_rate: LearningRate = setting(0.001, "Learning rate.", RECBOLES)
    sparse_embeddings: bool | Literal["auto"] = setting(
        "auto",
        "Whether embedding tables get sparse gradients and a lazy Adam; auto: tables with at least 4 times the rows that a batch "
        "looks up.",
    )
    weight_decay: float = setting(0.0, "Weight decay of the optimiser.", RECBOLES, least=0)
    train_neg_sample_args: dict | None = setting(  # type: ignore[type-arg]
        {}, "Training negatives, as in RecBole.", RECBOLES, parts=Negatives
    )
    clip_grad_norm: dict | None = setting(  # type: ignore[type-arg]
        None, "Arguments of torch's clip_grad_norm_.", RECBOLES, accepted=MAX_NORM
    )
    enable_amp: bool = setting(False, "Whether to train in mixed precision.", RECBOLES)
    enable_scaler: bool = setting(False, "Whether mixed precision scales its gradients.", RECBOLES)
    transform: Literal["mask_itemseq", "inverse_itemseq", "crop_itemseq", "reorder_itemseq"] | None = setting(
        None, "RecBole's transformation of each batch.", RECBOLES, effect=Effect.FEATURES | Effect.TRAINING
    )
    mask_ratio: float | None = setting(
        None, "Share of items that transform: mask_itemseq masks.", RECBOLES, above=0, most=1
    )
    ft_ratio: float | None = setting(
        None, "Share of sequences in which only the last item is masked.", RECBOLES, least=0, most=1
    )
    eta: float | None = setting(
        None, "Share of a history that transform: crop_itemseq keeps.", RECBOLES, above=0, most=1
    )
    beta: float | None = setting(
        None, "Share of a history that transform: reorder_itemseq shuffles.", RECBOLES, above=0, most=1
    )
    train_steps: Annotated[int, Field(ge=1)] | None = setting(
        None, "Stop after this many optimiser steps, regardless of epochs."
    )
    train_seconds: Annotated[float, Field(gt=0)] | None = setting(
        None,
        "Stop after this many seconds of training (on a CPU, of its thread), without validation; no two such runs are equal.",
    )
    clip_variable_norm: Norm | None = setting(None, "Clip the gradient of each parameter separately to this L2 norm.")


class GradientNorm(Options):
    """Parts of ``clip_grad_norm``."""

    max_norm: Norm = setting(5.0, "Largest norm of all gradients together.", RECBOLES)
    norm_type: Norm = setting(2.0, "Which norm.", RECBOLES)
    error_if_nonfinite: bool = setting(False, "Whether a norm that is NaN or infinite ends the training.", RECBOLES)


def number_of_processes(values: Mapping[str, Any]) -> int:
    """How many processes a run has, on all machines."""
    return values["world_size"] if values["world_size"] > 0 else values["nproc"] * values["nnodes"]
