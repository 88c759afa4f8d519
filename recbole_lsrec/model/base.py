"""The base of all long/short-term models: encode a history once, score many candidates."""

import math
from typing import Any, ClassVar, Literal, NamedTuple, overload

import torch
from recbole.data.interaction import Interaction
from recbole.utils import InputType
from torch import Tensor, nn

from recbole_lsrec.data.log_chance import LOG_CHANCE
from recbole_lsrec.model import losses
from recbole_lsrec.model.encode_once import EncodeOnce
from recbole_lsrec.model.layers.embedding import ItemEmbedding
from recbole_lsrec.model.options.long_short import CandidateOptions, LongShortOptions
from recbole_lsrec.processes import group


class Match(NamedTuple):
    """What comes out of matching histories with candidates."""

    logits: Tensor  # [B, C]
    alpha: Tensor | None  # [B, C] weight of the long-term interest; None if the model has no fusion
    interests: Any = None  # what the model's auxiliary loss needs


class LongShortRecommender(EncodeOnce):
    """RecBole's sequential recommender with histories and candidates kept apart.

    A model implements :meth:`encode` (what depends on the history only, once per instance) and :meth:`match` (the
    rest, broadcast over candidates); if it has them, :meth:`auxiliary_loss` and :meth:`floats_per_pair`. RecBole's trio
    ``calculate_loss``, ``predict`` and ``full_sort_predict`` is built on these here.

    Training batches carry the positive ``item_id [B]`` and ``neg_item_id [B, N]``; history rows are never repeated. With
    ``train_neg_sample_args: logq`` they carry ``log_chance [B, 1 + N]`` too, which the data loss takes off the logits (logQ;
    Bengio and Senecal, 2008): negatives drawn by popularity otherwise teach how much likelier than drawn an item is.
    Shape letters: ``B`` instances, ``C`` candidates, ``N`` negatives, ``L`` history length, ``D`` embedding.

    Class attributes:
        options_class: Declares the model's options; one's own model derives one from :class:`LongShortOptions`, or from
            :class:`CandidateOptions` if it is trained on sampled candidates.
        candidate_batch: Asks the loader for ``[B, N]`` negatives.
        no_gradient: Names of parameters that by design get no gradient.
        log_in_checkpoint: What the model reads of the log when it is built is in its checkpoint
            (``other_parameter_name``), so that it can be built on an empty log and used without the data.

    Attributes:
        options: What the user chose, checked, presets filled in.
        data_loss: of the logits ``[B, 1 + N]``, positive first; from ``options.data_loss`` where there is such an option.
        fixed_alpha: If set, the weight of the long-term interest that :meth:`fusion_weight` returns everywhere; for
            questions to a trained model, never while training.

    Args:
        config: Holds the options; read beside them: ``eval_memory_mb``, and by :meth:`prior_logit`
            ``train_neg_sample_args``.
        dataset: Anything with ``num(field)``, ``item_category`` (int64 ``[n_items]`` or None) and ``n_categories``.

    Raises:
        ConfigError: An option is not accepted, or two do not go together.
    """

    options_class: ClassVar[type[LongShortOptions]] = LongShortOptions
    input_type = InputType.PAIRWISE
    candidate_batch: ClassVar[bool] = True
    no_gradient: ClassVar[frozenset[str]] = frozenset()
    log_in_checkpoint: ClassVar[bool] = False
    fixed_alpha: float | None = None

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        self.options = o = self.options_class.read(config)
        self.SESSION_SEQ = config["SESSION_ID_FIELD"] + config["LIST_SUFFIX"]
        self.data_loss = losses.sampled_softmax
        if isinstance(o, CandidateOptions) and o.data_loss == "bce":
            self.data_loss = losses.bce
        self.reg_weight = o.reg_weight

        category_size = o.category_embedding_size
        if dataset.item_category is None and category_size:
            self.logger.info("The data set has no categories (CATEGORY_FIELD is unset): items are embedded without.")
            category_size = 0
        self.embedding = ItemEmbedding(
            self.n_items, o.embedding_size, category_size, dataset.item_category, getattr(dataset, "n_categories", 0)
        )

    def prior_logit(self, config: Any) -> float:
        """Returns what the bias of a model's output starts at: the logit of the base rate, or 0.

        With 1 positive and N negatives the mean label is 1 / (1 + N), whose logit is log(1 / N). A bias that starts at 0
        is slower to get there than the weights on the ReLU units before it, whose means are positive: all of them turn
        negative, the largest possible logit is the bias, and the best items tie without a gradient. Starting at the base
        rate is the "prior" initialisation of Lin et al., "Focal Loss for Dense Object Detection" (ICCV 2017), sec. 4.1.

        Args:
            config: has ``train_neg_sample_args``. For ``output_bias: zero``, and under a softmax, which does not feel a
                common bias, the answer is 0.
        """
        if self.data_loss is not losses.bce or self.options.output_bias == "zero":
            return 0.0
        return -math.log(config["train_neg_sample_args"]["sample_num"])

    def match(self, state: Any, items: Tensor) -> Match:
        """Scores ``items [B, C]``, or ``[1, C]`` if all instances have the same candidates, against the state."""
        raise NotImplementedError

    def fusion_weight(self, alpha: Tensor) -> Tensor:
        """Returns the weight to fuse with: ``alpha`` as the model made it, or ``fixed_alpha`` in its place."""
        return alpha if self.fixed_alpha is None else torch.full_like(alpha, self.fixed_alpha)

    def auxiliary_loss(self, state: Any, match: Match) -> dict[str, Tensor]:
        """Returns named terms that are added to the loss, weights included."""
        return {}

    def involved_items(self, state: Any) -> Tensor:
        """Returns the items of the encoded histories, in any shape: their embeddings are regularised."""
        raise NotImplementedError

    def involved_rows(self, state: Any) -> list[tuple[nn.Embedding, Tensor]]:
        """Returns further tables with the distinct rows of each that the batch involves: only these are regularised."""
        return []

    def lookup_tables(self) -> list[nn.Embedding]:
        """Returns the tables that training only looks rows up in, so that they may have sparse gradients: all there are."""
        return [module for module in self.modules() if isinstance(module, nn.Embedding)]

    @overload
    def score(self, state: Any, items: Tensor, return_alpha: Literal[False] = False) -> Tensor: ...
    @overload
    def score(self, state: Any, items: Tensor, return_alpha: Literal[True]) -> tuple[Tensor, Tensor | None]: ...

    def score(self, state: Any, items: Tensor, return_alpha: bool = False) -> Tensor | tuple[Tensor, Tensor | None]:
        """Scores candidates.

        Args:
            state: What :meth:`encode` returned.
            items: ``[B, C]``, or ``[1, C]`` for candidates common to all instances.
            return_alpha: Also return the weight of the long-term interest, ``[B, C]``; None if there is no fusion.

        Returns:
            Logits ``[B, C]``, or the pair.
        """
        match = self.match(state, items)
        return (match.logits, match.alpha) if return_alpha else match.logits

    def as_drawn(self, logits: Tensor, interaction: Interaction) -> Tensor:
        """Logits ``[B, 1 + N]`` of a training batch, less the logarithm of each candidate's chance to be drawn if asked for.

        For ``train_neg_sample_args: {logq: True}``; a model with its own :meth:`losses` calls it there.
        """
        return logits - interaction[LOG_CHANCE] if LOG_CHANCE in interaction.interaction else logits

    def losses(self, interaction: Interaction) -> dict[str, Tensor]:
        """Returns the terms of the training loss by name (``data``, the model's own, ``l2``); they add up to it.

        Where several processes share a batch, each returns its part of the whole batch's.
        """
        candidates = torch.cat([interaction[self.POS_ITEM_ID].unsqueeze(1), interaction[self.NEG_ITEM_ID]], dim=1)
        state = self.encode(interaction)
        match = self.match(state, candidates)  # [B, 1 + N]
        data = self.data_loss(self.as_drawn(match.logits, interaction)) * group.share_of_batch(len(candidates))
        terms = {"data": data, **self.auxiliary_loss(state, match)}
        if self.reg_weight:
            items = torch.cat([self.involved_items(state).reshape(-1), candidates.reshape(-1)])
            others = self.involved_rows(state)
            tables = {*self.embedding.parameters(), *(table.weight for table, _ in others)}
            squares = [losses.squared_sum(p for p in self.parameters() if p not in tables)]
            squares += [table(rows).square().sum() for table, rows in others]
            terms["l2"] = 0.5 * self.reg_weight * sum(squares, self.embedding.squared_rows(items))
        return terms

    def calculate_loss(self, interaction: Interaction) -> Tensor:
        """Returns the training loss, ``[]``."""
        return torch.stack(list(self.losses(interaction).values())).sum()

    def predict(self, interaction: Interaction) -> Tensor:
        """Returns the logit of each instance's ``item_id``, ``[B]``."""
        return self.score(self.encode(interaction), interaction[self.ITEM_ID].unsqueeze(1)).squeeze(1)

    def full_sort_predict(self, interaction: Interaction) -> Tensor:
        """Returns the logits of all items, ``[B, n_items]``, column 0 (padding) included: the evaluator masks it."""
        return self.score_all(self.encode(interaction), len(interaction[self.ITEM_SEQ]))
