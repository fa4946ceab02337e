"""What ``tools/analysis/robustness.py`` runs, reuses, writes and tells its user, with stand-ins for the runs."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "analysis" / "robustness.py"
MAE, HPM = (str(ROOT / f"configs/cifar10/{name}_vit-micro.py") for name in ("mae", "hpm"))
KNN, LINEAR = (str(ROOT / f"configs/{kind}/cifar10_vit-micro.py") for kind in ("knn", "linear"))
TOP1 = {0.5: 30.0, 0.75: 40.0, 0.9: 34.0}


@pytest.fixture
def runs(monkeypatch):
    """Stand-ins for the processes: they write a checkpoint and metrics that follow from the mask ratio.

    Gives the commands called. ``fail`` names words of a command that fails once.
    """
    called, fail = [], []

    def run(words, stdout, stderr):
        assert words[0] == sys.executable or words[0].endswith(".sh")
        words = words[1:] if words[0] == sys.executable else words
        called.append(words)
        work_dir = Path(words[words.index("--work-dir") + 1])
        if fail and all(any(part in word for word in words) for part in fail[0]):
            fail.pop()
            stdout.write(b"some log\nerror: disk full\n\n")
            return 7, 0
        ratio = float(work_dir.parent.name)
        value = TOP1[ratio] + 10 * ("hpm" in str(work_dir))
        if work_dir.name == "pretrain":
            (work_dir / "epoch_5.pth").touch()
            metrics = {"knn": {"start": {"top1_k20": 10.0}, "end": {"top1_k20": value}}}
        elif Path(words[0]).stem.endswith("test"):
            metrics = {"test": {"knn/top1_k20": value + 1, "knn/best_k": 20, "checkpoint": "x"}}
        else:
            metrics = {"val": {"end": {"accuracy/top1": value + 2, "accuracy/top5": 99.0}}}
        (work_dir / "metrics.json").write_text(json.dumps(metrics))
        return 0, 0

    monkeypatch.setattr("mimseg.apis.studies.trial.run", run)
    return SimpleNamespace(called=called, fail=fail)


def values_of(folder):
    return json.loads((folder / "pimr.json").read_text())


def test_help_answers_without_importing_anything_heavy():
    code = (
        "import runpy, sys\n"
        "sys.argv = ['robustness.py', '--help']\n"
        "try: runpy.run_path(r'{script}', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    print(end.code, sorted({'torch', 'mmengine', 'numpy', 'matplotlib'} & sys.modules.keys()))\n"
    ).replace("{script}", str(SCRIPT))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=280)
    assert done.stdout.splitlines()[-1] == "0 []"
    for option in ("--ratios", "--evaluate", "--metric", "--out", "--seed", "--cfg-options", "--collect-only"):
        assert option in done.stdout


def test_one_model_by_what_its_pre_trainings_measure(command, runs, tmp_path):
    code, out, errors = command(
        MAE, "--ratios", 0.9, 0.5, 0.75, "--out", tmp_path, "--cfg-options", "schedule.epochs=5"
    )
    assert (code, errors) == (0, "")
    tools = ROOT / "tools"
    place = tmp_path / "cifar10" / "mae_vit-micro"
    assert runs.called == [
        [
            f"{tools}/train.py", MAE, "--resume", "--seed", "0", "--cfg-options", "schedule.epochs=5",
            f"model.masking.ratio.ratio={ratio}", "--work-dir", str(place / ratio / "pretrain"),
        ]
        for ratio in ("0.5", "0.75", "0.9")
    ]  # fmt: skip
    record = values_of(tmp_path)
    assert record["metric"] == "knn/end/top1_k20" and record["missing"] == []
    # 30, 40, 34: (34 - 30) / (40 - 30)
    assert record["models"]["cifar10/mae_vit-micro"] == [
        {"ratio": 0.5, "value": 30.0, "pimr": 0.0, "global_pimr": 0.0},
        {"ratio": 0.75, "value": 40.0, "pimr": 1.0, "global_pimr": 1.0},
        {"ratio": 0.9, "value": 34.0, "pimr": 0.4, "global_pimr": 0.4},
    ]
    assert (tmp_path / "table.md").read_text().splitlines() == [
        "| model | mask ratio | 0.5 | 0.75 | 0.9 |",
        "| --- | --- | --: | --: | --: |",
        "| cifar10/mae_vit-micro | knn/end/top1_k20 | 30.00 | 40.00 | 34.00 |",
        "| cifar10/mae_vit-micro | PIMR | 0.000 | 1.000 | 0.400 |",
    ]
    assert "0.400" in out and str(tmp_path) in out
    height, width, _ = np.asarray(Image.open(tmp_path / "curves.png")).shape
    assert width > 2 * height


def test_several_models_have_a_global_pimr_too(command, runs, tmp_path):
    code, out, _ = command(MAE, HPM, "--ratios", 0.5, 0.75, "--out", tmp_path, "--evaluate", KNN, "--seed", 3)
    assert code == 0
    models = values_of(tmp_path)["models"]
    # MAE 31, 41; HPM 41, 51: over both, 31 to 51
    assert [entry["global_pimr"] for entry in models["cifar10/mae_vit-micro"]] == [0.0, 0.5]
    assert [entry["global_pimr"] for entry in models["cifar10/hpm_vit-micro"]] == [0.5, 1.0]
    assert [entry["pimr"] for entry in models["cifar10/hpm_vit-micro"]] == [0.0, 1.0]
    assert "Global PIMR" in out and values_of(tmp_path)["metric"] == "test/knn/top1_k20"
    test = runs.called[1]
    folder = tmp_path / "cifar10" / "mae_vit-micro" / "0.5"
    assert test[1:] == [
        KNN,
        str(folder / "pretrain" / "epoch_5.pth"),
        "--work-dir",
        str(folder / "knn_cifar10_vit-micro"),
    ]
    assert "3" in runs.called[0]


def test_a_classifier_is_trained_from_each_checkpoint(command, runs, tmp_path):
    options = ("--evaluate", LINEAR, "--evaluate-options", "schedule.epochs=2", "--processes", 4)
    assert command(MAE, "--ratios", 0.5, 0.9, "--out", tmp_path, *options)[0] == 0
    assert values_of(tmp_path)["metric"] == "val/end/accuracy/top1"
    folder = tmp_path / "cifar10" / "mae_vit-micro" / "0.9"
    train = str(ROOT / "tools" / "dist_train.sh")
    assert runs.called[2][:3] == [train, MAE, "4"]
    assert runs.called[3] == [
        train, LINEAR, "4", "--init", str(folder / "pretrain" / "epoch_5.pth"), "--resume", "--seed", "0",
        "--cfg-options", "schedule.epochs=2", "--work-dir", str(folder / "linear_cifar10_vit-micro"),
    ]  # fmt: skip


def test_a_failed_run_is_named_and_the_same_command_goes_on(command, runs, tmp_path):
    runs.fail.append(("0.75", "knn_cifar10"))
    arguments = (MAE, "--ratios", 0.5, 0.75, 0.9, "--out", tmp_path, "--evaluate", KNN)
    code, out, errors = command(*arguments)
    folder = tmp_path / "cifar10" / "mae_vit-micro" / "0.75" / "knn_cifar10_vit-micro"
    assert code == 2 and errors == (
        f"error: the run in {folder} ended with exit code 7 (error: disk full); its log is {folder / 'stage.log'}, and "
        "the same command goes on from here\n"
    )
    assert len(runs.called) == 4 and not (tmp_path / "pimr.json").exists()
    code, out, errors = command(*arguments, "--collect-only")
    assert code == 0 and len(runs.called) == 4
    assert errors.splitlines() == [
        "not finished: cifar10/mae_vit-micro at 0.75; PIMR may change with it",
        "not finished: cifar10/mae_vit-micro at 0.9; PIMR may change with it",
        "note: PIMR of cifar10/mae_vit-micro is undefined: only one mask ratio has finished",
    ]
    assert values_of(tmp_path)["models"]["cifar10/mae_vit-micro"][0]["pimr"] is None
    code, out, errors = command(*arguments)
    assert (code, errors) == (0, "")
    done = [words[words.index("--work-dir") + 1] for words in runs.called[4:]]
    assert [Path(path).relative_to(folder.parents[1]).as_posix() for path in done] == [
        "0.75/knn_cifar10_vit-micro", "0.9/pretrain", "0.9/knn_cifar10_vit-micro",
    ]  # fmt: skip
    assert out.count("finished before") == 3
    assert [entry["ratio"] for entry in values_of(tmp_path)["models"]["cifar10/mae_vit-micro"]] == [0.5, 0.75, 0.9]


def test_runs_with_other_settings_are_not_reused(command, runs, tmp_path):
    assert command(MAE, "--ratios", 0.5, 0.9, "--out", tmp_path)[0] == 0
    for options, line in (
        (("--seed", 1), "was made with seed 0, asked for is 1: choose another folder"),
        (
            ("--cfg-options", "schedule.epochs=2"),
            "was made with options ['model.masking.ratio.ratio=0.5'], asked",
        ),
    ):
        code, _, errors = command(MAE, "--ratios", 0.5, 0.9, "--out", tmp_path, *options)
        assert code == 2 and line in errors and errors.count("\n") == 1
    assert len(runs.called) == 2


def test_a_metric_by_name_and_one_that_is_equal_everywhere(command, runs, tmp_path):
    arguments = (MAE, "--ratios", 0.5, 0.9, "--out", tmp_path)
    code, _, errors = command(*arguments, "--metric", "knn/start/top1_k20")
    assert code == 0
    assert errors == (
        "note: PIMR of cifar10/mae_vit-micro is undefined: knn/start/top1_k20 is equal at all mask ratios\n"
    )
    assert [entry["value"] for entry in values_of(tmp_path)["models"]["cifar10/mae_vit-micro"]] == [10.0, 10.0]
    code, _, errors = command(*arguments, "--metric", "knn/ende/top1_k20")
    assert code == 2 and "does not have it; did you mean knn/end/top1_k20?" in errors


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((MAE, "--ratios", 0.5, 1.0), "mask ratio 1 does not lie in (0, 1)"),
        ((MAE, "--ratios", 0.5, 0.5), "a sweep compares mask ratios: give at least two"),
        ((MAE, MAE, "--ratios", 0.5, 0.6), "are both called cifar10/mae_vit-micro; give each model once"),
        (("configs/cifar10/nae_vit-micro.py", "--ratios", 0.5, 0.6), "does not exist"),
        ((KNN, "--ratios", 0.5, 0.6), "FeatureExtractor masks and reconstructs nothing"),
        ((MAE, "--evaluate", HPM), "evaluates nothing; use one of configs/knn, configs/linear or configs/finetune"),
        ((MAE, "--cfg-options", "model.masking.ratio=None"), "model.masking.ratio must be a dict, got None"),
        ((MAE, "--collect-only"), "has finished: nothing to collect"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(command, runs, tmp_path, arguments, line):
    code, _, errors = command(*arguments, "--out", tmp_path)
    assert code == 2 and errors.startswith("error: ") and line in errors and errors.count("\n") == 1
    assert runs.called == []


def test_pimr_from_the_lowest_ratio(command, runs, tmp_path):
    code, _, _ = command(MAE, "--ratios", 0.5, 0.75, 0.9, "--out", tmp_path, "--pimr-from", "lowest-ratio")
    assert code == 0
    record = values_of(tmp_path)
    # 30 at 0.5, 40, 34: 0, 1, 0.4
    assert record["pimr_from"] == "lowest-ratio"
    assert [entry["pimr"] for entry in record["models"]["cifar10/mae_vit-micro"]] == [0.0, 1.0, 0.4]


@pytest.mark.parametrize(
    ("config", "ratio", "reason"),
    [
        ("configs/cifar10/sbam_mae-vit-micro_amr.py", 0.9, "ratio=0.9 with spread=0.15 reaches from 0.75 to 1.05"),
        ("configs/attmask/mae-vitb_400e_amt.py", 0.7, "masking.ratio=0.7 and masking.policy.throw=0.4 leave no patch"),
        ("configs/mae/ablations/uniform_vitb_200e.py", 0.6, "UniformPolicy masks three of every four"),
    ],
)
def test_a_ratio_that_a_model_cannot_have_is_refused_before_anything_is_trained(
    command, runs, tmp_path, config, ratio, reason
):
    code, _, errors = command(MAE, ROOT / config, "--ratios", 0.75, ratio, 0.8, "--out", tmp_path)
    assert code == 2 and errors.count("\n") == 1
    assert f"config {ROOT / config} at mask ratio {ratio:g}: " in errors and reason in errors
    assert runs.called == [] and not list(tmp_path.iterdir())


def test_an_option_for_one_model_is_given_to_that_one(command, runs, tmp_path):
    """An EMA teacher is HPM's alone; the schedule is everyone's."""
    options = ("model.teachers.ema.end=0.99", "schedule.epochs=3")
    code, _, errors = command(MAE, HPM, "--ratios", 0.5, 0.75, "--out", tmp_path, "--cfg-options", *options)
    assert (code, errors) == (0, "")
    given = [words[words.index("--cfg-options") + 1 : -3] for words in runs.called]
    assert given == [["schedule.epochs=3"]] * 2 + [list(options)] * 2
