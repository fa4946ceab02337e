"""Which runs a grid search makes, and what it makes of their metrics; runs are stand-ins here."""

import json
from pathlib import Path

import pytest

from mimseg.apis.studies.grid_search import Grid, GridSearch
from mimseg.checkpoints import MissingCheckpointError

ROOT = Path(__file__).parents[3]
FINETUNE = str(ROOT / "configs/finetune/cifar10_vit-micro.py")
LINEAR = str(ROOT / "configs/linear/cifar10_vit-micro.py")


@pytest.fixture
def search(tmp_path):
    """Build a search whose runs measure ``1000 lr + 10 decay``; ``.called`` has their commands."""
    (tmp_path / "init.pth").touch()
    called = []

    def launch(command, log):
        called.append(command)
        settings = dict(word.split("=") for word in command if word.startswith("optim_wrapper."))
        lr, decay = (float(settings[f"optim_wrapper.{key}"]) for key in ("optimizer.lr", "paramwise_cfg.layer_decay"))
        folder = Path(command[command.index("--work-dir") + 1])
        metrics = {"val": {"end": {"accuracy/top1": 1000 * lr + 10 * decay, "accuracy/top5": 99.0}}}
        (folder / "metrics.json").write_text(json.dumps(metrics))
        return 0

    def build(rates=(1e-3, 5e-4), decays=(0.75, 0.65), config=FINETUNE, init=tmp_path / "init.pth", **options):
        made = GridSearch(config, init, rates, decays, tmp_path / "out", ROOT / "tools", launch=launch, **options)
        made.called = called
        return made

    return build


def test_every_pair_is_a_run_of_its_own(search, tmp_path):
    runs = search(seed=3, options=["schedule.epochs=2"])
    runs.run(log=str)
    assert runs.called == [
        [
            str(ROOT / "tools/train.py"), FINETUNE, "--init", str(tmp_path / "init.pth"), "--resume", "--seed", "3",
            "--cfg-options", "schedule.epochs=2", f"optim_wrapper.optimizer.lr={lr}",
            f"optim_wrapper.paramwise_cfg.layer_decay={decay}", "--work-dir",
            str(tmp_path / "out" / f"lr{lr}_decay{decay}"),
        ]
        for decay in ("0.65", "0.75")
        for lr in ("0.0005", "0.001")
    ]  # fmt: skip
    grid = runs.collect()
    assert grid.metric == "val/end/accuracy/top1" and grid.missing == []
    assert grid.values == {
        (5e-4, 0.65): 7.0, (1e-3, 0.65): 7.5, (5e-4, 0.75): 8.0, (1e-3, 0.75): 8.5
    }  # fmt: skip
    assert grid.best == (1e-3, 0.75) and grid.open_ends == ["learning rate", "layer decay"]
    search(seed=3, options=["schedule.epochs=2"]).run(log=str)
    assert len(runs.called) == 4


def test_a_larger_grid_reuses_the_runs_of_a_smaller_one(search):
    search().run(log=str)
    larger = search(rates=(5e-4, 1e-3, 2e-3))
    grid = larger.collect()
    assert grid.missing == [(2e-3, 0.65), (2e-3, 0.75)] and len(grid.values) == 4
    lines = []
    larger.run(log=lines.append)
    assert len(larger.called) == 6 and sum("finished before" in line for line in lines) == 4
    assert lines[2] == "[3/6] lr 0.002, layer decay 0.65 ..."
    with pytest.raises(ValueError, match="was made with seed 0, asked for is 1"):
        search(seed=1).collect()


def test_a_best_value_within_the_grid_is_no_open_end():
    values = {(lr, decay): -((lr - 2) ** 2) - decay for lr in (1.0, 2.0, 3.0) for decay in (0.6, 0.7)}
    assert Grid("top1", values, []).best == (2.0, 0.6)
    assert Grid("top1", values, []).open_ends == ["layer decay"]
    single = {pair: value for pair, value in values.items() if pair[1] == 0.6}
    assert Grid("top1", single, []).open_ends == []


def test_a_metric_is_asked_for_or_found(search):
    runs = search()
    with pytest.raises(FileNotFoundError, match="has finished: nothing to collect"):
        runs.collect()
    runs.run(log=str)
    assert set(runs.collect("val/end/accuracy/top5").values.values()) == {99.0}
    with pytest.raises(ValueError, match="does not have it; did you mean val/end/accuracy/top1?"):
        runs.collect("val/end/accuracy/top-1")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (dict(rates=(0.0, 1e-3)), "--lr 0: a learning rate is positive"),
        (dict(decays=(0.5, 1.5)), r"--layer-decay 1.5 does not lie in \(0, 1\]"),
        (dict(rates=(1e-3,), decays=(0.5, 0.5)), "give at least two values of --lr or --layer-decay"),
        (dict(config=LINEAR), "has no optim_wrapper.paramwise_cfg.layer_decay to vary"),
    ],
)
def test_what_cannot_be_searched_is_refused(search, options, line):
    with pytest.raises(ValueError, match=line):
        search(**options)


def test_missing_files_are_named(search, tmp_path):
    with pytest.raises(MissingCheckpointError, match=r"no checkpoint at .*lost.pth"):
        search(init=tmp_path / "lost.pth")
    with pytest.raises(FileNotFoundError, match="config lost.py does not exist"):
        search(config="lost.py")
