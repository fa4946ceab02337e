"""One table over several runs."""

import importlib.util
import json
import math
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

ROOT = Path(__file__).parents[2]


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    """Run the command in this process and folder; gives exit code, stdout and stderr."""
    spec = importlib.util.spec_from_file_location("tools_compare_runs", ROOT / "tools" / "analysis" / "compare_runs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(*arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setattr(sys, "argv", ["compare_runs.py", *map(str, arguments)])
        return module.main(), *capsys.readouterr()

    return run


@pytest.fixture
def make(tmp_path):
    """``make(folder, metrics, seed=0, config=..., start="1", **settings)`` -> a work folder as a run leaves it."""

    def build(folder, metrics, seed=0, config="configs/demo/mae.py", start="1", **settings):
        place = tmp_path / folder
        (place / start / "vis_data").mkdir(parents=True)
        resolved = dict(
            model=dict(type="M", sizes=[1, (2, 3)], names={"a b": None}),
            optim_wrapper=dict(lr=1e-3),
            randomness=dict(seed=seed),
            work_dir=str(place),
            load_from=None,
            resume=False,
        )
        Config({**resolved, **settings}).dump(place / start / "vis_data" / "config.py")
        (place / start / "run.json").write_text(json.dumps({"config": config, "seed": seed}))
        (place / "metrics.json").write_text(json.dumps(metrics))
        return place

    return build


def final(value: float) -> dict:
    return {"knn": {"start": {"top1_k10": 20.0}, "end": {"top1_k10": value}}}


def data_of(tmp_path) -> list[dict]:
    return json.loads((tmp_path / "table.json").read_text())


def test_runs_that_differ_by_seed_are_one_column(command, make, tmp_path):
    for seed, value in enumerate((30.0, 34.0, 38.0)):
        make(f"mae_{seed}", final(value), seed)
    make("hpm_0", final(40.0), 0, config="configs/demo/hpm.py", model=dict(type="N"))
    code, out, errors = command("mae_*", "hpm_0", "mae_1", "--json", "table.json")
    assert (code, errors) == (0, "")
    # mean 34, deviations -4, 0, 4: sqrt((16 + 16) / 2) = 4
    assert "34.00 ± 4.00 (3)" in out and "40.00 (1)" in out
    assert "A: demo/mae; seeds 0, 1, 2" in out and "B: demo/hpm; seeds 0" in out
    assert "knn/start" not in out
    mae, hpm = data_of(tmp_path)
    assert mae["metrics"] == {"knn/end/top1_k10": {"mean": 34.0, "std": 4.0, "n": 3, "values": [30.0, 34.0, 38.0]}}
    assert [Path(run["folder"]).name for run in mae["runs"]] == ["mae_0", "mae_1", "mae_2"]
    assert hpm["metrics"]["knn/end/top1_k10"]["std"] is None


def test_other_settings_make_another_column_and_are_named(command, make, tmp_path):
    make("a", final(30.0), 0)
    make("b", final(31.0), 0, optim_wrapper=dict(lr=0.5))
    _, out, _ = command("a", "b", "--json", "table.json")
    assert "A: demo/mae [optim_wrapper.lr=0.001]" in out
    assert "B: demo/mae [optim_wrapper.lr=0.5]" in out
    assert len(data_of(tmp_path)) == 2


def test_by_config_overridden_settings_make_no_other_column(command, make, tmp_path):
    make("a", final(30.0), 0)
    make("b", final(34.0), 1, optim_wrapper=dict(lr=0.5))
    _, out, _ = command("a", "b", "--by", "config")
    assert "A: demo/mae; seeds 0, 1" in out and "32.00 ± 2.83 (2)" in out


def test_the_run_that_gave_the_weights_counts_too(command, make, tmp_path):
    """One fine-tuning config from MAE and from HPM, each with three seeds of pre-training, and from nothing."""
    finetune = dict(config="configs/finetune/cifar.py", model=dict(type="Classifier"))
    for seed in range(3):
        for name in ("mae", "hpm"):
            model = dict(type=name)
            source = make(f"{name}_{seed}", final(0.0), seed, config=f"configs/demo/{name}.py", model=model)
            start = str(source / "epoch_9.pth")
            make(f"ft_{name}_{seed}", {"val": {"end": {"top1": 70.0 + seed}}}, 0, load_from=start, **finetune)
    make("ft_none", {"val": {"end": {"top1": 60.0}}}, 0, **finetune)
    _, out, errors = command("ft_*", "--json", "table.json")
    assert not errors
    table = {column["label"]: column["metrics"]["val/end/top1"] for column in data_of(tmp_path)}
    assert {label: column["n"] for label, column in table.items()} == {
        "finetune/cifar of demo/hpm": 3,
        "finetune/cifar of demo/mae": 3,
        "finetune/cifar": 1,
    }
    assert table["finetune/cifar of demo/mae"]["mean"] == pytest.approx(71.0)
    assert "seeds 0 of 0, 0 of 1, 0 of 2" in out


def test_test_time_augmentation_is_another_column(command, make, tmp_path):
    for name, tta in (("plain", {}), ("scales", {"tta": True})):
        make(name, {"test": {"mIoU": 40.5, "checkpoint": "x.pth", "weights": "student", **tta}})
    command("plain", "scales", "--json", "table.json")
    assert [column["label"] for column in data_of(tmp_path)] == ["demo/mae", "demo/mae (test-time augmentation)"]


def test_the_run_that_gave_the_backbone_counts_too(command, make, tmp_path):
    """One detector from two seeds of MAE and from nothing: the file makes no other column, its run does."""
    config = "configs/demo/detector.py"
    starts = {}
    for seed in (0, 1):
        source = make(f"mae_{seed}", final(0.0), seed, model=dict(type="mae"))
        starts[f"mae_{seed}"] = str(source / "epoch_9.pth")
    for name, start in {**starts, "nothing": None}.items():
        backbone = dict(init_cfg=dict(type="MIMPretrained", checkpoint=start))
        metrics = {"test": {"box/AP": 20.0 if start else 10.0}}
        make(f"det_{name}", metrics, 0, config=config, model=dict(type="MaskRCNN", backbone=backbone))
    _, _, errors = command("det_*", "--json", "table.json")
    assert not errors
    table = {column["label"]: column["metrics"]["test/box/AP"] for column in data_of(tmp_path)}
    assert {label: (column["mean"], column["n"]) for label, column in table.items()} == {
        "demo/detector of demo/mae": (20.0, 2),
        "demo/detector": (10.0, 1),
    }


def test_whose_weights_were_tested_counts_too(command, make, tmp_path):
    for weights, value in (("student", 30.0), ("ema", 40.0)):
        make(weights, {"test": {"knn/best": value, "knn/best_k": 10, "checkpoint": "x.pth", "weights": weights}})
    _, out, _ = command("student", "ema", "--json", "table.json")
    assert [column["label"] for column in data_of(tmp_path)] == ["demo/mae", "demo/mae (ema)"]
    assert "test/knn/best " in out and "best_k" not in out


def test_a_folder_that_was_resumed_and_tested_is_still_the_same_run(command, make, tmp_path):
    for seed in (0, 1):
        folder = make(f"run_{seed}", final(30.0 + seed), seed)
    for start, settings in (("2", dict(resume=True)), ("3", dict(randomness=dict(seed=7)))):
        later = folder / start / "vis_data"
        later.mkdir(parents=True)
        Config(dict(load_from=str(folder / "epoch_3.pth"), resume=False) | settings).dump(later / "config.py")
    _, out, _ = command("run_*")
    assert "30.50 ± 0.71 (2)" in out and "seeds 0, 1" in out


def test_metrics_by_pattern(command, make):
    make("a", {**final(30.0), "loss": 1})
    _, out, _ = command("a", "--metric", "knn/*/top1_k10", "loss")
    assert [line.split("│")[1].strip() for line in out.splitlines() if line.startswith("│")] == [
        "knn/start/top1_k10",
        "knn/end/top1_k10",
        "loss",
    ]
    code, out, errors = command("a", "--metric", "knn/end/top_k10")
    assert (code, errors) == (2, "error: --metric knn/end/top_k10: no run has it; did you mean knn/end/top1_k10?\n")


def test_missing_and_broken_things_are_one_line_each(command, make, tmp_path):
    make("a", final(30.0), 0)
    make("b", {"knn": {"end": {}}}, 1)
    make("torn", {}, 2)
    (tmp_path / "torn" / "metrics.json").write_text("{")
    make("odd", final(1.0), 3)
    (tmp_path / "odd" / "1" / "vis_data" / "config.py").write_text("import os\nlr = os.getpid()\n")
    (tmp_path / "unfinished").mkdir()
    code, out, errors = command("a", "b", "torn", "odd", "unfinished", "none", "no*")
    assert code == 0
    lines = errors.splitlines()
    assert len(lines) == 6
    for start, line in zip(
        (
            "left out: torn/metrics.json is not valid JSON",
            "left out: odd/1/vis_data/config.py is no resolved config",
            "left out: run unfinished has no metrics.json: the run measured nothing yet",
            "left out: run none does not exist",
            "left out: run no* does not exist",
            "note: demo/mae: knn/end/top1_k10 is missing in b",
        ),
        lines,
        strict=True,
    ):
        assert line.startswith(start)
    assert "30.00 (1)" in out
    code, _, errors = command("none")
    assert code == 2
    (line,) = errors.splitlines()
    assert line.startswith("error: no run to compare; give work dirs that hold a metrics.json (")


def test_one_seed_twice_is_said(command, make):
    make("a", final(30.0), 0)
    make("b", final(31.0), 0)
    assert "several runs with seed 0; they are no independent runs" in command("a", "b")[2]


def test_markdown(command, make):
    make("a", final(30.0), 0)
    make("b", final(33.0), 1)
    out = command("a", "b", "--markdown")[1]
    assert out.splitlines() == [
        "- A: demo/mae; seeds 0, 1",
        "",
        "mean ± standard deviation (number of runs)",
        "",
        "| metric | A |",
        "| --- | --: |",
        f"| knn/end/top1_k10 | 31.50 ± {math.sqrt(4.5):.2f} (2) |",
    ]


def folder(root: str, **more) -> dict:
    return dict(batch_size=64, dataset=dict(type="CustomDataset", data_root=root, **more))


def loaders(name: str, **more) -> dict:
    """Training and validation on a folder of images, as a linear probe's config has them."""
    train = dict(
        batch_size=64, dataset=dict(type="SeededDataset", dataset=folder(f"data/{name}/train", **more)["dataset"])
    )
    return dict(train_dataloader=train, val_dataloader=folder(f"data/{name}/test"))


def top1(value: float) -> dict:
    return {"val": {"end": {"accuracy/top1": value}}}


def rows_of(out: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if line.startswith("│")]


def test_runs_on_other_data_are_two_rows_and_no_seeds_of_each_other(command, make, tmp_path):
    """Their mean, 91.10 ± 7.35, is of nothing."""
    make("cifar", top1(96.3), 0, "configs/finetune/vitb_100e.py", **loaders("cifar10"))
    make("stl", top1(85.9), 1, "configs/finetune/vitb_100e.py", **loaders("stl10"))
    _, out, errors = command("cifar", "stl", "--by", "config", "--json", "table.json")
    assert rows_of(out) == [
        ["val/end/accuracy/top1 (CIFAR-10)", "96.30 (1)", "-"],
        ["val/end/accuracy/top1 (STL-10)", "-", "85.90 (1)"],
    ]
    assert errors == "note: finetune/vitb_100e: not averaged over runs that differ in trained on, validated on\n"
    assert [next(iter(column["metrics"].values()))["data"] for column in data_of(tmp_path)] == ["CIFAR-10", "STL-10"]


def test_a_part_of_the_data_is_other_data(command, make):
    make("all", top1(60.0), 0, **loaders("cifar10"))
    make("part", top1(50.0), 1, **loaders("cifar10", indices=list(range(0, 50_000, 5))))
    _, out, _ = command("all", "part", "--by", "config")
    assert "A: demo/mae [trained on=CIFAR-10 train]" in out
    assert "B: demo/mae [trained on=CIFAR-10 (10000 images) train]" in out


def test_the_same_data_elsewhere_and_read_by_more_workers_is_the_same(command, make):
    for seed, place in enumerate(("data", "/fast/disk")):
        settings = loaders("cifar10")
        settings["val_dataloader"]["dataset"]["data_root"] = f"{place}/cifar10/test"
        settings["val_dataloader"]["num_workers"] = seed
        make(place.strip("/").replace("/", "_"), top1(60.0 + seed), seed, **settings)
    _, out, errors = command("data", "fast_disk")
    assert rows_of(out) == [["val/end/accuracy/top1 (CIFAR-10)", "60.50 ± 0.71 (2)"]]
    assert not errors


@pytest.mark.parametrize(
    "settings",
    [
        dict(train_cfg=dict(type="PretrainLoop", max_epochs=400)),
        dict(custom_hooks=[dict(type="SelectionHook", budget=0.2)]),
        dict(load_from="elsewhere/hpm/epoch_200.pth"),
    ],
    ids=["length", "budget", "weights of an unknown run"],
)
def test_also_by_config_what_changes_the_experiment_is_not_averaged(command, make, settings):
    usual = dict(
        train_cfg=dict(type="PretrainLoop", max_epochs=200),
        custom_hooks=[dict(type="SelectionHook", budget=0.37)],
        load_from="elsewhere/mae/epoch_200.pth",
    )
    make("a", top1(80.0), 0, **usual)
    make("b", top1(82.0), 1, **usual)
    make("c", top1(90.0), 2, **{**usual, **settings})
    _, out, errors = command("a", "b", "c", "--by", "config")
    assert rows_of(out) == [["val/end/accuracy/top1", "81.00 ± 1.41 (2)", "90.00 (1)"]]
    assert "not averaged over runs that differ in" in errors


def test_another_epoch_of_the_same_pre_training_is_another_start(command, make):
    for seed in (0, 1):
        source = make(f"mae_{seed}", final(0.0), seed)
        for epoch in (100, 200):
            start = str(source / f"epoch_{epoch}.pth")
            make(f"ft_{seed}_{epoch}", top1(epoch + seed), 0, config="configs/finetune/a.py", load_from=start)
    _, out, _ = command("ft_*", "--by", "config")
    assert rows_of(out) == [["val/end/accuracy/top1", "100.5 ± 0.7 (2)", "200.5 ± 0.7 (2)"]]


def test_the_teacher_of_a_seed_is_no_other_teacher_but_that_of_another_method_is(command, make):
    teachers = {seed: make(f"mae_{seed}", final(0.0), seed) for seed in (0, 1)}
    teachers[2] = make("hpm_2", final(0.0), 2, config="configs/demo/hpm.py", model=dict(type="hpm"))
    for seed, place in teachers.items():
        model = dict(
            type="gpa", teachers=dict(mae=dict(type="PretrainedTeacher", checkpoint=str(place / "epoch_6.pth")))
        )
        make(f"gpa_{seed}", final(30.0 + seed), seed, config="configs/demo/gpa.py", model=model)
    for by in ("settings", "config"):
        _, out, _ = command("gpa_*", "--by", by)
        assert rows_of(out) == [["knn/end/top1_k10", "30.50 ± 0.71 (2)", "32.00 (1)"]]


def test_a_batch_counts_over_all_processes(command, make, tmp_path):
    for name, processes, accumulated in (("a", 8, 1), ("b", 4, 2), ("c", 4, 1)):
        place = make(name, top1(80.0), 0, optim_wrapper=dict(accumulative_counts=accumulated), **loaders("imagenet"))
        record = {"config": "configs/demo/mae.py", "seed": ord(name), "world_size": processes}
        (place / "1" / "run.json").write_text(json.dumps(record))
    _, out, _ = command("a", "b", "c")
    assert "A: demo/mae [batch=512]; seeds 97, 98" in out and "B: demo/mae [batch=256]; seeds 99" in out


def test_a_test_on_other_data_is_labelled_with_it(command, make):
    """Old records tell by the config of the test, new ones by themselves."""
    old = make("old", top1(80.0), 0, **loaders("cifar10"))
    later = old / "2" / "vis_data"
    later.mkdir(parents=True)
    test = dict(load_from=str(old / "epoch_9.pth"), test_dataloader=folder("/data/stl10/test"))
    Config(test).dump(later / "config.py")
    metrics = {**top1(80.0), "test": {"accuracy/top1": 70.0, "checkpoint": str(old / "epoch_9.pth")}}
    (old / "metrics.json").write_text(json.dumps(metrics))
    make("new", {"test": {"accuracy/top1": 71.0, "checkpoint": "x.pth", "data": "CIFAR-100"}}, 0, **loaders("cifar10"))
    _, out, _ = command("old", "new", "--metric", "test/*")
    assert [row[0] for row in rows_of(out)] == ["test/accuracy/top1 (STL-10)", "test/accuracy/top1 (CIFAR-100)"]


def test_relative_paths_of_weights_are_those_of_the_folder_that_a_run_was_started_in(command, make, tmp_path):
    make("there/work_dirs/mae", final(0.0), 3)
    place = make("ft", top1(70.0), 0, config="configs/finetune/a.py", load_from="work_dirs/mae/epoch_9.pth")
    record = {"config": "configs/finetune/a.py", "seed": 0, "folder": str(tmp_path / "there")}
    (place / "1" / "run.json").write_text(json.dumps(record))
    assert "A: finetune/a of demo/mae; seeds 0 of 3" in command("ft")[1]


TABLE = """
rows = {
    "small": ({"fine-tuned": 83.3, "linear": 61.2}, {"model.names": {}}),
    "large": (82.9, {}),
    "odd": (None, {}),
}
"""


def test_a_table_has_the_papers_figures_beside_ours(command, make, tmp_path):
    table = tmp_path / "configs" / "demo" / "table.py"
    table.parent.mkdir(parents=True)
    table.write_text(TABLE)
    for seed, row in enumerate(("table.py:small", "table_small.py")):  # by the row, and by the file that it was
        source = make(f"work_dirs/{seed}", final(30.0 + seed), seed, config=f"configs/demo/{row}")
        start = str(source / "epoch_9.pth")
        tuned = {"val": {"end": {"accuracy/top1": 83.0 + seed}}}
        make(f"work_dirs/ft_{seed}", tuned, seed, config="configs/finetune/a.py", load_from=start)
    make("elsewhere", final(20.0), 0, config="configs/demo/table.py:large")
    code, out, _ = command("--table", table)
    assert code == 0
    (small,) = (line for line in out.splitlines() if "small" in line)
    cells = [cell.strip() for cell in small.split("│")[1:-1]]
    assert cells[:5] == ["small", "83.3", "83.50 ± 0.71 (2)", "61.2", ""]
    assert "30.50 ± 0.71 (2)" in cells and "finetune/a" in cells[-1]
    assert "82.9" in out and "20.00 (1)" not in out
    _, out, _ = command("--table", table, "elsewhere", "--markdown")
    assert "| large | 82.9 |" in out and "20.00 (1)" in out


def test_a_table_is_asked_for_rightly(command, tmp_path, make):
    (tmp_path / "plain.py").write_text("a = 1\n")
    code, _, errors = command("--table", "plain.py")
    assert code == 2 and "--table plain.py: this config has no rows" in errors
    with pytest.raises(SystemExit):
        command()
