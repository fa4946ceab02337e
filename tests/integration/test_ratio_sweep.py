"""A sweep over mask ratios with the real scripts, on a handful of small pictures."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from mimseg.apis.studies.ratio_sweep import RatioSweep

ROOT = Path(__file__).parents[2]
PRETRAIN = """
_base_ = "{root}/configs/cifar10/mae_vit-micro.py"
model = dict(encoder=dict(arch=dict(embed_dim=32, depth=2, num_heads=2, _delete_=True)), neck=dict(width=32))
train_dataloader = dict(
    batch_size=8, num_workers=0, persistent_workers=False, dataset=dict(dataset=dict(data_root="{data}/train"))
)
data = dict(watch=[])
schedule = dict(epochs=1, warmup_epochs=0)
"""
KNN = """
_base_ = "{root}/configs/knn/cifar10_vit-micro.py"
model = dict(encoder=dict(arch=dict(embed_dim=32, depth=2, num_heads=2, _delete_=True)))
test_dataloader = dict(num_workers=0, dataset=dict(data_root="{data}/val"))
test_cfg = dict(ks=(5,), neighbours=dict(num_workers=0, dataset=dict(data_root="{data}/train")))
"""


@pytest.fixture
def configs(tmp_path):
    """Configs of a small MAE and of its k-NN test, on bright and dark pictures."""
    generator = np.random.default_rng(0)
    for split, number in (("train", 12), ("val", 6)):
        for name, level in (("bright", 200), ("dark", 60)):
            (tmp_path / split / name).mkdir(parents=True)
            for index in range(number):
                picture = (level + generator.integers(-40, 41, (32, 32, 3))).astype(np.uint8)
                cv2.imwrite(str(tmp_path / split / name / f"{index}.png"), picture)
    written = []
    for name, text in (("mae", PRETRAIN), ("knn", KNN)):
        written.append(tmp_path / f"{name}.py")
        written[-1].write_text(text.format(root=ROOT, data=tmp_path))
    return written


def test_two_ratios_with_the_real_scripts(call_here, configs, tmp_path):
    calls = []

    def launch(command, log):
        calls.append(Path(command[0]).name)
        code, out, err = call_here(*command)
        log.write_text(out + err)
        return code

    def sweep(**settings):
        settings = dict(evaluate=str(configs[1]), launch=launch) | settings
        return RatioSweep([str(configs[0])], [0.5, 0.9], tmp_path / "sweep", ROOT / "tools", **settings)

    sweep().run(log=lambda line: None)
    assert calls == ["train.py", "test.py"] * 2
    (curve,) = sweep().collect("test/knn/top1_k5").curves.values()
    assert list(curve) == [0.5, 0.9] and all(0 <= value <= 100 for value in curve.values())
    for ratio in ("0.5", "0.9"):
        folder = tmp_path / "sweep" / tmp_path.name / "mae" / ratio
        (resolved,) = (folder / "pretrain").glob("*/vis_data/config.py")
        assert f"ratio={ratio}" in resolved.read_text().replace(" ", "")
        tested = json.loads((folder / f"{tmp_path.name}_knn" / "metrics.json").read_text())["test"]
        assert tested["knn/top1_k5"] == curve[float(ratio)]
        assert Path(tested["checkpoint"]) == folder / "pretrain" / "epoch_1.pth"
    sweep().run(log=lambda line: None)
    assert len(calls) == 4


@pytest.mark.slow
def test_the_command_starts_processes(configs, tmp_path):
    def command(*options):
        words = [sys.executable, ROOT / "tools/analysis/robustness.py", configs[0], "--ratios", 0.5, 0.9, *options]
        return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=280, cwd=ROOT)

    done = command("--out", tmp_path / "sweep", "--evaluate", configs[1], "--metric", "test/knn/top1_k5")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "sweep" / "curves.png").is_file()
    done = command("--out", tmp_path / "other", "--cfg-options", "schedule.epochs=0")
    assert done.returncode == 2 and "schedule.epochs must be a whole number of at least 1" in done.stderr
    assert done.stderr.count("\n") == 1
