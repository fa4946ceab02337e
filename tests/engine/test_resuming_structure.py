"""A checkpoint of a wrong structure is refused in one line, before anything of it is taken."""

import math
import random

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer

from mimseg.engine.resuming import resume


@pytest.fixture(scope="module")
def runner(toy_of_module, build_all):
    """One for all refusals, which leave it as it is."""
    return build_all(toy_of_module(interval=9))


def everything(runner) -> list[str]:
    optimizer, schedules = runner.optim_wrapper.state_dict(), [s.state_dict() for s in runner.param_schedulers]
    numbers = [runner.iter, runner.epoch, runner.train_loop.epoch_start]
    states = [torch.get_rng_state().sum(), np.random.get_state()[1].sum(), hash(random.getstate())]
    hub = runner.message_hub.state_dict()
    texts = [runner.bare_model.state_dict(), optimizer, schedules, numbers, states, sorted(hub["log_scalars"])]
    return [str(text) for text in texts]


def put(*path):
    """A change of a checkpoint: the last entry is put where the ones before it lead."""
    *parents, last, value = path

    def change(checkpoint):
        for name in parents:
            checkpoint = checkpoint[name]
        checkpoint[last] = value

    return change


def drop(*path):
    *parents, last = path

    def change(checkpoint):
        for name in parents:
            checkpoint = checkpoint[name]
        del checkpoint[last]

    return change


def turn_weights_round(checkpoint):
    checkpoint["state_dict"] = dict(reversed(checkpoint["state_dict"].items()))


def history(values, counts):
    buffer = HistoryBuffer()
    buffer._log_history, buffer._count_history = values, counts
    return buffer


W, M, N = torch.zeros(2, 4), ("optimizer", "state", 0), ("rng_states", 0, "numpy")
LOSS = ("message_hub", "log_scalars", "train/loss")
INFO = ("message_hub", "runtime_info")
QUANTIZED = torch.quantize_per_tensor(W, 0.1, 0, torch.qint8)
DEEP = "[" * 100_000

CHANGES = {
    "weights missing": (drop("state_dict"), "holds weights only"),
    "weights a list": (put("state_dict", [W]), "state_dict is a list of 1 entries, not a dict"),
    "weight missing": (drop("state_dict", "layer.bias"), "is of another model: 1 tensors .* layer.bias"),
    "weight added": (put("state_dict", "more", W), "is of another model: 1 tensors .* more"),
    "weight wider": (
        put("state_dict", "layer.weight", torch.zeros(2, 5)),
        r"layer.weight has the shape \(2, 5\), in this run \(2, 4\)",
    ),
    "weight text": (put("state_dict", "layer.weight", "x"), "layer.weight is 'x', not a tensor"),
    "weight sparse": (put("state_dict", "layer.weight", W.to_sparse()), "a sparse_coo float32 .* not a dense"),
    "weight quantized": (put("state_dict", "layer.weight", QUANTIZED), "a strided qint8 .* not a dense"),
    "weight meta": (put("state_dict", "layer.weight", W.to("meta")), r"without values \(meta\), not a dense"),
    "weight whole": (put("state_dict", "layer.weight", W.long()), "numbers of torch.int64, in this run torch.float32"),
    "weight complex": (put("state_dict", "layer.weight", W.cfloat()), "numbers of torch.complex64"),
    "weight NaN": (put("state_dict", "layer.weight", W / 0), "layer.weight holds numbers that are not finite"),
    "weight numbered": (put("state_dict", 3, W), "state_dict has the key 3"),
    "order": (turn_weights_round, "in another order, teachers.ema.bias where this run has layer.weight"),
    "optimizer missing": (drop("optimizer"), "holds weights only"),
    "optimizer None": (put("optimizer", None), "optimizer is None, not a dict"),
    "state a list": (put("optimizer", "state", [1]), "optimizer.state is a list of 1 entries"),
    "state empty": (put("optimizer", "state", {}), "empty after 9 iterations: all moments are missing"),
    "state by name": (put("optimizer", "state", "0", {}), "optimizer.state has the key '0'"),
    "state of more": (put("optimizer", "state", 99, {}), "has a parameter 99, the optimizer has 2"),
    "moment shorter": (put(*M, "exp_avg", torch.zeros(1)), r"exp_avg of layer.weight has the shape \(1,\)"),
    "moment one short": (put(*M, "exp_avg_sq", torch.zeros(7)), r"exp_avg_sq of layer.weight has the shape \(7,\)"),
    "moment longer": (put(*M, "exp_avg", torch.zeros(2, 8)), r"has the shape \(2, 8\), in this run \(2, 4\)"),
    "moment NaN": (put(*M, "exp_avg", W / 0), "exp_avg of layer.weight holds numbers that are not finite"),
    "moment negative": (put(*M, "exp_avg_sq", W - 1), "a mean of squares, is negative in places"),
    "moment meta": (put(*M, "exp_avg", W.to("meta")), r"without values \(meta\)"),
    "moment sparse": (put(*M, "exp_avg", W.to_sparse()), "not a dense tensor"),
    "moment whole": (put(*M, "exp_avg", W.long()), "holds numbers of torch.int64"),
    "moment a number": (put(*M, "exp_avg", 0.5), "exp_avg of layer.weight is 0.5, not a tensor"),
    "moment missing": (drop(*M, "exp_avg_sq"), "has step, exp_avg, this run's optimizer keeps step, exp_avg, exp_"),
    "moment added": (put(*M, "momentum_buffer", W), "has step, exp_avg, exp_avg_sq, momentum_buffer, this"),
    "moments None": (put(*M, None), "the optimizer's state of layer.weight is None"),
    "step ahead": (put(*M, "step", torch.tensor(1e9)), r"step of layer.weight is 1e\+09 after 9 iterations"),
    "step behind": (put(*M, "step", torch.tensor(-1.0)), "step of layer.weight is -1 after"),
    "step NaN": (put(*M, "step", torch.tensor(math.nan)), "holds numbers that are not finite"),
    "step a part": (put(*M, "step", torch.tensor(1.5)), "step of layer.weight is 1.5 after"),
    "step a number": (put(*M, "step", 3), "step of layer.weight is 3, not a tensor"),
    "groups missing": (drop("optimizer", "param_groups"), "param_groups is None, not a list"),
    "group missing": (drop("optimizer", "param_groups", 1), "has 1 groups, this run's optimizer 2"),
    "group None": (put("optimizer", "param_groups", 1, None), r"param_groups\[1\] is None"),
    "group of others": (put("optimizer", "param_groups", 0, "params", [1]), r"\[0\].params lists 1 parameters, not"),
    "group of True": (put("optimizer", "param_groups", 1, "params", [True]), r"\[1\].params lists 1 parameters, not"),
    "meta None": (put("meta", None), "meta is None, not a dict"),
    "epoch missing": (drop("meta", "epoch"), "meta.epoch is None, not a whole number"),
    "epoch True": (put("meta", "epoch", True), "meta.epoch is True, not a whole number"),
    "epoch text": (put("meta", "epoch", "1\n2"), r"meta.epoch is '1\\n2', not a whole number"),
    "epoch negative": (put("meta", "epoch", -1), "meta.epoch is -1, but must be at least 0"),
    "epoch far": (put("meta", "epoch", 10**9), "it is of epoch 1000000000, and this run ends with epoch 3"),
    "epoch huge": (put("meta", "epoch", 1 << 1000), "meta.epoch is a whole|of epoch a whole number of 1001 bits"),
    "iter far": (put("meta", "iter", 10**9), "cannot resume after 999999994 iterations of epoch 1|_global_step"),
    "iter a part": (put("meta", "iter", 9.0), "meta.iter is 9.0, not a whole number"),
    "epoch start": (put("meta", "epoch_start", 10), "meta.epoch_start is 10, but must be from 1 to 9"),
    "epoch length": (put("meta", "epoch_length", 0), "meta.epoch_length is 0, but must be at least 1"),
    "other length": (put("meta", "epoch_length", 7), "written with 7 iterations per epoch, this run has 6"),
    "batch text": (put("meta", "batch", "4"), "meta.batch is '4', not a dict"),
    "batch zero": (put("meta", "batch", "images", 0), "meta.batch.images is 0, but must be at least 1"),
    "images": (put("meta", "images", None), "meta.images is None, not a whole number"),
    "seed missing": (drop("meta", "seed"), "meta.seed is None, not a whole number"),
    "settings a list": (put("meta", "settings", [1]), "meta.settings is a list of 1 entries, not the JSON text"),
    "settings broken": (put("meta", "settings", "{"), "meta.settings is '{', not the JSON text of a config"),
    "settings deep": (put("meta", "settings", DEEP), r"meta.settings is '\[\[\[.* not the JSON text of a config"),
    "model facts": (put("meta", "mimseg", 3), "meta.mimseg is 3, not a dict"),
    "reference": (put("meta", "mimseg", {"reference": [10**9, 1]}), "reference is 1000000000, but must be from 1"),
    "reference line": (put("meta", "mimseg", {"reference": [4]}), "reference has 1 sides, not 2"),
    "schedules missing": (drop("param_schedulers"), "it has no param_schedulers, the states of the schedules"),
    "schedules None": (put("param_schedulers", None), "param_schedulers is None, not a list"),
    "schedule None": (put("param_schedulers", 0, None), r"param_schedulers\[0\] is None, not a dict"),
    "schedules empty": (put("param_schedulers", []), "has 0 states, this run 1 schedules"),
    "schedule cut": (drop("param_schedulers", 0, "min_lr"), "schedule differ in 'min_lr'"),
    "schedule text": (put("param_schedulers", 0, "min_lr", "x"), r"param_schedulers\[0\].min_lr is 'x', in this run 0"),
    "schedule NaN": (put("param_schedulers", 0, "min_lr", math.nan), "min_lr is nan, in this run 0"),
    "schedule far": (put("param_schedulers", 0, "epochs_done", 10**9), "epochs_done is 1000000000, but must be from"),
    "schedule unit": (put("param_schedulers", 0, "by_epoch", "no"), "by_epoch is 'no', not True or False"),
    "rates": (put("param_schedulers", 0, "base_values", [1.0]), "base_values is a list of 1 entries, in this run a"),
    "random missing": (drop("rng_states"), "it has no rng_states, the random states of each process"),
    "random empty": (put("rng_states", []), "rng_states is empty"),
    "random None": (put("rng_states", 0, None), r"rng_states\[0\] is no set of random states"),
    "random cut": (put("rng_states", 0, "torch", torch.zeros(8, dtype=torch.uint8)), "no set of random states"),
    "random zero": (put("rng_states", 0, "torch", torch.zeros(5056, dtype=torch.uint8)), "no set of random states"),
    "random float": (put("rng_states", 0, "torch", torch.zeros(5056)), "no set of random states"),
    "random meta": (put("rng_states", 0, "torch", torch.zeros(5056, dtype=torch.uint8, device="meta")), "no set of"),
    "NumPy far": (put(*N, ("MT19937", torch.zeros(624).long(), 10**6, 0, 0.0)), "of which 1000000 are used"),
    "NumPy cut": (put(*N, ("MT19937", torch.zeros(6).long(), 1, 0, 0.0)), r"NumPy's state has \(6,\) words"),
    "NumPy other": (put(*N, ("PCG64", torch.zeros(624).long(), 1, 0, 0.0)), "no set of random states"),
    "Python cut": (put("rng_states", 0, "python", (3, (1, 2), None)), "no set of random states"),
    "mask states": (put("rng_states", 0, "masks", [1]), "states of 1 mask generators, the model has 0"),
    "hub missing": (drop("message_hub"), "it has no message_hub, the histories"),
    "hub a list": (put("message_hub", []), "message_hub is a list of 0 entries, not a dict"),
    "histories missing": (drop("message_hub", "log_scalars"), "message_hub.log_scalars is None"),
    "history a list": (put(*LOSS, [1.0]), r"log_scalars\['train/loss'\] is a list of 1 entries, not a HistoryBuffer"),
    "history of text": (put(*LOSS, history(["a"], ["b"])), "holds a list of 1 entries, not a row of numbers"),
    "history of two rows": (put(*LOSS, history(np.zeros((2, 2)), np.zeros(2))), "not a row of numbers"),
    "history uncounted": (put(*LOSS, history(np.zeros(3), np.zeros(2))), "has 3 values and 2 counts"),
    "infos None": (put(*INFO, None), "message_hub.runtime_info is None"),
    "validated": (put(*INFO, "validated", "all"), "runtime_info.validated is 'all', not a whole number"),
    "best score": (put(*INFO, "best_score", math.nan), "runtime_info.best_score is nan, not a finite number"),
    "kept": (put(*INFO, "keep_ckpt_ids", "12"), "runtime_info.keep_ckpt_ids is '12', not a list"),
    "kept paths": (put(*INFO, "keep_ckpt_ids", ["../x"]), "keep_ckpt_ids is '../x', not a whole number"),
    "loss scale": (put("optimizer", "loss_scaler", {"scale": -1.0}), "loss_scaler.scale is -1, but must be above 0"),
    "averages": (put("ema_state_dict", {}), "averaged weights .*, but this run has no EMAHook"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_wrong_structure_is_refused_before_anything_is_taken(changed, runner, name):
    change, complaint = CHANGES[name]
    path = changed(change)
    before = everything(runner)
    with pytest.raises(ValueError, match=complaint) as error:
        resume(runner, str(path))
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value) and len(str(error.value)) < 600
    assert everything(runner) == before


def test_the_honest_one_is_taken(honest, toy, build_all):
    runner = build_all(toy(interval=9))
    before = everything(runner)
    place = resume(runner, str(honest))
    assert (place.epoch, place.iteration, place.epoch_start, place.finished) == (1, 9, 6, None)
    assert all(a != b for a, b in zip(everything(runner)[:4], before[:4], strict=True))


def test_the_last_validation_of_an_earlier_versions_checkpoint_is_taken(changed, runner):
    """It had another name, with which it came into the log."""
    hub = read_hub_of(changed(put(*INFO, "validated", 9)), runner)
    assert hub.get("last_validation") == 9 and "validated" not in hub


def read_hub_of(path, runner):
    resume(runner, str(path))
    return runner.message_hub.runtime_info


def test_averages_must_fit_and_be_finite(toy, build_all, tmp_path):
    names = ("EMAHook", "ProgressHook", "NonFiniteGuard", "TeacherHook", "RNGStateHook")
    hooks = {"custom_hooks": [dict(type=name) for name in names]}
    toy(tmp_path / "run", interval=9, **hooks).train()
    path, runner = tmp_path / "run" / "iter_9.pth", build_all(toy(tmp_path / "other", interval=9, **hooks))
    for name, value, complaint in (
        ("module.layer.weight", torch.zeros(2, 5), r"ema_state_dict.module.layer.weight has the shape \(2, 5\)"),
        ("module.layer.weight", W / 0, "holds numbers that are not finite"),
        ("more", W, "this run's average differ in 'more'"),
    ):
        checkpoint = torch.load(path, weights_only=False)
        checkpoint["ema_state_dict"][name] = value
        torch.save(checkpoint, tmp_path / "changed.pth")
        before = everything(runner)
        with pytest.raises(ValueError, match=complaint):
            resume(runner, str(tmp_path / "changed.pth"))
        assert everything(runner) == before


def test_other_classes_are_refused(changed, runner, monkeypatch):
    path = changed(put("meta", "dataset_meta", {"classes": ("cat", "dog")}))
    monkeypatch.setattr(type(runner.train_loop.dataloader.dataset), "metainfo", {"classes": ["cat", "cow"]})
    with pytest.raises(ValueError, match="the classes of the training images have changed: dog, now cow"):
        resume(runner, str(path))
