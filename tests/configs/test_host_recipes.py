"""Fine-tuning of MAE, SimMIM and MaskFeat: rates over the whole run, and every layer's, from their public recipes."""

import math
from pathlib import Path

import pytest
import torch
from config_tree import expanded
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope

from mimseg.apis.run.expand import expand_schedule
from mimseg.engine import LayerDecay, WarmupCosineLR
from mimseg.registry import MODELS

CONFIGS = Path(__file__).parents[2] / "configs"
SIMMIM = dict(batch=2048, peak=5e-3, warmup=20, start=1e-6, floor=1e-6, clip=5.0, whole=True)
MAE = dict(batch=1024, warmup=5, start=0.0, floor=1e-6, clip=None, whole=False)
RECIPES = {  # peaks: 1.25e-3 x 2048 / 512 (SimMIM), 5e-4 and 1e-3 x 1024 / 256 (MAE), 8e-3 itself (mmpretrain)
    "simmim_vitb_100e": dict(SIMMIM, decay=0.65, layers=14, epochs=100, drop_path=0.1),
    "simmim_swinb_100e": dict(SIMMIM, decay=0.8, layers=26, epochs=100, drop_path=0.1),
    "simmim_swinb_100e_from100": dict(SIMMIM, decay=0.9, layers=26, epochs=100, drop_path=0.1),
    "simmim_swinb_100e_192px": dict(SIMMIM, decay=0.9, layers=26, epochs=100, drop_path=0.1),
    "simmim_swinl_100e": dict(SIMMIM, decay=0.7, layers=26, epochs=100, drop_path=0.2),
    "mae_vitb_100e": dict(MAE, peak=2e-3, decay=0.65, layers=14, epochs=100, drop_path=0.1),
    "mae_vitl_50e": dict(MAE, peak=4e-3, decay=0.75, layers=26, epochs=50, drop_path=0.2),
    "mae_vith_50e": dict(MAE, peak=4e-3, decay=0.75, layers=34, epochs=50, drop_path=0.3),
    "maskfeat_vitb_100e": dict(MAE, batch=2048, peak=8e-3, warmup=20, decay=0.65, layers=14, epochs=100, drop_path=0.1),
}
SAME_FLOOR = [name for name in RECIPES if not name.startswith("mae")]  # timm's and MMEngine's schedulers; MAE scales it


@pytest.fixture(autouse=True)
def scope():
    init_default_scope("mimseg")


def read(name):
    return expanded(CONFIGS / "finetune" / f"{name}.py")


def groups(cfg):
    """The groups of the optimizer at batch 256, the name of every parameter, and the model."""
    with torch.device("meta"):
        model = MODELS.build({**cfg.model, "mixup": 0.0, "cutmix": 0.0})  # whose alphas are looked at
    wrapper = {key: value for key, value in cfg.optim_wrapper.items() if key not in ("constructor", "paramwise_cfg")}
    constructor = LayerDecay(wrapper, cfg.optim_wrapper.paramwise_cfg)
    found = []
    for parameters, options in zip(constructor.split(model), ({}, {"weight_decay": 0.0}), strict=True):
        found += constructor.groups(model, parameters, options)
    return found, {id(parameter): name for name, parameter in model.named_parameters()}, model


@pytest.mark.parametrize("name", RECIPES)
def test_rate_of_every_parameter_over_the_whole_run(name):
    cfg, asked = read(name), RECIPES[name]
    found, names, model = groups(cfg)
    batch = 8 * cfg.train_dataloader.batch_size
    assert (batch, cfg.optim_wrapper.get("accumulative_counts", 1)) == (asked["batch"], 1)
    assert (cfg.optim_wrapper.get("clip_grad") or {}).get("max_norm") == asked["clip"]
    assert (cfg.model.encoder.drop_path, model.num_layers) == (asked["drop_path"], asked["layers"])
    for group in found:
        layer = asked["layers"] - 1 - round(math.log(group["lr_scale"]) / math.log(asked["decay"]))
        assert group["lr"] * batch / 256 == pytest.approx(
            asked["peak"] * asked["decay"] ** (asked["layers"] - 1 - layer)
        )
        assert {model.layer_of(names[id(parameter)]) for parameter in group["params"]} == {layer}
    assert {group["lr_scale"] for group in found} == {asked["decay"] ** below for below in range(asked["layers"])}

    expand_schedule(cfg)
    options = {key: value for key, value in cfg.param_scheduler.items() if key not in ("type", "convert_to_iter_based")}
    for scale in (1.0, asked["decay"] ** (asked["layers"] - 1)):
        wrapper = OptimWrapper(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=asked["peak"] * scale))
        wrapper.param_groups[0]["lr_scale"] = scale
        scheduler = WarmupCosineLR(wrapper, epoch_length=2, **options)
        limits = 1.0 if name in SAME_FLOOR else scale
        for iteration in range(2 * asked["epochs"]):
            assert scheduler.get_last_value()[0] == pytest.approx(
                by_hand(asked, iteration / 2, scale, limits), rel=1e-9
            )
            scheduler.step()


def by_hand(asked, epoch, scale, limits):
    """A line from the start to the peak, then half a cosine to the floor: from the run's start, or from the peak."""
    peak, start, floor = asked["peak"] * scale, asked["start"] * limits, asked["floor"] * limits
    if epoch < asked["warmup"]:
        return start + (peak - start) * epoch / asked["warmup"]
    first = 0 if asked["whole"] else asked["warmup"]
    phase = (epoch - first) / (asked["epochs"] - first)
    return floor + (peak - floor) * (1 + math.cos(math.pi * phase)) / 2


def test_simmims_vit_has_12_tables_that_decay_and_learn_with_their_blocks():
    found, names, _ = groups(read("simmim_vitb_100e"))
    tables = {
        names[id(parameter)]: (group["lr_scale"], group.get("weight_decay"), tuple(parameter.shape))
        for group in found
        for parameter in group["params"]
        if "relative" in names[id(parameter)]
    }
    expected = {
        f"encoder.relative_position_bias.{i}.table": (0.65 ** (12 - i), None, (27 * 27 + 3, 12)) for i in range(12)
    }
    assert tables.keys() == expected.keys()
    for name, (scale, decay, shape) in expected.items():
        assert tables[name][0] == pytest.approx(scale) and tables[name][1:] == (decay, shape)


def test_an_image_of_192_px_is_one_throughout():
    cfg = read("simmim_swinb_100e_192px")
    pipelines = [cfg.train_dataloader.dataset.dataset.pipeline, cfg.val_dataloader.dataset.pipeline]
    pipelines.append(cfg.test_dataloader.dataset.pipeline)
    assert [step.scale for steps in pipelines for step in steps if "scale" in step] == [192, 192, 192]
    full = read("simmim_swinb_100e").train_dataloader.dataset.dataset.pipeline
    assert pipelines[0][2:] == full[2:] and [step.type for step in pipelines[0]] == [step.type for step in full]
    assert (cfg.model.encoder.image_size, cfg.model.encoder.window_size) == (192, 6)


def test_maes_training_from_scratch_lists_all_its_regularisation():
    """He et al., Table 11: no erasing, no layer decay, and an average of .9999."""
    cfg = read("vitb_300e_scratch")
    types = [step.type for step in cfg.train_dataloader.dataset.dataset.pipeline]
    assert not any("Erasing" in name for name in types) and "RandAugment" in types
    assert cfg.default_hooks.ema.to_dict() == dict(type="EMAHook", momentum=1e-4)
    assert 8 * cfg.train_dataloader.batch_size == 32 * read("vith_200e_scratch").train_dataloader.batch_size == 4096
    for name in ("vitb_100e_scratch", "vitb_300e_scratch", "vitl_200e_scratch", "vith_200e_scratch"):
        assert read(name).load_options.scratch


def test_maskfeats_jitter_comes_between_randaugment_and_erasing():
    types = [step.type for step in read("maskfeat_vitb_100e").train_dataloader.dataset.dataset.pipeline]
    assert types[3:] == ["RandAugment", "ColorJitter", "mmpretrain.RandomErasing", "mmpretrain.PackInputs"]


@pytest.mark.parametrize("name", ["vitb_800e", "vitl_800e"])
def test_checkpoints_of_sbams_baselines_stay(name):
    checkpoint = expanded(CONFIGS / "mae" / f"{name}.py").default_hooks.checkpoint
    assert (checkpoint.type, checkpoint.keep_every, checkpoint.interval) == ("CheckpointHook", 200, 1)
