"""Training loop: RecBole's, with exact resume, a budget of steps or seconds, and per-variable gradient clipping."""

import sys
from collections.abc import Callable
from math import ceil, inf, nextafter
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any

import recbole.trainer
import torch
from recbole.config import Config
from recbole.model.abstract_recommender import AbstractRecommender
from recbole.utils import ModelType, dict2str

from recbole_lsrec import checkpoint
from recbole_lsrec.console import DETAIL, bar
from recbole_lsrec.errors import ConfigError, TrainingError, model_named
from recbole_lsrec.evaluation.evaluator import Evaluation, evaluate
from recbole_lsrec.evaluation.popularity import Correction
from recbole_lsrec.model.sparse_tables import mark_sparse_tables
from recbole_lsrec.own_models import warn_if_changed
from recbole_lsrec.processes import group
from recbole_lsrec.registry import own_origin
from recbole_lsrec.run_files import CHECKPOINT
from recbole_lsrec.training import generators, model_attributes
from recbole_lsrec.training.budget import BudgetSpent, FirstBatches, Paced, check_epochs, check_patience, tell_progress
from recbole_lsrec.training.clipping import clip_each_variable
from recbole_lsrec.training.denormals import flushed_denormals
from recbole_lsrec.training.epoch_line import epoch_line
from recbole_lsrec.training.freed_memory import keep_freed_memory
from recbole_lsrec.training.lazy_adam import LazyAdam
from recbole_lsrec.training.shared_epoch import of_numbers, shared_epoch
from recbole_lsrec.training.trackers import Trackers, elsewhere, for_recbole, tensorboard_in


class Trainer(recbole.trainer.Trainer):
    """RecBole's trainer for one run folder.

    Early stopping, tensorboard (in the run folder), W&B and mixed precision are RecBole's. Added:

    * The whole state is written to ``<run_folder>/checkpoint.pt`` before the first and after every epoch, so that
      :meth:`resume_checkpoint` followed by :meth:`fit` ends as the uninterrupted run does, bit for bit on CPU, wherever
      the run was killed. Randomness in the model must come from the global generators of torch, numpy or ``random``;
      a model with a generator of its own gives its state in ``other_parameter()``.
    * ``train_steps``: train for exactly so many batches; it replaces ``epochs``, and the last epoch may be cut short.
    * ``train_seconds``: likewise for so many seconds of training, validation not counted: on a CPU the seconds that the
      training thread ran, so that other work on the machine takes nothing away. No two runs are equal.
    * A model that only counts (Pop, ItemKNN, Markov) passes over the data once, whatever epochs or budget say.
    * ``stopping_rule: strict``: an equal score is no progress, and ``stopping_step`` validations without any are the end.
    * ``clip_variable_norm``: see :func:`clip_each_variable`.
    * What a model says of its optimiser: ``optimizer_defaults`` (such as Adam's ``betas`` and ``eps``; an optimiser that
      knows no such setting goes on without) and ``before_step()``, called with true gradients before each step.

    Attributes:
        history: per finished epoch ``epoch``, ``train_loss`` (sum over batches; a list if the model gives several),
            ``train_seconds`` (on a CPU, of its thread), ``share`` (of its batches; below 1 where the budget ended it),
            ``progress`` (of all the training that epochs or budget allow, from 0 to 1) and, where validated,
            ``valid_seconds`` (by the same clock), ``valid_score``, ``valid_result``. It survives a resume.
        evaluation: what the last :meth:`evaluate` found, with ranks per instance; None before.
    """

    def __init__(
        self,
        config: Config,
        model: AbstractRecommender,
        run_folder: str | Path,
        fingerprints: dict[str, str] | None = None,
        on_epoch: Callable[[dict[str, Any]], None] | None = None,
        on_pace: Callable[[float], None] | None = None,
    ) -> None:
        """Builds the optimiser and the loggers.

        Args:
            config: the run's settings.
            model: the recommender to train, on ``config["device"]``.
            run_folder: where ``checkpoint.pt`` goes; made if missing.
            fingerprints: name -> fingerprint (``data``, ``split``, ...); a checkpoint with others is refused.
            on_epoch: called with each finished epoch's entry of :attr:`history`, once its state has been written.
            on_pace: called once, with the seconds that a whole epoch takes as its first batches tell.

        Raises:
            CheckpointError: a setting cannot be stored in a checkpoint.
        """
        keep_freed_memory()
        with elsewhere():
            super().__init__(for_recbole(config, run_folder), model)
            self.tensorboard.close()
        self.config = config
        self.tensorboard: Any
        self.wandblogger: Any
        self.saved_model_file = str(Path(run_folder) / CHECKPOINT)
        self.fingerprints = dict(fingerprints or {})
        self.history: list[dict[str, Any]] = []
        self.evaluation: Evaluation | None = None
        self.on_epoch, self.on_pace = on_epoch, on_pace
        self.strict = config["stopping_rule"] == "strict"
        if self.strict:
            self.stopping_step -= 1  # RecBole stops one validation later
        self.train_steps: int | None = config["train_steps"]
        self.train_seconds: float | None = config["train_seconds"]
        # On a CPU training is timed by its own thread, so that a budget is worth the same on a machine with other work.
        self._now: Callable[[], float] = thread_time if self.device.type == "cpu" else perf_counter
        if model.type == ModelType.TRADITIONAL:  # as RecBole's TraditionalTrainer: one pass over the data, and no other
            self.epochs, self.train_steps, self.train_seconds = 1, None, None
        if hasattr(model, "before_step"):  # ahead of clipping, which bounds what the optimiser then sees
            self.optimizer.register_step_pre_hook(lambda *_: model.before_step())
        if config["clip_variable_norm"]:
            # GradScaler.step() unscales gradients, then calls optimizer.step(): a hook on that sees true ones in mixed
            # precision too (and is skipped if they overflow). Those built fused unscale later; RecBole builds none.
            limit = float(config["clip_variable_norm"])
            self.optimizer.register_step_pre_hook(lambda optimizer, *_: clip_each_variable(optimizer, limit))

        self._config_values = checkpoint.config_values(config)
        self._best: dict[str, Any] | None = None
        self._rng: dict[str, Any] | None = None
        self._saved, self._verbose = False, True
        self._finished_epoch = self._told_epoch = -1
        self._written_epoch: int | None = None
        self._epoch = self._batch = 0  # at work

    def _build_optimizer(self, **kwargs: Any) -> torch.optim.Optimizer:
        lazy = mark_sparse_tables(self.model, self.config) or self.learner == "sparse_adam"
        optimizer = LazyAdam(self.model.parameters()) if lazy else super()._build_optimizer(**kwargs)
        for one in optimizer.param_groups:
            fused = self.device.type == "cpu"  # one pass over a parameter
            defaults = {"lr": self.learning_rate, "fused": fused, **getattr(self.model, "optimizer_defaults", {})}
            one.update({k: v for k, v in defaults.items() if k in one})
        return optimizer

    def fit(
        self,
        train_data: Any,
        valid_data: Any = None,
        verbose: bool = True,
        saved: bool = True,
        show_progress: bool = False,
        callback_fn: Callable[[int, float], None] | None = None,
    ) -> tuple[float, dict[str, float] | None]:
        """Trains until ``epochs``, the budget or early stopping; after a resume only what is left of that.

        Args:
            train_data: sized iterable of batches with ``set_epoch``.
            valid_data: what :meth:`evaluate` takes; None or empty: no early stopping, the last weights are the best.
            verbose: log a line for each epoch.
            saved: write checkpoints; without them :meth:`evaluate` needs ``load_best_model=False``.
            show_progress: show progress bars.
            callback_fn: called with (epoch, valid score) after each validation, once the state has been written.

        Returns:
            Best valid score and best valid result (RecBole's start values if nothing was validated).
        """
        folder = Path(self.saved_model_file).parent
        self.wandblogger = Trackers(self.config, folder)  # only now: a refused resume leaves the folder as it was
        self._apply_budget(train_data)
        self._saved, self.history = saved, self.history[: self.start_epoch]
        tell_progress(self.history, self.epochs, self.train_seconds)
        self._finished_epoch = self._told_epoch = self.start_epoch - 1
        if self._rng is not None:
            # Here and not on loading: whatever was built in between may have drawn numbers.
            generators.put_back(self._rng, self.device)
            self._rng = None
        if self.start_epoch > 0 and (self.start_epoch >= self.epochs or self._stopped_early()):
            self.logger.info(f"The checkpoint holds the finished training ({self.start_epoch} epochs): nothing to do.")
            return self.best_valid_score, self.best_valid_result

        def after_validation(epoch_idx: int, valid_score: float) -> None:
            self._end_epoch()
            if callback_fn:
                callback_fn(epoch_idx, valid_score)

        self._verbose = verbose
        self.tensorboard = tensorboard_in(folder)
        try:
            super().fit(train_data, valid_data, False, saved, show_progress, after_validation)
        except BudgetSpent:
            self._add_hparam_to_tensorboard(self.best_valid_score)
        finally:
            self.tensorboard.close()  # with its thread
        self._end_epoch()
        validated = [entry["epoch"] for entry in self.history if "valid_score" in entry]
        if verbose and validated:
            best = validated[-1 - min(self.cur_step, len(validated) - 1)]
            self.logger.info(f"Finished training, best eval result in epoch {best}")
        return self.best_valid_score, self.best_valid_result

    def evaluate(
        self,
        eval_data: Any,
        load_best_model: bool = True,
        model_file: str | Path | None = None,
        show_progress: bool = False,
        *,
        correction: Correction | None = None,
    ) -> dict[str, float] | None:
        """Scores an evaluation loader; the full outcome stays in :attr:`evaluation`.

        Args:
            eval_data: the loader; empty or None: nothing happens.
            load_best_model: use the best weights of ``model_file`` instead of the present ones.
            model_file: a checkpoint; default the run's own.
            show_progress: show a progress bar.
            correction: see :func:`~recbole_lsrec.evaluation.evaluator.evaluate`.

        Returns:
            Metrics by name, such as ``ndcg@10``, or None without data.

        Raises:
            CheckpointError: the checkpoint cannot be used, or has no best weights.
        """
        if not eval_data:
            return None
        if load_best_model:
            self.restore_best(model_file)
        self.model.eval()
        with torch.no_grad():
            self.evaluation = evaluate(self.model, eval_data, self.config, show_progress, correction)
        self.wandblogger.log_eval_metrics(self.evaluation.metrics, head="eval")
        return self.evaluation.metrics

    def restore_best(self, model_file: str | Path | None = None) -> None:
        """Gives the model the best weights of a checkpoint, by default the run's own; see :meth:`evaluate`."""
        found = self._load(model_file or self.saved_model_file)
        checkpoint.restore_best(found, self.model)
        self.logger.info(f"Loaded the best weights of {found.path}", extra=DETAIL)

    def resume_checkpoint(self, resume_file: str | Path) -> None:
        """Takes up the run that wrote a checkpoint; :meth:`fit` goes on from there.

        A file from elsewhere is first copied to the run folder, which from then on is the one that is written.

        Args:
            resume_file: a ``checkpoint.pt`` of this package.

        Raises:
            CheckpointError: the file is missing, truncated, foreign, or of another model, data set, split or setting.
        """
        found = self._load(resume_file, self._config_values)
        state, tensors = found.metadata, found.tensors
        check_patience(self._config_values, found.config, str(found))
        check_epochs(self._config_values, found.config, state["epoch"] + 1, str(found))
        if own := state.get("own_model"):
            warn_if_changed(own, type(self.model), str(found))
        model_attributes.put_back(self.model, tensors.get("training"), str(found))
        checkpoint.set_weights(self.model, tensors["current"], str(found))
        self.optimizer.load_state_dict(tensors["optimizer"])
        self._best, self._rng = tensors["best"], tensors["rng"]
        self.start_epoch, self._written_epoch = state["epoch"] + 1, state["epoch"]
        self.cur_step, self.best_valid_score = state["cur_step"], state["best_valid_score"]
        self.best_valid_result, self.history = state["best_valid_result"], state["history"]
        self.train_loss_dict = {int(epoch): loss for epoch, loss in state["train_loss"].items()}
        if Path(resume_file).resolve() != Path(self.saved_model_file).resolve() and group.rank() == 0:
            checkpoint.save(self.saved_model_file, found)
        checkpoint.warn_of_other_versions(state["versions"])
        self.logger.info(f"Resuming {resume_file} after {self.start_epoch} epochs.")

    def _train_epoch(
        self, train_data: Any, epoch_idx: int, loss_func: Callable | None = None, show_progress: bool = False
    ) -> float | tuple[float, ...]:
        self._end_epoch()  # RecBole's fit has no hook at the end of an epoch without validation
        if self.train_seconds is not None and self._seconds_left() <= 0:
            raise BudgetSpent
        train_data.set_epoch(epoch_idx)
        self._epoch, self._batch = epoch_idx, 0
        started = self._now()
        # Importing RecBole's sequential models turns it on (its sine.py does), for 1.5 to 2 times the training time.
        with torch.autograd.set_detect_anomaly(False), flushed_denormals(), model_attributes.watched(self.model):
            batches = self._within_budget(train_data, epoch_idx)
            paced = Paced(batches, lambda seconds: self._tell_pace(seconds * len(train_data)))
            about = {"total": len(batches), "desc": f"Train {epoch_idx:>5}", "leave": False}
            shown, train = bar(paced, shown=show_progress, **about), super()._train_epoch
            own, named = loss_func or self.model.calculate_loss, model_named(self.config["model"], "trained")
            loss = shared_epoch(
                self.model, train_data, lambda shared: train(shown, epoch_idx, named(of_numbers(shared or own)))
            )
        seconds, losses = self._now() - started, list(loss) if isinstance(loss, tuple) else loss
        share = batches.given / len(train_data) if isinstance(batches, FirstBatches) else 1.0
        entry = {"epoch": epoch_idx, "train_loss": losses, "train_seconds": seconds, "share": share}
        self.history.append(group.as_first(entry))  # one clock for all
        tell_progress(self.history, self.epochs, self.train_seconds)
        self._finished_epoch = epoch_idx
        if self.train_seconds is not None and self._seconds_left() <= 0:
            self.eval_step: int = min(self.config["eval_step"], 1)  # the last epoch is validated, whichever it is
        return loss

    def _tell_pace(self, seconds: float) -> None:
        tell, self.on_pace = self.on_pace, None
        if tell is not None:
            tell(seconds)

    def _check_nan(self, loss: torch.Tensor) -> None:
        """RecBole's, called once a batch; says when what is no number came."""
        if torch.isnan(loss):
            advice = f"lower learning_rate (now {self.config['learning_rate']}) or set clip_grad_norm: {{max_norm: 5}}."
            raise TrainingError(
                f"the loss is NaN in epoch {self._epoch}, batch {self._batch} (both from 0); {advice}{self._kept()}"
            )
        self._batch += 1

    def _kept(self) -> str:
        return f" The state before this epoch is in {self.saved_model_file}." if self._saved else ""

    def _valid_epoch(self, valid_data: Any, show_progress: bool = False) -> tuple[float, dict[str, float]]:
        started = self._now()
        try:
            result = self.evaluate(valid_data, load_best_model=False, show_progress=show_progress) or {}
        except TrainingError as error:
            raise TrainingError(f"validation after epoch {self._epoch}: {error}{self._kept()}") from error
        if self.valid_metric not in result:
            raise ConfigError(
                f"valid_metric: {self.config['valid_metric']!r} is not among the validation results "
                f"({', '.join(result)}); choose one of them, or add it to metrics and topk."
            )
        score, seconds = result[self.valid_metric], self._now() - started
        self.history[-1].update(valid_seconds=seconds, valid_score=score, valid_result=dict(result))
        if self.strict and score == self.best_valid_score:  # which RecBole counts as progress
            score = nextafter(score, -inf if self.valid_metric_bigger else inf)
        return score, result

    def _save_checkpoint(self, epoch: int, verbose: bool = True, **kwargs: Any) -> None:
        """RecBole calls this where the weights are the best so far (or there is no validation): they are kept aside.

        The file is written at the end of the epoch, when RecBole has updated its early stopping too.
        """
        self._best = checkpoint.weights(self.model, copy=True)

    def _end_epoch(self) -> None:
        """Writes the state, then tells the log and :attr:`on_epoch`; each epoch once."""
        self._write_state()
        if self._told_epoch == self._finished_epoch:
            return
        self._told_epoch = self._finished_epoch
        if self._verbose:
            self._say_epoch(self.history[-1])
        if self.on_epoch is not None and group.rank() == 0:
            self.on_epoch(self.history[-1])

    def _say_epoch(self, entry: dict[str, Any]) -> None:
        self.logger.info(epoch_line(entry, self.config["loss_decimal_place"] or 4, best=self.cur_step == 0))
        if "valid_result" in entry:
            self.logger.info("valid result: \n" + dict2str(entry["valid_result"]), extra=DETAIL)

    def _write_state(self) -> None:
        """Writes the state at the end of the last finished epoch (-1: before the first), once."""
        if not self._saved or self._written_epoch == self._finished_epoch or group.rank():
            return
        metadata = {
            "model": self.config["model"],
            "own_model": own_origin(type(self.model)),
            "dataset": self.config["dataset"],
            "config": self._config_values,
            "fingerprints": self.fingerprints,
            "versions": checkpoint.versions(),
            "epoch": self._finished_epoch,
            "cur_step": self.cur_step,
            "best_valid_score": self.best_valid_score,
            "best_valid_result": self.best_valid_result,
            "train_loss": self.train_loss_dict,
            "history": self.history,
        }
        tensors = {
            "current": checkpoint.weights(self.model),
            "training": model_attributes.training_state(self.model),
            "best": self._best,
            "optimizer": self.optimizer.state_dict(),
            "rng": generators.state(self.device),
        }
        checkpoint.save(self.saved_model_file, checkpoint.Checkpoint(metadata, tensors))
        self._written_epoch = self._finished_epoch

    def _load(self, path: str | Path, config: dict[str, Any] | None = None) -> checkpoint.Checkpoint:
        """A checkpoint of this run's model and data, read by process 0; of the same settings too, if they are given."""
        found = group.made_by_first(lambda: checkpoint.load(path, "model"))
        named = {key: self.config[key] for key in ("model", "dataset")}
        checkpoint.check(found, **named, fingerprints=self.fingerprints, config=config)
        return found

    def _stopped_early(self) -> bool:
        """Whether early stopping had ended the run; RecBole stops only on a validation that brought no progress."""
        return self.cur_step > max(self.stopping_step, 0)

    def _apply_budget(self, train_data: Any) -> None:
        if self.train_steps is not None:
            self.epochs = ceil(self.train_steps / len(train_data))
        elif self.train_seconds is not None:
            self.epochs = sys.maxsize
        self.eval_step = min(self.config["eval_step"], self.epochs)

    def _within_budget(self, train_data: Any, epoch_idx: int) -> Any:
        """The epoch's batches, cut where the budget is spent."""
        if self.train_steps is not None:
            return FirstBatches(train_data, self.train_steps - epoch_idx * len(train_data))
        if self.train_seconds is not None:
            return FirstBatches(train_data, len(train_data), self._seconds_left(), self._now)
        return train_data

    def _seconds_left(self) -> float:
        return (self.train_seconds or 0.0) - sum(epoch["train_seconds"] for epoch in self.history)
