"""From a pre-trained encoder to a tested classifier, by the commands that a user types."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mimseg.apis import load_config
from mimseg.checkpoints import read_checkpoint
from mimseg.registry import MODELS

ROOT = Path(__file__).parents[2]
SMALL = """
_base_ = "{root}/configs/{kind}/cifar10_vit-micro.py"
model = dict(encoder=dict(arch=dict(embed_dim=32, depth=2, num_heads=2, _delete_=True)))
train_dataloader = dict(batch_size=8, num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = dict(num_workers=0, persistent_workers=False)
optim_wrapper = dict(optimizer=dict(lr={lr}))
schedule = dict(epochs=3, warmup_epochs=1)
default_hooks = dict(logger=dict(interval=1))
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Bright and dark pictures, one class each, and a third class that is neither."""
    root = tmp_path_factory.mktemp("classes")
    generator = np.random.default_rng(0)
    for split, number in (("train", 16), ("val", 5)):
        for name, level in (("bright", 200), ("dark", 40), ("grey", 120)):
            (root / split / name).mkdir(parents=True)
            for index in range(number):
                picture = (level + generator.integers(-30, 31, (32, 32, 3))).astype(np.uint8)
                cv2.imwrite(str(root / split / name / f"{index}.png"), picture)
    return root


@pytest.fixture
def configs(tmp_path):
    """Small versions of the linear and the fine-tuning config of CIFAR-10."""
    written = {}
    for kind, lr in (("linear", 3.0), ("finetune", 0.03)):
        written[kind] = tmp_path / f"{kind}.py"
        written[kind].write_text(SMALL.format(root=ROOT, kind=kind, lr=lr))
    return written


@pytest.fixture
def pretrained(tmp_path):
    """A checkpoint of an MAE model of that size."""
    torch.manual_seed(3)
    cfg = load_config(ROOT / "configs/cifar10/mae_vit-micro.py").model
    cfg.encoder.arch = dict(embed_dim=32, depth=2, num_heads=2)
    model = MODELS.build({**cfg, "_scope_": "mimseg"})
    torch.save({"state_dict": model.state_dict(), "meta": {}}, tmp_path / "mae.pth")
    return tmp_path / "mae.pth"


def weights(path):
    return read_checkpoint(path)["state_dict"]


@pytest.mark.parametrize("kind", ["linear", "finetune"])
def test_init_train_validate_and_test(call_here, configs, pretrained, folders, tmp_path, kind):
    run = tmp_path / "run"
    code, out, err = call_here(
        "train.py", configs[kind], "--data", folders, "--init", pretrained, "--work-dir", run, "--seed", 1
    )
    assert code == 0, err
    final = weights(run / "epoch_3.pth")
    same = torch.equal(final["encoder.patch_embed.weight"], weights(pretrained)["encoder.patch_embed.weight"])
    assert same == (kind == "linear")
    validated = json.loads((run / "metrics.json").read_text())["val"]
    assert set(validated) == {"epoch_1", "epoch_2", "epoch_3", "end"}
    assert validated["end"]["accuracy/top1"] > 60  # chance is 33
    assert list(run.glob("best_accuracy_top1_epoch_*.pth"))
    options = ("--cfg-options", "model.num_classes=3", f"test_dataloader.dataset.data_root={folders / 'val'}")
    metric = "test_evaluator.topk=1"
    code, out, err = call_here(
        "test.py", configs[kind], run / "epoch_3.pth", "--work-dir", tmp_path / "test", *options, metric
    )
    assert code == 0, err
    tested = json.loads((tmp_path / "test" / "metrics.json").read_text())["test"]
    assert tested["accuracy/top1"] == pytest.approx(validated["end"]["accuracy/top1"])
    assert f"{tested['accuracy/top1']:.2f}" in out


@pytest.mark.parametrize("averaged", [False, True])
def test_a_resumed_fine_tuning_is_bit_identical(call_here, configs, folders, tmp_path, averaged):
    """Mixup, CutMix, RandAugment, drop path, validations between the epochs and a moving average included.

    Both start from random weights; only the one that does not say that it means to is warned.
    """
    if averaged:
        hook = 'custom_hooks = [*_base_.custom_hooks, dict(type="EMAHook", momentum=0.2)]\n'
        scratch = "load_options = dict(scratch=True)\n"
        configs["finetune"].write_text(configs["finetune"].read_text() + hook + scratch)
    options = ("--data", folders, "--cfg-options", "default_hooks.checkpoint.max_keep_ckpts=5")
    _, out, err = call_here("train.py", configs["finetune"], "--work-dir", tmp_path / "whole", *options)
    assert ("starts from random weights: --init FILE" in out + err) != averaged
    code, _, err = call_here(
        "train.py",
        configs["finetune"],
        "--work-dir",
        tmp_path / "resumed",
        "--resume",
        tmp_path / "whole" / "epoch_1.pth",
        *options,
    )
    assert code == 0, err
    whole, resumed = (weights(tmp_path / name / "epoch_3.pth") for name in ("whole", "resumed"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    last = read_checkpoint(tmp_path / "whole" / "epoch_3.pth")
    assert ("ema_state_dict" in last) == averaged
    if averaged:  # what is saved as the model's weights, and validated, is the average
        assert not torch.equal(whole["head.weight"], last["ema_state_dict"]["module.head.weight"])


BUFFER_HOOK = '''
import torch
from mmengine.hooks import Hook

from mimseg.registry import HOOKS


@HOOKS.register_module(force=True)
class BufferHook(Hook):
    """Keep what this process would save of BatchNorm."""

    priority = "VERY_LOW"

    def after_train_epoch(self, runner):
        torch.save(runner.bare_model.norm.state_dict(), f"{runner.work_dir}/norm_{runner.rank}.pth")
'''


def test_processes_share_their_batch_statistics(run_script, micro_config, configs, folders, tmp_path):
    (micro_config.parent / "buffer_hook.py").write_text(BUFFER_HOOK)
    hook = 'custom_hooks = [*_base_.custom_hooks, dict(type="BufferHook")]\n'
    imports = 'custom_imports = dict(imports=["buffer_hook"])\n'
    configs["linear"].write_text(configs["linear"].read_text() + imports + hook)
    run = tmp_path / "run"
    options = ("--data", folders, "--cfg-options", "schedule.epochs=2", "train_dataloader.batch_size=4")
    done = run_script("dist_train.sh", configs["linear"], 2, "--work-dir", run, *options)
    assert done.returncode == 0, done.stderr[-3000:]
    first, second = (torch.load(run / f"norm_{rank}.pth", weights_only=True) for rank in range(2))
    saved = weights(run / "epoch_2.pth")
    assert first["running_mean"].any()
    for name in ("running_mean", "running_var"):
        assert torch.equal(first[name], second[name]) and torch.equal(first[name], saved[f"norm.{name}"])


def test_a_pretraining_checkpoint_is_no_classifier(call_here, configs, pretrained, tmp_path):
    code, _, err = call_here("test.py", configs["linear"], pretrained, "--work-dir", tmp_path / "test")
    assert code == 2
    assert "norm.running_mean" in err and len(err.strip().splitlines()) == 1


def test_classes_that_do_not_fit_are_one_line(call_here, configs, folders, tmp_path):
    paths = (
        f"train_dataloader.dataset.dataset.data_root={folders / 'train'}",
        f"val_dataloader.dataset.data_root={folders / 'val'}",
        "val_evaluator.topk=1",
    )
    for options, message in (
        ((*paths, "model.num_classes=2"), "train_dataloader has 3 classes, but model.num_classes=2"),
        ((*paths[::2], "model.num_classes=3", f"val_dataloader.dataset.data_root={tmp_path}"), "'bright' is in one of"),
    ):
        for name in ("dark", "grey"):
            (tmp_path / name).mkdir(exist_ok=True)
            cv2.imwrite(str(tmp_path / name / "0.png"), np.zeros((32, 32, 3), np.uint8))
        code, _, err = call_here(
            "train.py", configs["linear"], "--work-dir", tmp_path / "run", "--cfg-options", *options
        )
        assert code == 2
        assert message in err
        assert len(err.strip().splitlines()) == 1
