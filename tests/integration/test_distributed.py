"""Two processes at half the batch train as one at the whole batch."""

import json

import pytest
import torch


def curve(work_dir) -> list[dict]:
    path = next(work_dir.glob("*/vis_data/2*.json"))
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_two_gloo_processes_give_the_loss_curve_of_one(run_script, train_here, micro_config, tmp_path):
    """HPM with its masks, EMA teacher and clipping, 24 steps."""
    same_draws = ("--cfg-options", "model.encoder.drop_path=0.0")  # stochastic depth draws per process
    two = run_script(
        "dist_train.sh",
        micro_config,
        2,
        "--work-dir",
        tmp_path / "two",
        *same_draws,
        "train_dataloader.batch_size=4",
    )
    assert two.returncode == 0, two.stderr[-3000:]
    assert "2 processes on CPU" in two.stdout
    assert (
        "learning rate: 2 processes x 4 images x 1 accumulation = batch 8 -> 2.0e-02 x 8/256 = 6.25e-04" in two.stdout
    )
    code, _, errors = train_here(micro_config, "--work-dir", tmp_path / "one", *same_draws)
    assert code == 0, errors
    one, both = curve(tmp_path / "one"), curve(tmp_path / "two")
    assert len(one) == len(both) == 24
    for name in ("loss", "loss_reconstruct", "loss_predict_loss", "grad_norm", "lr"):
        assert [row[name] for row in both] == pytest.approx([row[name] for row in one], rel=1e-5), name
    assert one[-1]["loss_reconstruct"] < one[0]["loss_reconstruct"]


@pytest.mark.slow
def test_a_run_of_two_processes_goes_on_in_one(run_script, train_here, micro_config, tmp_path):
    """After 15 steps of 2 x 4 images: with 1 x 8, and with 1 x 4 of which two are accumulated."""
    same_draws = ("--cfg-options", "model.encoder.drop_path=0.0")
    code, _, errors = train_here(micro_config, "--work-dir", tmp_path / "one", *same_draws)
    assert code == 0, errors
    half = (*same_draws, "train_dataloader.batch_size=4")
    two = run_script("dist_train.sh", micro_config, 2, "--work-dir", tmp_path / "two", *half, "schedule.stop=2")
    assert two.returncode == 0, two.stderr[-3000:]
    saved = tmp_path / "two" / "iter_15.pth"
    twice = (*half, "optim_wrapper.accumulative_counts=2", "default_hooks.checkpoint.interval=4")
    for name, options, begin in (("whole", same_draws, 15), ("halves", twice, 30)):
        code, output, errors = train_here(micro_config, "--work-dir", tmp_path / name, "--resume", saved, *options)
        assert code == 0, errors
        assert f"resumed epoch: 1, iter: {begin}" in output and "schedule.stop: 2 -> 3" in output
        rows = curve(tmp_path / name)
        steps = len(rows) // 9
        assert len(rows) == 9 * steps
        for key in ("loss", "lr"):
            values = [sum(row[key] for row in rows[i : i + steps]) / steps for i in range(0, len(rows), steps)]
            wanted = [row[key] for row in curve(tmp_path / "one")[15:]]
            assert values == pytest.approx(wanted, rel=1e-4), (name, key)


ADAPTIVE = """
_base_ = "{base}"
model = dict(
    encoder=dict(drop_path=0.0),
    masking=dict(
        score=dict(type="SalienceScore", prenorm=True, _delete_=True),
        policy=dict(type="NoisyPolicy", _delete_=True),
        ratio=dict(type="AdaptiveRatio", ratio=0.6, spread=0.3, threshold=0.4, _delete_=True),
    ),
    tasks=dict(predict_loss=None),
    teachers=dict(ema=None),
)
schedule = dict(epochs=2)
"""


def test_adaptive_ratios_weigh_every_patch_of_the_global_batch_the_same(run_script, train_here, micro_config, tmp_path):
    """Two processes hide different numbers of patches, and still train as one does.

    For the first steps: later, a patch whose salience is next to the threshold may fall on either side by rounding.
    """
    config = tmp_path / "adaptive.py"
    config.write_text(ADAPTIVE.format(base=micro_config))
    half = ("--cfg-options", "train_dataloader.batch_size=4")
    two = run_script("dist_train.sh", config, 2, "--work-dir", tmp_path / "two", *half)
    assert two.returncode == 0, two.stderr[-3000:]
    code, _, errors = train_here(config, "--work-dir", tmp_path / "one")
    assert code == 0, errors
    one, both = curve(tmp_path / "one"), curve(tmp_path / "two")
    assert len(one) == len(both) == 16
    for name in ("loss", "grad_norm"):
        assert [row[name] for row in both[:6]] == pytest.approx([row[name] for row in one[:6]], rel=1e-5), name


def test_dist_train_asks_for_the_number_of_processes(run_script, micro_config):
    done = run_script("dist_train.sh", micro_config)
    assert done.returncode == 2
    assert "usage: tools/dist_train.sh CONFIG N" in done.stderr


WATCH = '''
import torch
from mmengine.hooks import Hook
from timm.layers import DropPath

from mimseg.registry import HOOKS


@HOOKS.register_module(force=True)
class WatchDraws(Hook):
    """Write down, for each process, what masks and drop path draw."""

    def before_train(self, runner):
        self.masks, self.drops = [], []
        generator = runner.bare_model.masking
        generator.register_forward_hook(lambda module, inputs, mask: self.masks.append(mask.mask.clone()))
        for part in runner.bare_model.encoder.modules():
            if isinstance(part, DropPath):
                part.register_forward_hook(lambda module, inputs, out: self.drops.append(out.flatten(1).any(1).clone()))

    def after_train(self, runner):
        drawn = dict(masks=torch.stack(self.masks), drops=torch.stack(self.drops))
        torch.save(drawn, f"{runner.work_dir}/drawn_{runner.rank}_of_{runner.world_size}.pth")
'''
DROPPING = """
_base_ = "{base}"
custom_imports = dict(imports=["watch_draws"])
custom_hooks = [dict(type="WatchDraws")]
model = dict(
    encoder=dict(drop_path=0.5),
    masking=dict(score=None, policy=dict(type="RandomPolicy", _delete_=True)),
    tasks=dict(predict_loss=None),
    teachers=dict(ema=None),
)
schedule = dict(epochs=2)
"""


def test_processes_mask_as_one_and_drop_paths_apart(run_script, train_here, micro_config, tmp_path):
    """Also with drop path, whose draws differ between processes (public codes seed by rank)."""
    (micro_config.parent / "watch_draws.py").write_text(WATCH)
    config = tmp_path / "dropping.py"
    config.write_text(DROPPING.format(base=micro_config))
    half = ("--cfg-options", "train_dataloader.batch_size=4")
    two = run_script("dist_train.sh", config, 2, "--work-dir", tmp_path / "two", *half)
    assert two.returncode == 0, two.stderr[-3000:]
    code, _, errors = train_here(config, "--work-dir", tmp_path / "one")
    assert code == 0, errors
    first, second = (torch.load(tmp_path / "two" / f"drawn_{rank}_of_2.pth") for rank in range(2))
    one = torch.load(tmp_path / "one" / "drawn_0_of_1.pth")
    assert len(one["masks"]) == 16
    assert torch.equal(torch.stack([first["masks"], second["masks"]], dim=2).flatten(1, 2), one["masks"])
    assert first["drops"].shape == second["drops"].shape and 0.3 < first["drops"].float().mean() < 0.95
    assert not torch.equal(first["drops"], second["drops"])
