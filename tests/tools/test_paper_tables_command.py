"""The papers' tables with runs beside them."""

import copy
import json
from functools import cache
from pathlib import Path

import pytest
from mmengine.config import Config

from mimseg.apis import load_config
from mimseg.apis.run.expand import expand_schedule

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "analysis" / "paper_tables.py"
HPM, MAE = "configs/hpm/vitb_200e.py", "configs/hpm/ablations/table1_rgb.py:none"
LINEAR, KNN = "configs/linear/vitb_100e.py", "configs/knn/vitb.py"


@cache
def resolved(config: str) -> Config:
    return load_config(ROOT / config)


@pytest.fixture
def run(tmp_path):
    """``run(folder, config, metrics, seed, init, seconds, **options)`` -> a work folder as a run leaves it."""

    def make(folder, config, metrics, seed=0, init=None, seconds=None, **options):
        cfg = copy.deepcopy(resolved(config))
        cfg.merge_from_dict({key.replace("__", "."): value for key, value in options.items()})
        if config != KNN:  # a test's is stored as it is written
            expand_schedule(cfg)
        cfg.load_from, cfg.work_dir = init, str(tmp_path / folder)
        place = tmp_path / folder / "20260101_000000"
        (place / "vis_data").mkdir(parents=True)
        lines = [f"{key} = {value!r}\n" for key, value in cfg.to_dict().items()]
        (place / "vis_data" / "config.py").write_text("".join(lines))
        record = {"config": str(ROOT / config), "seed": seed, "world_size": 8}
        (place / "run.json").write_text(json.dumps(record | ({"seconds": seconds} if seconds else {})))
        (tmp_path / folder / "metrics.json").write_text(json.dumps(metrics))
        return tmp_path / folder

    return make


def top1(value: float) -> dict:
    return {"val": {"end": {"accuracy/top1": value}}}


def ours(tmp_path, label: str) -> list[dict]:
    """Lines of a row of HPM's table 1."""
    (table,) = json.loads((tmp_path / "out.json").read_text())
    return next(row["ours"] for row in table["rows"] if row["label"] == label)


def test_without_runs_configs_and_figures_are_shown(command):
    code, out, errors = command("hpm:1", "PASS:2")
    assert (code, errors) == (0, "")
    assert "HPM, table 1" in out and "PASS, table 2" in out and "GPA" not in out
    (line,) = (line for line in out.splitlines() if "CLIP features + learn to mask" in line)
    assert [cell.strip() for cell in line.split("│")[2:-1]] == [
        "configs/hpm/vitb_200e_clip-target.py", "83.58", "62.22", "45.08", "200",
    ]  # fmt: skip
    assert "random weights" in out  # PASS's row without pre-training
    assert "ours" not in out


def test_runs_stand_beside_their_rows_as_mean_over_seeds(command, run, tmp_path):
    for seed in (0, 1):
        source = run(f"hpm_{seed}", HPM, {"knn": {}}, seed, seconds=7200.0 + 3600.0 * seed)
        start = str(source / "epoch_200.pth")
        run(f"linear_{seed}", LINEAR, top1(54.0 + seed), seed, start)
        run(f"knn_{seed}", KNN, {"test": {"knn/best": 36.0 + seed, "checkpoint": start}}, seed, start)
    run("mae", MAE, {"knn": {}}, 0)
    run("linear_mae", LINEAR, top1(50.0), 0, str(tmp_path / "mae" / "epoch_200.pth"))
    code, out, errors = command(
        "HPM:1", "--runs", tmp_path, "--json", tmp_path / "out.json", "--markdown", tmp_path / "p.md"
    )
    assert code == 0
    assert [line for line in errors.splitlines() if "linear" in line or "knn_" in line] == []
    (line,) = ours(tmp_path, "RGB + learn to mask")
    assert line["remark"] == ""
    assert line["metrics"]["linear"] == {"mean": 54.5, "std": pytest.approx(0.5**0.5), "n": 2, "values": [54.0, 55.0]}
    assert line["metrics"]["k-NN"]["mean"] == 36.5 and "fine-tuned" not in line["metrics"]
    # 2 and 3 hours of 8 processes
    assert (line["epochs"], line["budget"], line["hours"]) == (200.0, 1.0, 20.0)
    (line,) = ours(tmp_path, "RGB (MAE)")
    assert line["metrics"]["linear"]["mean"] == 50.0 and line["hours"] is None
    assert "54.50 ± 0.71 (2)" in out
    assert "| RGB + learn to mask | configs/hpm/vitb_200e.py" in (tmp_path / "p.md").read_text()


def test_what_differs_from_the_row_has_a_line_that_says_so(command, run, tmp_path):
    source = run("hpm", HPM, {"knn": {}})
    start = str(source / "epoch_200.pth")
    cifar = {
        "train_dataloader__dataset__dataset__data_root": "data/cifar10/train",
        "val_dataloader__dataset__data_root": "data/cifar10/test",
        "test_dataloader__dataset__data_root": "data/cifar10/test",
        "model__num_classes": 10,
    }
    run("right", LINEAR, top1(54.0), 0, start)
    run("cifar", LINEAR, top1(85.0), 0, start, **cifar)
    run("early", LINEAR, top1(40.0), 0, str(source / "epoch_50.pth"))
    run("rate", LINEAR, top1(51.0), 0, start, optim_wrapper__optimizer__lr=0.5)
    harder = run("harder", HPM, {"knn": {}}, 0, model__masking__ratio__ratio=0.9)
    run("ratio", LINEAR, top1(52.0), 0, str(harder / "epoch_200.pth"))
    small = {"train_dataloader__dataset__dataset__data_root": "data/pets/train"}
    pets = run("pets", HPM, {"knn": {}}, 0, **small)
    run("from_pets", LINEAR, top1(30.0), 0, str(pets / "epoch_200.pth"))
    command("HPM:1", "--runs", tmp_path, "--json", tmp_path / "out.json")
    lines = {line["remark"]: line["metrics"]["linear"]["mean"] for line in ours(tmp_path, "RGB + learn to mask")}
    assert lines == {
        "": 54.0,
        "on CIFAR-10": 85.0,
        "from epoch 50 of 200": 40.0,
        "optim_wrapper.optimizer.lr=0.5": 51.0,
        "model.masking.ratio.ratio=0.9": 52.0,
        "pre-trained on data/pets": 30.0,
    }


def test_a_subset_is_shown_with_the_share_of_images_that_it_saw(command, run, tmp_path):
    spent = {"selection": {"budget": {"planned": 0.37, "actual": 0.371}}}
    source = run("pass", "configs/pass/mae-vitb_200e.py", spent, seconds=900.0)
    run("linear", LINEAR, top1(52.0), 0, str(source / "epoch_200.pth"))
    _, out, _ = command("PASS:1", "--runs", tmp_path / "linear", tmp_path / "pass")
    (line,) = (line for line in out.splitlines() if "MAE, PASS" in line)
    assert "37.1%" in line and "2.00 h" in line and "0.59x" in line


def test_a_run_of_no_row_is_named(command, run, tmp_path):
    run("alone", LINEAR, top1(10.0))
    _, _, errors = command("HPM:1", "--runs", tmp_path)
    assert errors == f"note: {tmp_path / 'alone'} (linear/vitb_100e) belongs to no row of these tables\n"


def test_mistakes_are_one_line_each(command, tmp_path):
    code, _, errors = command("HMP")
    assert code == 2
    assert errors.startswith(
        "error: HMP: no such paper; there are FastMIM, GPA, hosts, HPM, PASS, SBAM; did you mean HPM?"
    )
    code, _, errors = command("SBAM:9")
    assert errors == "error: SBAM:9: no such table; SBAM has 1, 2, 3, F4, F7\n"
    code, _, errors = command("SBAM", "--runs", tmp_path)
    assert errors == f"error: runs {tmp_path}: no run in or below it; a run leaves a metrics.json when it ends\n"
    code, _, errors = command("SBAM", "--runs", tmp_path / "none")
    assert errors == f"error: runs {tmp_path / 'none'}: there is no such folder\n"
    assert code == 2
