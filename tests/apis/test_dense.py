"""What detectors and segmentors need: their library, other data, a pre-trained backbone."""

import sys

import pytest
from mmengine.config import Config

from mimseg import packages as module
from mimseg.apis import import_task, start_backbone_from, train_on_folder, use_data


def coco() -> Config:
    data = dict(
        type="CocoDataset", data_root="data/coco", ann_file="annotations/train.json", data_prefix=dict(img="train/")
    )
    held_out = dict(data, ann_file="annotations/val.json", data_prefix=dict(img="val/"))
    evaluator = dict(type="CocoMetric", ann_file="data/coco/annotations/val.json")
    return Config(
        dict(
            default_scope="mmdet",
            model=dict(type="MaskRCNN", backbone=dict(init_cfg=dict(type="MIMPretrained", checkpoint=None))),
            train_dataloader=dict(dataset=dict(type="mimseg.SeededDataset", dataset=dict(dataset=data))),
            val_dataloader=dict(dataset=held_out),
            test_dataloader=dict(dataset=held_out),
            val_evaluator=evaluator,
            test_evaluator=evaluator,
        )
    )


@pytest.fixture
def folder(tmp_path):
    for name in ("train", "val", "annotations"):
        (tmp_path / name).mkdir()
    for name in ("train", "val"):
        (tmp_path / "annotations" / f"{name}.json").write_text("{}")
    return tmp_path


def test_without_compiled_ops_detection_names_the_command_and_segmentation_goes_on(monkeypatch):
    pytest.importorskip("mmseg.models")  # before the ops are hidden: later tests need what it imports of them
    monkeypatch.setitem(sys.modules, "mmcv._ext", None)  # what importing it finds in mmcv-lite: nothing
    with pytest.raises(
        ValueError, match=r"^detection needs an mmcv with compiled ops, .* tools/env/setup.sh test"
    ) as told:
        import_task(coco())
    assert "\n" not in str(told.value)
    import_task(Config(dict(default_scope="mmseg")))
    import_task(Config(dict(default_scope="mimseg")))


def test_without_the_library_it_names_the_command(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(
        ValueError, match="segmentation needs mmseg, which is not installed here: install it by tools/env"
    ):
        import_task(Config(dict(default_scope="mmseg")))


def test_other_data_in_the_same_layout(folder):
    cfg = coco()
    train_on_folder(cfg, folder)
    assert cfg.train_dataloader.dataset.dataset.dataset.data_root == str(folder)
    for loader, evaluator in (("val_dataloader", "val_evaluator"), ("test_dataloader", "test_evaluator")):
        assert cfg[loader].dataset.data_root == str(folder)
        assert cfg[evaluator].ann_file == str(folder / "annotations" / "val.json")
    cfg = coco()
    use_data(cfg, folder, ["test_dataloader"])
    assert cfg.train_dataloader.dataset.dataset.dataset.data_root == "data/coco"
    assert cfg.test_dataloader.dataset.data_root == str(folder)


def test_data_that_does_not_fit_is_refused(folder):
    (folder / "annotations" / "val.json").unlink()
    with pytest.raises(FileNotFoundError, match="annotations/val.json does not exist; complete the folder"):
        use_data(coco(), folder)
    with pytest.raises(ValueError, match="is no detection or segmentation config"):
        use_data(Config(dict(default_scope="mimseg")), folder)


def test_pretrained_weights_go_to_the_backbone():
    cfg = coco()
    start_backbone_from(cfg, "mae.pth")
    assert cfg.model.backbone.init_cfg == dict(type="MIMPretrained", checkpoint="mae.pth")
