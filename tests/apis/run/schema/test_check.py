"""Values of a wrong type or out of range are refused with key, value and what is allowed; shipped configs pass."""

from pathlib import Path

import pytest
from config_tree import NAMES
from mmengine.config import Config

from mimseg.apis import load_config
from mimseg.apis.run.schema import check_values
from mimseg.apis.run.schema.signatures import adapters, classes

CONFIGS = Path(__file__).parents[4] / "configs"
ENCODER = dict(type="SparseViT", arch="micro")


def complaint(**cfg):
    with pytest.raises(ValueError) as error:
        check_values(Config(cfg))
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("cfg", "line"),
    [
        (dict(schedule=dict(epochs="abc")), "schedule.epochs must be a whole number, got 'abc'"),
        (dict(schedule=dict(epochs=True)), "schedule.epochs must be a whole number, got True"),
        (dict(schedule=dict(min_lr=float("nan"))), "schedule.min_lr must be a finite number, got nan"),
        (dict(train_dataloader=dict(batch_size=1.5)), "train_dataloader.batch_size must be a whole number, got 1.5"),
        (
            dict(train_dataloader=dict(num_workers=10**6)),
            "train_dataloader.num_workers must be at most 1024, got 1000000",
        ),
        (dict(optim_wrapper=dict(optimizer=dict(lr=-1))), "optim_wrapper.optimizer.lr must be at least 0, got -1"),
        (
            dict(optim_wrapper=dict(optimizer=dict(betas=(0.9, 1)))),
            "optim_wrapper.optimizer.betas.1 must be below 1, got 1",
        ),
        (dict(randomness=dict(seed=-1)), "randomness.seed must be at least 0, got -1"),
        (
            dict(log_level="FOO"),
            "log_level must be 'CRITICAL', 'ERROR', 'WARNING', 'INFO', 'DEBUG' or 'NOTSET', got 'FOO'",
        ),
        (dict(work_dir=""), "work_dir must be not empty, got ''"),
        (
            dict(work_dir=["a", "b"]),
            "work_dir must be text, got ['a', 'b']; quotes within the argument keep its commas",
        ),
        (dict(load_options=dict(least=2)), "load_options.least must be at most 1, got 2"),
        (
            dict(default_hooks=dict(checkpoint=dict(type="CheckpointHook", max_keep_ckpts=0))),
            "default_hooks.checkpoint.max_keep_ckpts must be at least 1 or -1, got 0",
        ),
        (
            dict(default_hooks=dict(checkpoint=dict(type="CheckpointHook", intervall=1))),
            "default_hooks.checkpoint.intervall is no argument of CheckpointHook; did you mean interval?",
        ),
    ],
)
def test_sections(cfg, line):
    assert complaint(**cfg).startswith(f"config key {line}")


@pytest.mark.parametrize(
    ("model", "line"),
    [
        (dict(encoder={**ENCODER, "patch_size": 0}), "model.encoder.patch_size must be at least 1, got 0"),
        (
            dict(encoder={**ENCODER, "patchsize": 8}),
            "model.encoder.patchsize is no argument of SparseViT; did you mean patch_size?",
        ),
        (dict(encoder={**ENCODER, "drop_path": "abc"}), "model.encoder.drop_path must be a number, got 'abc'"),
        (dict(encoder="SparseViT"), "model.encoder must be a dict, got 'SparseViT'"),
        (dict(activation_checkpointing="maybe"), "model.activation_checkpointing must be True or False, got 'maybe'"),
        (dict(tasks=dict(a=5)), "model.tasks.a must be a dict, got 5"),
    ],
)
def test_parts_of_this_package(model, line):
    assert complaint(model=dict(type="MaskedImageModel", **model)) == f"config key {line}"


def test_classes_of_other_packages_are_left_alone():
    check_values(
        Config(dict(default_scope="mmdet", model=dict(type="MaskRCNN", encoder=dict(type="SparseViT", depth=0))))
    )


def test_parts_with_a_scope_are_checked_in_others_configs():
    backbone = dict(type="mimseg.ViTBackbone", encoder=dict(type="SparseViT", patch_size=0))
    told = complaint(default_scope="mmdet", model=dict(type="MaskRCNN", backbone=backbone))
    assert told.startswith("config key model.backbone.encoder.patch_size must be at least 1")


def test_every_class_of_this_package_can_be_checked():
    assert len(classes()) > 70
    for name in classes():
        adapters(name)


@pytest.mark.parametrize("folder", sorted({Path(name).parent for name in NAMES}), ids=str)
def test_shipped_configs_pass(folder):
    for name in NAMES:
        if Path(name).parent == folder:
            load_config(CONFIGS.parent / name)
