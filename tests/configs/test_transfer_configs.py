"""Every detection and segmentation config: keys are read, the facts of its recipe, and one step and a test, shrunk."""

import copy
import functools
from pathlib import Path

import numpy as np
import pytest
import torch
from config_tree import expanded
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DATASETS, DefaultScope
from PIL import Image

from mimseg.apis import check_keys, load_config
from mimseg.apis.run.expand import expand_schedule
from mimseg.datasets.scenes import CLASSES, write_scenes
from mimseg.engine import keep_ops_in_float32
from mimseg.registry import MODELS

pytest.importorskip("mmcv._ext", reason="needs an mmcv with compiled ops")
pytest.importorskip("mmdet")
pytest.importorskip("mmseg")

ROOT = Path(__file__).parents[2]
COCO = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "configs" / "coco").glob("*.py"))
ADE = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "configs" / "ade20k").glob("*.py"))
DEMO = ["configs/demo/mask-rcnn_vit-micro_scenes.py", "configs/demo/upernet_vit-micro_scenes.py"]
CONFIGS = [*COCO, *ADE, *DEMO]
SIDE = 64
BOXES = torch.tensor([[0, 8.0, 16.0, 40.0, 56.0], [1, 0.0, 8.0, 32.0, 40.0]])  # image, left, top, right, bottom
ITERATIONS_OF_100_EPOCHS = 184375  # at batch 64, in detectron2's ViTDet


@functools.cache
def read(name: str) -> Config:
    return expanded(ROOT / name)


def load(name: str) -> Config:
    return copy.deepcopy(read(name))


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """Scenes in COCO's and ADE20K's layouts."""
    folder = tmp_path_factory.mktemp("scenes")
    write_scenes(folder, train=6, val=2, size=(80, 96), layouts=("coco", "ade"))
    return folder


def test_no_config_has_gone_or_is_untested():
    named = {f"mask-rcnn_{name}" for name in ("vitdet-b_12e", "vitdet-b_100e", "vitdet-l_12e", "vitdet-l_100e")}
    named |= {f"mask-rcnn_{name}" for name in ("fpn4-vitb_12e", "fpn4-vitb_25e", "fpn4-vitb_100e")}
    named |= {"mask-rcnn_swinb_36e", "mask-rcnn_swinl_36e", "mask-rcnn_vitdet-b_12e_simmim"}
    named |= {f"mask-rcnn_{name}" for name in ("fpn4-vitb_25e_fastmim", "fpn4-vitb_100e_fastmim", "swinb_36e_greenmim")}
    assert {Path(name).stem for name in COCO} == named
    assert {Path(name).stem for name in ADE} == {
        f"upernet_{name}"
        for name in ("vitb_80k", "vitb_160k", "vitb_160k_fastmim", "vitl_160k", "swinb_160k", "swinl_160k")
    }


@pytest.mark.parametrize("name", CONFIGS)
def test_keys_are_read_and_the_schedule_fits(name):
    cfg = load(name)
    check_keys(cfg)
    length = dict(cfg.schedule)
    expand_schedule(cfg)
    if "epochs" in length:
        assert cfg.train_cfg.type == "mimseg.PretrainLoop" and cfg.train_cfg.max_epochs == length["epochs"]
    else:
        assert cfg.train_cfg.type == "IterBasedTrainLoop" and cfg.train_cfg.max_iters == length["iterations"]
        assert cfg.param_scheduler[-1]["end"] == length["iterations"]
    assert cfg.auto_scale_lr.enable is False


@pytest.mark.parametrize("name", [*COCO, *ADE])
def test_sizes_and_classes_have_one_owner(name):
    """Backbone, padding, crop and sliding window agree, and so do all heads."""
    cfg = load(name)
    size, classes = cfg._size, cfg._num_classes
    backbone = cfg.model.backbone
    assert backbone.get("image_size", backbone.encoder.image_size) == size
    if name in COCO:
        assert {cfg.model.roi_head.bbox_head.num_classes, cfg.model.roi_head.mask_head.num_classes} == {classes} == {80}
        assert size == 1024 and size % cfg.model.data_preprocessor.pad_size_divisor == 0
        return
    assert {cfg.model.decode_head.num_classes, cfg.model.auxiliary_head.num_classes} == {classes} == {150}
    assert cfg.model.data_preprocessor.size == (size, size) == (512, 512)
    if cfg.model.test_cfg.mode == "slide":
        assert cfg.model.test_cfg.crop_size == (size, size)


@pytest.mark.parametrize("name", ADE)
def test_swin_is_tested_on_whole_images_and_vits_by_windows(name):
    """As mmseg's configs of either: a ViT's relative positions are those of a square window, Swin takes any size."""
    cfg = load(name)
    if "swin" in name:
        assert cfg.model.test_cfg == dict(mode="whole") and "test_cfg" not in cfg.model.data_preprocessor
    else:
        assert cfg.model.test_cfg == dict(mode="slide", crop_size=(512, 512), stride=(341, 341))
        assert cfg.model.data_preprocessor.test_cfg.size == (512, 512)


@pytest.mark.parametrize(
    ("name", "images", "epochs", "rate", "decay", "layers", "path"),
    [
        ("vitdet-b_12e", 16, 12, 1e-4, 0.1, 0.7, 0.1),
        ("vitdet-b_100e", 64, 100, 1e-4, 0.1, 0.7, 0.1),
        ("vitdet-l_12e", 16, 12, 1e-4, 0.1, 0.8, 0.4),
        ("fpn4-vitb_12e", 16, 12, 1e-4, 0.1, 0.7, 0.1),
        ("fpn4-vitb_25e", 64, 25, 8e-5, 0.1, None, 0.1),
        ("fpn4-vitb_100e", 64, 100, 8e-5, 0.1, None, 0.1),
        ("fpn4-vitb_25e_fastmim", 32, 25, 8e-5, 0.1, None, 0.1),
        ("fpn4-vitb_100e_fastmim", 32, 100, 8e-5, 0.1, None, 0.1),
        ("swinb_36e_greenmim", 16, 36, 1e-4, 0.05, None, 0.2),
        ("swinb_36e", 32, 36, 6e-5, 0.05, None, 0.2),
        ("swinl_36e", 32, 36, 6e-5, 0.05, None, 0.3),
    ],
)
def test_recipes_of_detection(name, images, epochs, rate, decay, layers, path):
    cfg = load(f"configs/coco/mask-rcnn_{name}.py")
    optimizer = cfg.optim_wrapper.optimizer
    assert (cfg.train_dataloader.batch_size * 8, cfg.schedule.epochs) == (images, epochs)
    assert (optimizer.lr, optimizer.weight_decay) == (rate, decay)
    assert cfg.optim_wrapper.paramwise_cfg.get("layer_decay") == layers
    assert cfg.model.backbone.encoder.drop_path == path


@pytest.mark.parametrize(
    ("name", "iterations"),
    [
        ("fpn4-vitb_25e_fastmim", 1500),
        ("fpn4-vitb_100e_fastmim", 1500),
        ("swinb_36e", 1500),
        ("swinl_36e", 1500),
        ("swinb_36e_greenmim", 1500),
    ],
)
def test_fastmims_detectors_warm_up_for_1500_iterations(name, iterations):
    """Table 13; COCO has 117,266 training images with objects in them. The rate starts at a thousandth of the peak."""
    cfg = load(f"configs/coco/mask-rcnn_{name}.py")
    epoch = 117266 / (8 * cfg.train_dataloader.batch_size)
    assert cfg.schedule.warmup_epochs * epoch == pytest.approx(iterations, abs=1)
    assert cfg.schedule.warmup_lr == pytest.approx(cfg.optim_wrapper.optimizer.lr / 1000)


@pytest.mark.parametrize(
    ("name", "start", "figure"),
    [
        ("coco/mask-rcnn_swinb_36e", "finetune/swinb_100e/epoch_100.pth", "52.2 / 46.1"),
        ("coco/mask-rcnn_swinl_36e", "finetune/swinl_100e/epoch_100.pth", "53.2 / 46.9"),
        ("coco/mask-rcnn_swinb_36e_greenmim", "fastmim/swinb_400e/epoch_400.pth", "50.3 / 44.4"),
        ("coco/mask-rcnn_fpn4-vitb_25e_fastmim", "fastmim/vitb_800e/epoch_800.pth", "48.6 / 43.5"),
        ("coco/mask-rcnn_fpn4-vitb_100e_fastmim", "fastmim/vitb_800e/epoch_800.pth", "50.7 / 45.1"),
        ("ade20k/upernet_swinb_160k", "finetune/swinb_100e/epoch_100.pth", "52.6"),
        ("ade20k/upernet_vitb_160k_fastmim", "fastmim/vitb_800e/epoch_800.pth", "49.4"),
    ],
)
def test_the_first_command_is_the_one_that_the_first_figure_belongs_to(name, start, figure):
    """FastMIM's Tables 5 and 6, whose Swin-L and first Swin-B rows start from weights fine-tuned on ImageNet."""
    header = (ROOT / "configs" / f"{name}.py").read_text().split('"""')[1]
    command, told = header.split("Command:")[1].split("Figure:")
    assert command.split("--init ")[1].split()[0] == f"work_dirs/{start}"
    assert told.split("paper: ")[1].startswith(figure)


def test_swins_other_start_has_its_own_figure():
    header = (ROOT / "configs/coco/mask-rcnn_swinb_36e.py").read_text().split('"""')[1]
    assert "from pre-training alone: --init work_dirs/fastmim/swinb_400e/epoch_400.pth" in header
    assert "51.9 / 45.8 from\n          pre-training" in header


def test_fastmims_uper_head_takes_the_switches_of_its_header(scenes):
    """Its release: taps 1 3 9 11, the auxiliary head on level 3, a layer decay of 0.75."""
    name = "configs/ade20k/upernet_vitb_160k_fastmim.py"
    header = (ROOT / name).read_text().split('"""')[1]
    switches = [word for word in header.split() if word.startswith(("model.", "optim_wrapper."))]
    cfg = load_config(ROOT / name, [switch.rstrip(";,").replace('"', "") for switch in switches])
    assert cfg.optim_wrapper.optimizer.lr == 1e-3 and cfg.optim_wrapper.paramwise_cfg.layer_decay == 0.75
    assert (cfg.model.backbone.taps, cfg.model.auxiliary_head.in_index) == ([1, 3, 9, 11], 3)
    with DefaultScope.overwrite_default_scope("mmseg"):
        assert MODELS.build(shrink(cfg, scenes).model).auxiliary_head.in_index == 3


def test_vitdet_steps_where_detectron2_does():
    schedule = load("configs/coco/mask-rcnn_vitdet-b_100e.py").schedule
    iterations = [epoch / 100 * ITERATIONS_OF_100_EPOCHS for epoch in (*schedule.steps, schedule.warmup_epochs)]
    assert iterations == pytest.approx([163889, 177546, 250], abs=2)
    short = load("configs/coco/mask-rcnn_vitdet-b_12e.py").schedule
    assert [step / 12 for step in short.steps] == pytest.approx([step / 100 for step in schedule.steps], abs=1e-4)
    assert short.warmup_epochs * 118000 / 16 == pytest.approx(250, abs=1)
    large = load("configs/coco/mask-rcnn_vitdet-l_100e.py")
    assert large.schedule == schedule and large.model.backbone.global_blocks == (5, 11, 17, 23)


@pytest.mark.parametrize(
    ("name", "iterations", "rate", "layers", "path", "taps"),
    [
        ("vitb_80k", 80000, 1e-4, 0.65, 0.1, (3, 5, 7, 11)),
        ("vitb_160k", 160000, 1e-4, 0.65, 0.1, (3, 5, 7, 11)),
        ("vitb_160k_fastmim", 160000, 3e-4, 0.65, 0.1, (3, 5, 7, 11)),
        ("vitl_160k", 160000, 2e-5, 0.95, 0.2, (7, 11, 15, 23)),
        ("swinb_160k", 160000, 3e-4, 0.9, 0.1, None),
        ("swinl_160k", 160000, 3e-4, 0.9, 0.3, None),
    ],
)
def test_recipes_of_segmentation(name, iterations, rate, layers, path, taps):
    cfg = load(f"configs/ade20k/upernet_{name}.py")
    assert (cfg.schedule.iterations, cfg.schedule.warmup_iterations) == (iterations, 1500)
    assert (cfg.optim_wrapper.optimizer.lr, cfg.optim_wrapper.paramwise_cfg.layer_decay) == (rate, layers)
    assert (cfg.model.backbone.encoder.drop_path, cfg.model.backbone.get("taps")) == (path, taps)
    assert cfg.train_dataloader.batch_size * 8 == 16


def shrink(cfg: Config, scenes: Path) -> Config:
    """A few channels, images of 64 px, scenes instead of photographs."""
    model, encoder = cfg.model, cfg.model.backbone.encoder
    if encoder.type == "DenseSwin":
        encoder.arch = dict(embed_dim=8, depths=(1, 1, 1, 1), num_heads=(1, 1, 1, 2))
        encoder.window_size = 2
        widths = [8, 16, 32, 64]
    else:
        encoder.arch = dict(embed_dim=32, depth=4, num_heads=2)
        widths = [32] * 4
        if model.backbone.get("window"):
            model.backbone.update(window=2, global_blocks=(1, 3))
        if model.backbone.get("taps"):
            model.backbone.taps = (0, 1, 2, 3)
    encoder.image_size = SIDE
    if "image_size" in model.backbone:
        model.backbone.image_size = 2 * SIDE  # another one than the absolute positions'
    for neck in model.neck if isinstance(model.get("neck"), list) else filter(None, [model.get("neck")]):
        neck.in_channels = widths if isinstance(neck.in_channels, list) else widths[-1]
    if model.type == "MaskRCNN":
        (model.neck[-1] if isinstance(model.neck, list) else model.neck).out_channels = 16
        model.rpn_head.update(in_channels=16, feat_channels=16)
        model.roi_head.bbox_head.update(in_channels=16, conv_out_channels=16, fc_out_channels=16)
        model.roi_head.mask_head.update(in_channels=16, conv_out_channels=16)
        for name in ("bbox_roi_extractor", "mask_roi_extractor"):
            model.roi_head[name].out_channels = 16
        model.train_cfg.rpn_proposal.update(nms_pre=50, max_per_img=20)
        model.train_cfg.rcnn.sampler.num = 8
        model.test_cfg.rpn.update(nms_pre=50, max_per_img=10)
        model.test_cfg.rcnn.score_thr = 0.0
        model.data_preprocessor.pad_size_divisor = min(SIDE, model.data_preprocessor.pad_size_divisor)
    else:
        model.decode_head.update(in_channels=widths, channels=16)
        model.auxiliary_head.update(in_channels=widths[2], channels=16)
        model.data_preprocessor.update(size=(SIDE, SIDE))
        if model.test_cfg.mode == "slide":
            model.test_cfg.update(crop_size=(SIDE, SIDE), stride=(40, 40))
            model.data_preprocessor.test_cfg.size = (SIDE, SIDE)
    for loader, split in (("train_dataloader", "train"), ("val_dataloader", "val")):
        use_scenes(cfg[loader].dataset, split, scenes)
    return cfg


def use_scenes(dataset, split: str, scenes: Path) -> None:
    if "pipeline" in dataset:
        for transform in dataset.pipeline:
            for key in ("scale", "crop_size", "size"):
                if key in transform:
                    transform[key] = (SIDE, SIDE)
    if "dataset" in dataset:
        return use_scenes(dataset.dataset, split, scenes)
    if dataset.type == "mimseg.CocoInstances":
        dataset.update(data_root=str(scenes / "coco"), metainfo=dict(classes=CLASSES), data_prefix=dict(img=split))
        dataset.ann_file = f"annotations/instances_{split}.json"
    else:
        dataset.data_root = str(scenes / "ade")
    return None


@pytest.mark.parametrize("name", CONFIGS)
def test_every_config_steps_and_predicts(name, scenes):
    cfg = shrink(load(name), scenes)
    cfg.optim_wrapper.precision = "bf16"
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
        model.init_weights()
        data = DATASETS.build(cfg.train_dataloader.dataset)
        wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
        if cfg.model.type == "MaskRCNN":
            keep_ops_in_float32(model)
        reached = set()
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.register_post_accumulate_grad_hook(lambda reached_one: reached.add(id(reached_one)))
        losses = model.train().train_step(pseudo_collate([data[0, 5], data[1, 6]]), wrapper)
        if name in ADE:  # scenes have classes 1 to 10 and a background of 0, "other" in ADE20K
            assert set(data[0, 5]["data_samples"].gt_sem_seg.data.unique().tolist()) <= {*range(10), 255}
        held_out = DATASETS.build(cfg.val_dataloader.dataset)
        (found,) = model.eval().val_step(pseudo_collate([held_out[0]]))
    assert torch.isfinite(losses["loss"]) and losses["loss"] > 0
    left_out = [name for name, value in model.named_parameters() if value.requires_grad and id(value) not in reached]
    assert not left_out  # a parameter without a gradient stops training in several processes
    if cfg.model.type == "MaskRCNN":
        assert {"loss_mask", "loss_bbox", "loss_cls", "loss_rpn_cls", "loss_rpn_bbox"} <= losses.keys()
        assert found.pred_instances.masks.shape[1:] == (80, 96)
    else:
        assert found.pred_sem_seg.shape == (80, 96) and "aux.loss_ce" in losses


@pytest.mark.parametrize("name", [*COCO, DEMO[0]])
def test_regions_show_what_is_there(name, scenes):
    """A RoI is an interpolation of its part of the map, also by mmcv's own RoIAlign, which takes memory for granted."""
    cfg = shrink(load(name), scenes)
    extractor = cfg.model.roi_head.bbox_roi_extractor
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model).eval()
        mmcvs = MODELS.build({**extractor, "roi_layer": {**extractor.roi_layer, "use_torchvision": False}})
        with torch.no_grad():
            levels = model.extract_feat(torch.randn(2, 3, SIDE, SIDE))
    stride = extractor.featmap_strides[0]
    for layout in (torch.contiguous_format, torch.channels_last):
        found = model.roi_head.bbox_roi_extractor([x.contiguous(memory_format=layout) for x in levels[:4]], BOXES)
        for roi, (image, left, top, right, bottom) in zip(found, BOXES, strict=True):
            cells = [int(side) // stride for side in (top, bottom, left, right)]
            part = levels[0][int(image), :, cells[0] : cells[1], cells[2] : cells[3]]
            torch.testing.assert_close(roi.mean((1, 2)), part.mean((1, 2)), rtol=0.03, atol=0.15)
    torch.testing.assert_close(mmcvs(levels[:4], BOXES), found)


def test_the_scales_of_test_time_augmentation():
    cfg = load("configs/ade20k/upernet_vitb_160k.py")
    scales, flips = cfg.tta_pipeline[1].transforms[:2]
    assert [scale["scale"][1] for scale in scales] == [256, 384, 512, 640, 768, 896] and len(flips) == 2
    scales, flips = load("configs/ade20k/upernet_swinb_160k.py").tta_pipeline[1].transforms[:2]
    assert [scale["scale"] for scale in scales][::4] == [(1536, 384), (2560, 640)] and len(flips) == 1


@pytest.mark.parametrize("name", ["vitb_160k", "swinb_160k"])
def test_test_time_augmentation_predicts(name, scenes):
    """Also at scales below the window; of the image's size, and of every class one probability."""
    cfg = shrink(load(f"configs/ade20k/upernet_{name}.py"), scenes)
    for scale, side in zip(cfg.tta_pipeline[1].transforms[0], (32, 48, 64, 80, 96, 112), strict=False):
        scale.scale = (2 * side, side)
    cfg.val_dataloader.dataset.pipeline = cfg.tta_pipeline
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope("mmseg"):
        model = MODELS.build({**cfg.tta_model, "module": cfg.model}).eval()
        data = DATASETS.build(cfg.val_dataloader.dataset)
        with torch.no_grad():
            (found,) = model.test_step(pseudo_collate([data[1]]))
    assert found.pred_sem_seg.shape == (80, 96) == found.gt_sem_seg.shape


@pytest.mark.parametrize("name", [DEMO[0], "configs/coco/mask-rcnn_swinb_36e.py", DEMO[1]])
def test_an_unreadable_image_is_replaced_in_training_and_named_in_a_test(name, tmp_path):
    write_scenes(tmp_path, train=3, val=1, size=(80, 96), layouts=("coco", "ade"))
    for path in (*tmp_path.glob("coco/*/0*0.*"), *tmp_path.glob("ade/images/*/*0.*")):
        path.write_bytes(path.read_bytes()[:200])
    cfg = shrink(load(name), tmp_path)
    cfg.train_dataloader.dataset.max_unreadable = 0.5
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        data, held_out = (DATASETS.build(cfg[loader].dataset) for loader in ("train_dataloader", "val_dataloader"))
        assert [data[index, 7]["inputs"].shape for index in range(3)]
        (lost,) = data.unreadable_files()
        with pytest.raises(OSError, match="cannot read image '.*0"):
            held_out[0]
    assert Path(lost).stem.endswith("0")


def test_colours_arrive_as_the_statistics_have_them(scenes):
    """RGB, with mean and deviation in that order."""
    cfg = shrink(load(DEMO[1]), scenes)
    with DefaultScope.overwrite_default_scope("mmseg"):
        sample = DATASETS.build(cfg.val_dataloader.dataset)[0]
        prepared = MODELS.build(cfg.model.data_preprocessor)(pseudo_collate([sample]))
    mean, std = (torch.tensor(cfg._statistics[key]).view(3, 1, 1) for key in ("mean", "std"))
    picture = torch.from_numpy(np.array(Image.open(sample["data_samples"].img_path))).permute(2, 0, 1)
    torch.testing.assert_close(prepared["inputs"][0][:, :80, :96], (picture - mean) / std)
