"""MAE on chosen images: PASS itself, and two processes that choose and train as one."""

import json

import numpy as np
import pytest

PASS = """
_base_ = "{base}"
find_unused_parameters = True
model = dict(
    encoder=dict(drop_path=0.0),
    masking=dict(score=None, policy=dict(type="RandomPolicy", _delete_=True)),
    tasks=dict(
        predict_loss=dict(loss=dict(type="AbsolutePatchLoss", _delete_=True)),
    ),
    teachers=dict(ema=None),
)
schedule = dict(epochs=4)
custom_hooks = _base_.custom_hooks + [
    dict(
        type="SelectionHook",
        selector=dict(type="WSSSelector", tau=0.1),
        warmup_epochs=2,
        interval=1,
        budget=0.7,
        dt_epochs=1,
        keep_last_block=False,
    ),
]
"""


def curve(work_dir) -> list[dict]:
    path = next(work_dir.glob("*/vis_data/2*.json"))
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.slow
def test_two_gloo_processes_choose_the_same_images_and_train_as_one(run_script, train_here, micro_config, tmp_path):
    """64 images; (0.7 * 4 - 2) / 2 = 0.4 of them, 26, from the third epoch on: three batches of 8."""
    config = tmp_path / "pass.py"
    config.write_text(PASS.format(base=micro_config))
    half = ("--cfg-options", "train_dataloader.batch_size=4")
    two = run_script("dist_train.sh", config, 2, "--work-dir", tmp_path / "two", *half)
    assert two.returncode == 0, two.stderr[-3000:]
    code, _, errors = train_here(config, "--work-dir", tmp_path / "one")
    assert code == 0, errors
    one, both = curve(tmp_path / "one"), curve(tmp_path / "two")
    assert len(one) == len(both) == 8 + 8 + 3 + 3
    assert [("loss_predict_loss" in row) for row in one] == [False] * 8 + [True] * 8 + [True] * 3 + [False] * 3
    for name in ("loss", "lr"):
        assert [row[name] for row in both] == pytest.approx([row[name] for row in one], rel=1e-4), name
    for round_ in (1, 2):
        alone, together = (np.load(tmp_path / run / f"selection/round_0{round_}.npz") for run in ("one", "two"))
        np.testing.assert_allclose(together["scores"], alone["scores"], rtol=1e-3)
        assert together["kept"].tolist() == alone["kept"].tolist() and len(alone["kept"]) == 26
    seen = json.loads((tmp_path / "two" / "metrics.json").read_text())["selection"]["images_seen"]
    assert seen == {"planned": round(0.7 * 4 * 64), "actual": 2 * 64 + 2 * 24}
