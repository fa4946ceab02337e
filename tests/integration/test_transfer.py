"""From a pre-trained encoder to a tested detector and segmentor, by the commands that a user types."""

import json
import shutil
import sys
from pathlib import Path

import pytest
import torch

from mimseg.apis import load_config
from mimseg.checkpoints import read_checkpoint
from mimseg.datasets.scenes import write_scenes
from mimseg.registry import MODELS

ROOT = Path(__file__).parents[2]
ARCH = "dict(embed_dim=32, depth=4, num_heads=2, _delete_=True)"
LOADERS = """
train_dataloader = dict(batch_size=4, num_workers=0, persistent_workers=False)
val_dataloader = dict(batch_size=2, num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader
optim_wrapper = dict(paramwise_cfg=dict(layer_decay=0.9))
"""
DETECTOR = """
_base_ = "{root}/configs/demo/mask-rcnn_vit-micro_scenes.py"
_head = dict(in_channels=16, conv_out_channels=16)
model = dict(
    backbone=dict(encoder=dict(arch={arch}), window=2, global_blocks=(3,), taps=(0, 1, 2, 3)),
    neck=[
        dict(type="mimseg.FourTapPyramid", in_channels=32, norm_cfg=dict(type="GN", num_groups=32)),
        dict(type="FPN", in_channels=[32] * 4, out_channels=16, num_outs=5),
    ],
    rpn_head=dict(in_channels=16, feat_channels=16),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=16),
        bbox_head=dict(fc_out_channels=16, **_head),
        mask_roi_extractor=dict(out_channels=16),
        mask_head=_head,
    ),
    train_cfg=dict(rpn_proposal=dict(nms_pre=50, max_per_img=20), rcnn=dict(sampler=dict(num=8))),
    test_cfg=dict(rpn=dict(nms_pre=50, max_per_img=20), rcnn=dict(score_thr=0.0, max_per_img=5)),
)
schedule = dict(epochs=2, warmup_epochs=1, steps=[1], val_interval=2)
default_hooks = dict(logger=dict(interval=1))
"""
SEGMENTOR = """
_base_ = "{root}/configs/demo/upernet_vit-micro_scenes.py"
model = dict(
    backbone=dict(encoder=dict(arch={arch}, drop_path=0.2), taps=(0, 1, 2, 3)),
    neck=dict(in_channels=32),
    decode_head=dict(in_channels=[32] * 4, channels=16),
    auxiliary_head=dict(in_channels=32, channels=16),
)
schedule = dict(iterations=5, warmup_iterations=1, val_interval=5)
default_hooks = dict(checkpoint=dict(interval=3), logger=dict(interval=1))
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Scenes, configs and a checkpoint of MAE."""
    pytest.importorskip("mmcv._ext")
    pytest.importorskip("mmdet")
    pytest.importorskip("mmseg")
    folder = tmp_path_factory.mktemp("transfer")
    write_scenes(folder / "scenes", train=8, val=2, size=(64, 64), layouts=("coco", "ade"))
    for name, text in (("detector", DETECTOR), ("segmentor", SEGMENTOR)):
        (folder / f"{name}.py").write_text(text.format(root=ROOT, arch=ARCH) + LOADERS)
    cfg = load_config(ROOT / "configs/demo/mae_vit-micro_scenes.py").model
    cfg.encoder.arch = dict(embed_dim=32, depth=4, num_heads=2)
    torch.manual_seed(3)
    model = MODELS.build({**cfg, "_scope_": "mimseg"})
    torch.save({"state_dict": model.state_dict(), "meta": {}}, folder / "mae.pth")
    return folder


def metrics_of(folder: Path) -> dict:
    return json.loads((folder / "metrics.json").read_text())


def weights(path: Path) -> dict:
    return read_checkpoint(path)["state_dict"]


def test_a_detector_starts_from_pretraining_trains_and_is_tested(call_here, place, tmp_path):
    data, run = place / "scenes" / "coco", tmp_path / "run"
    code, out, err = call_here(
        "train.py", place / "detector.py", "--data", data, "--init", place / "mae.pth", "--work-dir", run
    )
    assert code == 0, err
    assert "starts from random weights" not in out + err
    validated = metrics_of(run)["val"]
    assert set(validated) == {"epoch_2", "end"} and {"box/AP", "mask/AP75"} <= set(validated["end"])
    lr = [json.loads(line)["lr"] for line in next(run.glob("*/vis_data/scalars.json")).read_text().splitlines()[:4]]
    assert lr[0] < lr[1] < 1e-3  # as configured, not per 256 images
    code, out, err = call_here("test.py", place / "detector.py", run / "epoch_2.pth", "--data", data, "--work-dir", run)
    assert code == 0, err
    tested = metrics_of(run)["test"]
    assert tested["box/AP"] == pytest.approx(validated["end"]["box/AP"])
    assert {f"{part}/{kind}" for part in ("box", "mask") for kind in ("AP", "AP50", "AP75")} <= set(tested)
    assert "box/AP50" in out and len(list((run / "pictures").glob("*.png"))) == 2
    code, out, err = call_here(
        "train.py",
        place / "detector.py",
        "--data",
        data,
        "--work-dir",
        tmp_path / "on",
        "--resume",
        run / "epoch_1.pth",
    )
    assert code == 0 and "no setting has changed" in out, err
    whole, resumed = weights(run / "epoch_2.pth"), weights(tmp_path / "on" / "epoch_2.pth")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_boxes_without_outlines_are_trained_and_measured_when_masks_are_off(call_here, place, tmp_path):
    data = tmp_path / "boxes"
    shutil.copytree(place / "scenes" / "coco", data)
    for file in (data / "annotations").iterdir():
        content = json.loads(file.read_text())
        for annotation in content["annotations"]:
            del annotation["segmentation"], annotation["area"]
        content["categories"].reverse()
        file.write_text(json.dumps(content))
    arguments = ("train.py", place / "detector.py", "--data", data, "--work-dir", tmp_path / "run", "--cfg-options")
    code, _, err = call_here(*arguments, "schedule.val_interval=2")
    assert code == 2
    assert "have no outline (segmentation), first annotation 1 of " in err and "model.roi_head.mask_head=None" in err
    code, out, err = call_here(*arguments, "model.roi_head.mask_head=None", "val_evaluator.classwise=True")
    assert code == 0, err
    assert "boxes only" in out
    measured = metrics_of(tmp_path / "run")["val"]["end"]
    assert "box/AP" in measured and any(name.startswith("box/AP-") for name in measured)
    assert not any(name.startswith("mask/") for name in measured)


def test_a_segmentor_trains_is_tested_and_resumes_exactly(call_here, place, tmp_path):
    data, runs = place / "scenes" / "ade", {name: tmp_path / name for name in ("whole", "resumed")}
    arguments = ("train.py", place / "segmentor.py", "--data", data, "--work-dir")
    code, _, err = call_here(*arguments, runs["whole"], "--init", place / "mae.pth")
    assert code == 0, err
    assert set(metrics_of(runs["whole"])["val"]["end"]) == {"mIoU", "aAcc", "mAcc"}
    code, _, err = call_here(*arguments, runs["resumed"], "--resume", runs["whole"] / "iter_3.pth")
    assert code == 0, err
    whole, resumed = (weights(run / "iter_5.pth") for run in runs.values())
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    code, _, err = call_here(
        "test.py", place / "segmentor.py", runs["whole"] / "iter_5.pth", "--data", data, "--work-dir", tmp_path / "test"
    )
    assert code == 0, err
    tested = metrics_of(tmp_path / "test")["test"]
    assert tested["mIoU"] == pytest.approx(metrics_of(runs["whole"])["val"]["end"]["mIoU"])
    assert list((tmp_path / "test" / "pictures").glob("*.png"))


def test_a_users_mistake_is_one_line(call_here, place, tmp_path, monkeypatch):
    def line(script, *arguments):
        code, _, err = call_here(script, *arguments, "--work-dir", tmp_path / "run")
        assert code == 2 and "Traceback" not in err
        return err.strip().splitlines()[-1]

    data = place / "scenes" / "coco"
    detect, missing = ("train.py", place / "detector.py", "--data", data), tmp_path / "none.pth"
    assert "does not exist" in line("train.py", place / "detector.py", "--data", place / "scenes" / "ade")
    assert str(missing) in line(*detect, "--init", missing)
    assert "train_dataloader has 10 classes, but model.roi_head.bbox_head.num_classes=3" in line(
        *detect, "--cfg-options", "model.roi_head.bbox_head.num_classes=3", "model.roi_head.mask_head.num_classes=3"
    )
    assert "has no tta_model" in line("test.py", place / "detector.py", place / "mae.pth", "--data", data, "--tta")
    assert "mae.pth: " in line("test.py", place / "detector.py", place / "mae.pth", "--data", data)
    monkeypatch.setitem(sys.modules, "mmcv._ext", None)
    assert "compiled ops, which is not installed here: install it by tools/env/setup.sh test" in line(*detect)
