"""Faults: models, whose arithmetic is our own where a step of training was made cheaper."""

from tests.guarantees.plants.plant import Plant

LAYERS = "tests/model/layers"
CHAIN = "tests/model/diffusion/test_chain.py"
POSITIONS = "tests/model/test_all_positions.py tests/model/test_losses.py"

PLANTS = [
    Plant(
        "recurrences read the first padding",
        "model/layers/steps.py",
        "sorted_lengths > torch.arange(self.width, device=order.device)",
        "sorted_lengths >= torch.arange(self.width, device=order.device)",
        LAYERS,
    ),
    Plant(
        "recurrences read the next event in place of their own",
        "model/layers/steps.py",
        "return _Gather.apply(x, self.at)",
        "return _Gather.apply(x.roll(-1, 1), self.at)",
        LAYERS,
    ),
    Plant(
        "a recurrence gives another sequence's end",
        "model/layers/steps.py",
        "return _Spread.apply(ends, self.order, len(ends), 1).squeeze(1)",
        "return ends",
        LAYERS,
    ),
    Plant(
        "a GRU's gradient leaves out the reset gate's way to the state before",
        "model/layers/recurrent.py",
        "each_h[t].addcmul_(grad_reset, each_reset[t])",
        "each_h[t]",
        LAYERS,
    ),
    Plant(
        "a decay fades the state after the event, not before it",
        "model/layers/recurrent.py",
        "h = h[:size] if decay is None else h[:size] * decays[t]",
        "h = h[:size] if decay is None or not t else h[:size] * decays[t - 1][:size]",
        "tests/model/diffusion/test_decay_gru.py",
    ),
    Plant(
        "DiffLSRec's chain passes no gradient through the scale of guidance",
        "model/diffusion/chain.py",
        "grad.mul_(ctx.keep[t]).addcmul_(into_weight[t], of_length[t])",
        "grad.mul_(ctx.keep[t])",
        CHAIN,
    ),
    Plant(
        "DiffLSRec's chain passes no gradient through the tokens' weights",
        "model/diffusion/chain.py",
        "            grad.unsqueeze(1).baddbmm_(into_logits[t], keys)\n",
        "",
        CHAIN,
    ),
    Plant(
        "DiffLSRec's chain forgets what the short side gives to each step",
        "model/diffusion/chain.py",
        "torch.addcmul(into_condition, into_condition, gate, value=-1).sum(0)",
        "torch.addcmul(into_condition, into_condition, gate, value=-1)[0]",
        CHAIN,
    ),
    Plant(
        "gSASRec's scores begin above their base rate",
        "model/position_losses.py",
        "math.log(beta / len(negatives))",
        "math.log(len(negatives) / beta)",
        POSITIONS,
    ),
    Plant(
        "gSASRec's calibration goes the other way",
        "model/position_losses.py",
        "return alpha * (t * (1 - 1 / alpha) + 1 / alpha)",
        "return alpha * ((1 - t) * (1 - 1 / alpha) + 1 / alpha)",
        POSITIONS,
    ),
    Plant(
        "a drawn target counts as a negative",
        "model/position_losses.py",
        ".masked_fill(hit, 0.0)",
        "",
        POSITIONS,
    ),
    Plant(
        "the correction of drawn items is added, not taken off",
        "model/catalogue_loss.py",
        "(user @ negatives.t() - log_expected)",
        "(user @ negatives.t() + log_expected)",
        "tests/model/test_catalogue_loss.py",
    ),
    Plant(
        "what a session repeats weighs as if it occurred once",
        "model/layers/segments.py",
        ".exp() * counts.unsqueeze(1)",
        ".exp()",
        "tests/model/test_slsrec.py",
    ),
    Plant(
        "a proxy counts what a session repeats once",
        "model/sequential_recommender/slsrec.py",
        "state.x * s.counts.unsqueeze(1), part",
        "state.x, part",
        "tests/model/test_slsrec.py",
    ),
    Plant(
        "an event's gradient is that of its first candidate alone",
        "model/layers/pair_layer.py",
        "torch.sum(grad[part], 1, out=of_key_image[part])",
        "of_key_image[part].copy_(grad[part][:, 0])",
        LAYERS,
    ),
    Plant(
        "a step reads another step's item where items are projected once",
        "model/layers/steps.py",
        "torch.addmm(bias, self.rows, weight).index_select(0, index)",
        "torch.addmm(bias, self.rows, weight).index_select(0, index.flip(0))",
        LAYERS,
    ),
    Plant(
        "NARM's positions attend to what comes after them",
        "model/sequential_recommender/narm.py",
        "(weight * earlier) @ hidden",
        "weight @ hidden",
        POSITIONS,
    ),
    Plant(
        "DIN reads padding",
        "model/sequential_recommender/din.py",
        "masked_fill_(padding.unsqueeze(1), 0.0)",
        "masked_fill_(padding.unsqueeze(1), 1.0)",
        "tests/model/test_din_dien.py",
    ),
    Plant(
        "BERT4Rec is trained without the items' biases",
        "model/sequential_recommender/bert4rec.py",
        "states.new_ones(*items.shape, 1)",
        "states.new_zeros(*items.shape, 1)",
        "tests/model/test_bert4rec.py",
    ),
    Plant(
        "at every position a state sees the next event",
        "data/position_loader.py",
        "items: seen.of(torch.from_numpy(self.dataset.item)),",
        "items: asked.of(torch.from_numpy(self.dataset.item)),",
    ),
]
