import pytest
import torch
from mmengine.config import Config
from torch.utils.flop_counter import FlopCounterMode

from mimseg.benchmark import selection_cost as module
from mimseg.benchmark.counting import CPU_ATTENTION
from mimseg.benchmark.selection_cost import selection_costs

PREDICTOR = dict(
    type="Task",
    decoder=dict(type="TransformerDecoder", depth=1),
    target=dict(type="PatchLossTarget", task="reconstruct"),
    loss=dict(type="AbsolutePatchLoss"),
)
HOOK = dict(type="SelectionHook", warmup_epochs=2, interval=2, budget=0.5, dt_epochs=1)
CPU = torch.device("cpu")


@pytest.fixture
def costs(config, monkeypatch):
    """The rows of a tiny model with a selector, for 8 epochs: 2 full ones, then 6 of a third of the images."""

    def measure(selector, steps=1, **task):
        tasks = dict(predict_loss=dict(PREDICTOR, **task)) if task is not None else {}
        cfg = config("mae", tasks=tasks)
        cfg.update(custom_hooks=[dict(HOOK, selector=selector)], schedule=dict(epochs=8))
        monkeypatch.setattr(module, "load_config", lambda path: Config(cfg.to_dict()))
        return selection_costs(["tiny.py"], CPU, lambda line: None, image_size=(24, 16), batch_size=2, steps=steps)

    return measure


def test_shares_follow_from_the_plan_and_from_what_steps_cost(costs, monkeypatch):
    """Predictors that cost half a step in 1 full and 2 other epochs; 3 passes of 0.2 epochs each."""

    def counted(candidate):
        return {kind: 1.5 if kind else 1.0 for kind in candidate.kinds}, 0.2

    monkeypatch.setattr(module, "_count", counted)
    monkeypatch.setattr(module, "_time", lambda candidate, device: counted(candidate))
    for row, by in zip(costs(dict(type="WSSSelector"), steps=2), ("FLOPs", "time"), strict=True):
        assert (row.config, row.by, row.passes) == ("tiny.py", by, 3)
        assert row.training == pytest.approx(0.5, abs=1e-5)
        assert row.predictor == pytest.approx(0.5 * (1 + 2 / 3) / 8, abs=1e-5)
        assert row.selection == pytest.approx(3 * 0.2 / 8)
        assert row.total == pytest.approx(row.training + row.predictor + row.selection)


def test_flops_of_parts(costs, monkeypatch):
    """A random subset costs its budget; a predictor that is always on costs more than one that is switched.

    The clock runs with the work, so that shares of time are those of FLOPs.
    """

    def seconds(call, device):
        with FlopCounterMode(display=False, custom_mapping=CPU_ATTENTION) as counter:
            call()
        return float(counter.get_total_flops())

    monkeypatch.setattr(module, "seconds", seconds)
    free, _ = costs(dict(type="RandomSelector"), end=0.25)
    assert (free.selection, free.passes) == (0.0, 0)
    assert free.training == pytest.approx(0.5, abs=1e-5) and free.predictor > 0
    switched, timed = costs(dict(type="WSSSelector"))
    always, _ = costs(dict(type="WSSSelector", task=None))
    assert 0 < switched.predictor < always.predictor
    assert switched.selection == always.selection > costs(dict(type="BSSSelector"))[0].selection > 0
    shares = [(row.training, row.predictor, row.selection) for row in (timed, switched)]
    assert shares[0] == pytest.approx(shares[1])


def test_other_configs_are_refused_in_one_line(config, monkeypatch):
    monkeypatch.setattr(module, "load_config", lambda path: config("mae"))
    with pytest.raises(ValueError, match="tiny.py has 0 SelectionHooks among its hooks; name a config of configs/pass"):
        selection_costs(["tiny.py"], CPU, print)
