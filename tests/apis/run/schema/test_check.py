"""Values of a wrong type or out of range are refused with key, value and what is allowed; shipped configs pass."""

import inspect
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.dist import init_dist
from mmengine.runner import LogProcessor, Runner, set_random_seed
from mmengine.utils.dl_utils import set_multi_processing
from torch.distributed import init_process_group
from torch.utils.data import DataLoader

from mimseg.apis import load_config
from mimseg.apis.run.config_files import read_config_file
from mimseg.apis.run.rows import rows_of
from mimseg.apis.run.schema import check_values, sections
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
            "log_level must be 'CRITICAL', 'FATAL', 'ERROR', 'WARNING', 'WARN', 'INFO', 'DEBUG' or 'NOTSET' or a whole "
            "number, got 'FOO'",
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
    ("cfg", "line"),
    [
        (dict(randomness=dict(sed=3)), "randomness.sed is read by nothing; did you mean randomness.seed?"),
        (dict(log_processor=dict(windowsize=5)), "log_processor.windowsize is read by nothing; did you mean log_proce"),
        (
            dict(env_cfg=dict(mp_cfg=dict(start_method="spawn"))),
            "env_cfg.mp_cfg.start_method is read by nothing; did you mean env_cfg.mp_cfg.mp_start_method?",
        ),
        (dict(env_cfg=dict(dist_cfg=dict(backnd="gloo"))), "env_cfg.dist_cfg.backnd is read by nothing; did you mean "),
        (
            dict(custom_imports={"import": "x"}),
            "custom_imports.import is read by nothing; did you mean custom_imports.",
        ),
        (dict(load_options=dict(leest=1)), "load_options.leest is read by nothing; did you mean load_options.least?"),
        (
            dict(train_dataloader=dict(batchsize=4)),
            "train_dataloader.batchsize is read by nothing; did you mean train_dataloader.batch_size?",
        ),
        (
            dict(train_dataloader=dict(zzz=4)),
            "train_dataloader.zzz is read by nothing; known are batch_sampler, batch_",
        ),
        (
            dict(custom_hooks=[dict(type="H", dataloader=dict(dataset=dict(), batch_size=1, workers=1))]),
            "custom_hooks.0.dataloader.workers is read by nothing",
        ),
    ],
)
def test_keys_that_a_section_does_not_have(cfg, line):
    assert complaint(**cfg).startswith(f"config key {line}")


@pytest.mark.parametrize(
    ("section", "readers"),
    [
        (sections.Randomness, [set_random_seed, Runner.set_randomness]),
        (sections.LogProcessor, [LogProcessor]),
        (sections.Processes, [set_multi_processing]),
        (sections.Group, [init_dist, init_process_group]),
        (sections.Loader, [DataLoader]),
    ],
)
def test_a_section_has_what_its_readers_take(section, readers):
    of_the_runner = {"self", "launcher", "kwargs", "distributed", "_ranks"}
    taken = {name for reader in readers for name in inspect.signature(reader).parameters}
    assert taken - of_the_runner <= set(section.model_fields)


def test_a_log_processor_of_ones_own_has_keys_of_its_own():
    check_values(Config(dict(log_processor=dict(type="MyLogProcessor", window=5))))


@pytest.mark.parametrize("level", [20, "WARN", "FATAL", "INFO"])
def test_levels_of_the_log(level):
    check_values(Config(dict(log_level=level)))


@pytest.mark.parametrize(
    ("cfg", "key"),
    [
        (dict(train_dataloader=dict(dataset=dict(metainfo={"class": 1}))), "train_dataloader.dataset.metainfo.class"),
        (dict(model=dict(type="M", tasks=[{"lambda": 1}])), "model.tasks.0.lambda"),
    ],
)
def test_words_of_python_are_no_keys(cfg, key):
    word = key.rpartition(".")[2]
    assert complaint(**cfg) == (
        f"config key {key}: {word} is a word of Python, so it can be no key of a config; rename it"
    )


def test_words_of_python_beside_what_is_no_name_are_written_as_text():
    check_values(Config(dict(train_dataloader=dict(dataset=dict(names={"class": 1, "my class": 2})))))


def detector(**model):
    return dict(default_scope="mmdet", model=dict(type="MaskRCNN", **model))


@pytest.mark.parametrize(
    ("cfg", "line"),
    [
        (
            detector(train_cfg=dict(rcn=dict(x=1))),
            "model.train_cfg.rcn is read by nothing; did you mean model.train_cfg.",
        ),
        (
            detector(train_cfg=dict(rcnn=[dict(sampler=dict(type="RandomSampler", nums=3))])),
            "model.train_cfg.rcnn.0.sampler.nums is read by nothing; did you mean model.train_cfg.rcnn.0.sampler.num?",
        ),
        (
            detector(test_cfg=dict(rcnn=dict(score_th=0.1))),
            "model.test_cfg.rcnn.score_th is read by nothing; did you mean model.test_cfg.rcnn.score_thr?",
        ),
        (
            detector(test_cfg=dict(rpn=dict(max_per_image=5))),
            "model.test_cfg.rpn.max_per_image is read by nothing; did you mean model.test_cfg.rpn.max_per_img?",
        ),
        (
            dict(model=dict(type="mmseg.EncoderDecoder", test_cfg=dict(mod="slide"))),
            "model.test_cfg.mod is read by nothing; did you mean model.test_cfg.mode?",
        ),
        (
            dict(train_dataloader=dict(dataset=dict(type="CocoInstances", ann_file="a", filter_cfg=dict(min_sise=3)))),
            "train_dataloader.dataset.filter_cfg.min_sise is read by nothing; did you mean train_dataloader.dataset.f",
        ),
        (
            dict(val_dataloader=dict(dataset=dict(type="mmdet.CocoDataset", data_prefix=dict(image="val/")))),
            "val_dataloader.dataset.data_prefix.image is read by nothing; did you mean val_dataloader.dataset.data_pr",
        ),
        (
            dict(val_dataloader=dict(dataset=dict(type="mmseg.ADE20KDataset", data_prefix=dict(seg_path="val/")))),
            "val_dataloader.dataset.data_prefix.seg_path is read by nothing",
        ),
    ],
)
def test_keys_that_other_packages_would_pass_over(cfg, line):
    assert complaint(**cfg).startswith(f"config key {line}")


def test_classes_of_ones_own_may_read_other_keys():
    cfg = detector(train_cfg=dict(rcnn=dict(my_key=1)))
    check_values(Config(cfg | dict(custom_imports=dict(imports=["my_heads"]))))
    check_values(Config(dict(model=dict(type="MyModel", train_cfg=dict(my_key=1)))))


@pytest.mark.parametrize(
    "optimizer",
    [
        dict(type="Adafactor", eps=(None, 1e-3)),
        dict(type="timm.optim.Adan", betas=(0.98, 0.92, 0.99)),
        dict(type="AdamW", betas=(0.9, 0.95), eps=1e-8),
        dict(type="SGD", lr=0.1),
        dict(type="mine.Optimizer", betas="none"),
    ],
)
def test_optimizers_take_what_their_defaults_look_like(optimizer):
    check_values(Config(dict(optim_wrapper=dict(optimizer=optimizer))))


@pytest.mark.parametrize(
    ("optimizer", "line"),
    [
        (dict(type="AdamW", betas=0.9), "betas must be a list, got 0.9"),
        (dict(type="AdamW", betas=(0.9, -1)), "betas.1 must be at least 0, got -1"),
        (dict(type="AdamW", eps=-1), "eps must be at least 0, got -1"),
        (dict(type="timm.optim.Adan", betas=(0.98, 0.92, 1.5)), "betas.2 must be below 1, got 1.5"),
    ],
)
def test_and_refuse_the_rest(optimizer, line):
    assert complaint(optim_wrapper=dict(optimizer=optimizer)) == f"config key optim_wrapper.optimizer.{line}"


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


@pytest.mark.parametrize(
    "folder", sorted({path.parent.relative_to(CONFIGS) for path in CONFIGS.glob("[!_]*/**/*.py")}), ids=str
)
def test_shipped_configs_pass(folder):
    for path in sorted((CONFIGS / folder).glob("*.py")):
        rows = rows_of(read_config_file(path), path)  # of a table, one: test_configs.py checks them all
        load_config(f"{path}:{next(iter(rows))}" if rows else path)
