"""What detectors and segmentors need: their library, other data, a pre-trained backbone."""

import json
import sys

import pytest
from mmengine.config import Config

from mimseg import packages as module
from mimseg.apis import import_library, set_label_check, start_backbone_from, train_on_folder, use_data
from mimseg.apis.run.transfer import follow_heads, refuse_file_order
from mimseg.registry import DATASETS


def coco() -> Config:
    data = dict(
        type="mimseg.CocoInstances",
        data_root="data/coco",
        ann_file="annotations/train.json",
        data_prefix=dict(img="train/"),
    )
    held_out = dict(data, ann_file="annotations/val.json", data_prefix=dict(img="val/"))
    evaluator = dict(type="mimseg.CocoAP", metric=["bbox", "segm"], ann_file="data/coco/annotations/val.json")
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


def with_categories(folder, *names):
    categories = [dict(id=number, name=name) for number, name in enumerate(names)]
    for split in ("train", "val"):
        (folder / "annotations" / f"{split}.json").write_text(
            json.dumps(dict(images=[], annotations=[], categories=categories))
        )
    return folder


class Known:
    """A dataset class of another package, with names of its own."""

    METAINFO = dict(classes=("person", "car"), palette=[(0, 0, 0), (1, 1, 1)])


def detector() -> Config:
    """Of two classes, whose names are a default."""
    cfg = coco()
    cfg.model.roi_head = dict(
        mask_roi_extractor=dict(type="SingleRoIExtractor"),
        bbox_head=[dict(num_classes=2), dict(num_classes=2)],
        mask_head=dict(num_classes=2),
    )
    cfg.model.rpn_head = dict(num_classes=1)
    for loader in ("train_dataloader", "val_dataloader", "test_dataloader"):
        dataset = cfg[loader].dataset
        while "data_root" not in dataset:
            dataset = dataset.dataset
        dataset.names_of = "mimseg.Known"
        dataset.pipeline = [dict(type="LoadAnnotations", with_bbox=True, with_mask=True)]
    return cfg


@pytest.fixture
def known():
    DATASETS.register_module(module=Known, force=True)
    yield
    DATASETS.module_dict.pop("Known")


def test_without_compiled_ops_detection_names_the_command_and_segmentation_goes_on(monkeypatch):
    pytest.importorskip("mmseg.models")  # before the ops are hidden: later tests need what it imports of them
    monkeypatch.setitem(sys.modules, "mmcv._ext", None)  # what importing it finds in mmcv-lite: nothing
    with pytest.raises(
        ValueError, match=r"^detection needs an mmcv with compiled ops, .* tools/env/setup.sh test"
    ) as told:
        import_library(coco())
    assert "\n" not in str(told.value)
    import_library(Config(dict(default_scope="mmseg")))
    import_library(Config(dict(default_scope="mimseg")))


def test_without_the_library_it_names_the_command(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(
        ValueError, match="segmentation needs mmseg, which is not installed here: install it by tools/env"
    ):
        import_library(Config(dict(default_scope="mmseg")))


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


def test_an_annotation_file_of_ones_own_is_kept_and_measured_on(folder):
    (folder / "annotations" / "few.json").write_text("{}")
    cfg = coco()
    cfg.val_dataloader.dataset.ann_file = "annotations/few.json"
    cfg.train_dataloader.dataset.dataset.dataset.ann_file = str(folder / "annotations" / "few.json")
    use_data(cfg, folder, ["train_dataloader", "val_dataloader"])
    assert cfg.train_dataloader.dataset.dataset.dataset.ann_file == str(folder / "annotations" / "few.json")
    assert cfg.val_dataloader.dataset.ann_file == "annotations/few.json"
    assert cfg.val_evaluator.ann_file == str(folder / "annotations" / "few.json")
    cfg = coco()
    cfg.val_evaluator.ann_file = "/elsewhere/few.json"
    with pytest.raises(
        ValueError, match=r"its evaluator's is /elsewhere/few.json; with --data, set that of the dataset"
    ):
        use_data(cfg, folder)


def test_default_classes_give_way_to_those_of_the_file(folder, known, capsys):
    cfg = detector()
    use_data(cfg, with_categories(folder, "dog", "car", "bus"))
    for dataset in (
        cfg.train_dataloader.dataset.dataset.dataset,
        cfg.val_dataloader.dataset,
        cfg.test_dataloader.dataset,
    ):
        assert dataset.metainfo.classes == ("bus", "car", "dog")  # in whatever order a file has them
    roi_head = cfg.model.roi_head
    assert [head.num_classes for head in (*roi_head.bbox_head, roi_head.mask_head)] == [3, 3, 3]
    assert cfg.model.rpn_head.num_classes == 1
    assert "the 3 classes are the categories of" in capsys.readouterr().out


def test_classes_that_a_config_names_itself_stay_and_so_do_the_same_ones(folder, known, capsys):
    cfg = detector()
    use_data(cfg, with_categories(folder, "car", "person"))
    assert "metainfo" not in cfg.val_dataloader.dataset and cfg.model.roi_head.mask_head.num_classes == 2
    cfg = detector()
    own = dict(classes=("a", "b"))
    for dataset in (
        cfg.train_dataloader.dataset.dataset.dataset,
        cfg.val_dataloader.dataset,
        cfg.test_dataloader.dataset,
    ):
        dataset.metainfo = own
    use_data(cfg, with_categories(folder, "x", "y", "z"))
    assert cfg.val_dataloader.dataset.metainfo == own and cfg.model.roi_head.mask_head.num_classes == 2
    assert capsys.readouterr().out == ""


def test_without_a_mask_head_masks_are_off_everywhere(capsys):
    cfg = detector()
    follow_heads(cfg)
    assert cfg.to_dict() == detector().to_dict() and capsys.readouterr().out == ""
    cfg.model.roi_head.mask_head = None
    follow_heads(cfg)
    assert cfg.model.roi_head.mask_roi_extractor is None
    for dataset in (
        cfg.train_dataloader.dataset.dataset.dataset,
        cfg.val_dataloader.dataset,
        cfg.test_dataloader.dataset,
    ):
        assert dataset.masks is False and dataset.pipeline[0].with_mask is False
    assert cfg.val_evaluator.metric == cfg.test_evaluator.metric == ["bbox"]
    assert "boxes only" in capsys.readouterr().out


def test_pasting_needs_masks():
    cfg = detector()
    cfg.model.roi_head.mask_head = None
    cfg.train_dataloader.dataset.dataset.pipeline = [dict(type="CopyPaste")]
    with pytest.raises(ValueError, match="CopyPaste of the training pipeline cuts objects out by their masks"):
        follow_heads(cfg)


@pytest.mark.parametrize("part", ["dataset", "evaluator"])
def test_labels_in_the_order_of_a_file_are_refused_where_it_is_another(folder, part):
    cfg = coco()
    data = cfg.val_dataloader.dataset
    data.update(data_root=str(with_categories(folder, "b", "a")), metainfo=dict(classes=("a", "b")))
    refuse_file_order(cfg)
    if part == "dataset":
        data.type = "CocoDataset"
    else:
        cfg.val_evaluator.type = "mmdet.CocoMetric"
    with pytest.raises(ValueError, match=r"val_dataloader: .*Coco(Dataset|Metric) counts labels in the order"):
        refuse_file_order(cfg)
    with_categories(folder, "a", "c", "b")
    refuse_file_order(cfg)


def test_looking_at_labels_can_be_asked_for_and_left_out():
    cfg = coco()
    set_label_check(cfg, None)
    assert "default_hooks" not in cfg
    set_label_check(cfg, True)
    assert cfg.default_hooks.label_check == dict(type="mimseg.LabelCheck", every=True)
    set_label_check(cfg, False)
    assert cfg.default_hooks.label_check is None
    with pytest.raises(ValueError, match="--check-data and --no-check-data are for detectors and segmentors"):
        set_label_check(Config(dict(default_scope="mimseg")), True)


def test_pretrained_weights_go_to_the_backbone():
    cfg = coco()
    start_backbone_from(cfg, "mae.pth")
    assert cfg.model.backbone.init_cfg == dict(type="MIMPretrained", checkpoint="mae.pth")
