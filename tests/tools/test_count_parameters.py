"""``tools/analysis/count_parameters.py``, and the sizes of detectors and segmentors beside their references'."""

from pathlib import Path

import pytest

from mimseg.apis import count_parameters, load_config

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "analysis" / "count_parameters.py"


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        ("coco/mask-rcnn_vitdet-b_12e", 111),  # detectron2's ViTDet, table of the paper
        ("coco/mask-rcnn_vitdet-l_12e", 331),
        ("coco/mask-rcnn_fpn4-vitb_25e", 118.67),  # hustvl/MIMDet
        ("coco/mask-rcnn_swinb_36e", 109),
        ("ade20k/upernet_vitb_160k", 164),
        ("ade20k/upernet_vitl_160k", 441),  # BEiT
        ("ade20k/upernet_swinb_160k", 121),  # Swin
        ("ade20k/upernet_swinl_160k", 234),
    ],
)
def test_models_have_the_size_of_their_references(name, millions):
    if name.startswith("coco"):
        pytest.importorskip("mmcv._ext")
    pytest.importorskip("mmdet")
    pytest.importorskip("mmseg")
    parts = count_parameters(load_config(ROOT / "configs" / f"{name}.py"))
    tolerance = 0.02 if isinstance(millions, float) else 0.7
    assert sum(parts.values()) / 1e6 == pytest.approx(millions, abs=tolerance)


def test_a_classifier_with_mixup_is_counted():
    parts = count_parameters(load_config(ROOT / "configs/finetune/vitb_100e.py"))
    assert sum(parts.values()) / 1e6 == pytest.approx(86.57, abs=0.01)  # ViT-B/16 with 1000 classes


def test_networks_that_read_their_drop_rates_are_counted():
    pytest.importorskip("mmdet")
    parts = count_parameters(load_config(ROOT / "configs/fastmim/pvtv1l_800e.py"))
    assert parts["encoder"] / 1e6 == pytest.approx(60.9, abs=0.5)  # PVT-Large, 61.4 M with a head of 512 x 1000


def test_a_pretraining_is_counted_by_part(command):
    code, out, _ = command(ROOT / "configs/mae/vitb_200e.py", "--markdown", "--cfg-options", "model.encoder.arch=micro")
    assert code == 0
    *_, row = out.strip().splitlines()
    assert "configs/mae/vitb_200e.py" in row and "encoder 1." in row and "tasks " in row
    code, out, _ = command(ROOT / "configs/mae/vitb_200e.py")
    assert code == 0 and "encoder 85.65" in out


def test_a_missing_config_is_one_line(command):
    code, _, err = command("none.py")
    assert code == 2 and "none.py" in err and "Traceback" not in err
