"""Every shipped run has the values that its paper prints: `recipes/*.yaml`, see pinned.py for how to read them."""

import copy
import re

import pytest
import yaml
from config_tree import NAMES, processes, read
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from pinned import (
    FOLDER,
    differences,
    is_pinned,
    name_of,
    pinned_defaults,
    read_yaml,
    rows,
    run_of,
    same,
    table,
    unpinned,
)
from resolved import REGISTRIES, code_defaults, resolve, resolved

import mimseg.datasets
import mimseg.engine
import mimseg.evaluation
import mimseg.models
import mimseg.selection
import mimseg.visualization  # noqa: F401, fill the registries
from mimseg.models.backbones import ARCHS as VIT
from mimseg.models.backbones.cmt import ARCHS as CMT
from mimseg.models.backbones.dense_swin import ARCHS as SWIN


@pytest.fixture(scope="module", autouse=True)
def scope():
    init_default_scope("mimseg")


@pytest.mark.parametrize("name", NAMES)
def test_a_run_is_what_its_paper_prints(name):
    assert differences(resolved(name), run_of(name)) == []


def test_every_run_is_pinned():
    assert unpinned() == []


def test_a_run_that_no_row_names_is_found(monkeypatch):
    monkeypatch.setattr("pinned.NAMES", [*NAMES, "configs/hpm/ablations/table2.py:gamma50_alpha0-07"])
    assert unpinned() == ["configs/hpm/ablations/table2.py:gamma50_alpha0-07"]


def test_a_key_that_no_row_gives_is_found():
    cfg = read("configs/hpm/vitb_200e.py").to_dict()
    cfg["schedule"]["warmup_lr"] = 1e-6
    cfg["model"]["masking"]["unit"] = 32
    found = differences(resolve(cfg, 8), "hpm/vitb_200e")
    assert [line.split("=")[0] for line in found] == ["model.masking.unit", "schedule.warmup_lr"]
    assert "is pinned by no row" in found[0]


def test_a_difference_names_the_paper_and_the_place():
    cfg = read("configs/hpm/ablations/table2.py:gamma50_alpha0-05").to_dict()
    cfg["model"]["masking"]["ratio"]["ratio"] = 0.6
    (line,) = differences(resolve(cfg, 8), "hpm/ablations/table2:gamma50_alpha0-05")
    paper = "Wang et al., Hard Patches Mining for Masked Image Modeling, 2023"
    assert line == f"model.masking.ratio.ratio=0.6, not 0.5 ({paper}: Table 2)"


def test_how_a_step_is_cut_into_batches_is_free_but_its_number_of_images_is_not():
    cfg = read("configs/hpm/vitb_200e.py").to_dict()
    cfg["train_dataloader"]["batch_size"] //= 4
    assert differences(resolve(cfg, 8), "hpm/vitb_200e")
    cfg["optim_wrapper"]["accumulative_counts"] = 4
    assert not differences(resolve(cfg, 8), "hpm/vitb_200e")
    assert differences(resolve(cfg, 4), "hpm/vitb_200e") == differences(
        {**resolve(cfg, 8), "images_per_step": 2048}, "hpm/vitb_200e"
    )


def test_every_row_says_where_it_is_printed_and_is_about_something():
    runs = {run_of(name) for name in NAMES}
    for row in rows():
        assert row.where and row.paper
        for pattern in row.runs:
            if pattern.startswith("("):
                assert any(other.like == pattern for other in rows()), f"nothing begins with {pattern}"
            elif "*" not in pattern:
                assert pattern in runs, f"{row.file} pins {pattern}, which is no config"
        assert "(" in row.runs[0] or any(row.covers(run) for run in runs), f"{row.file}: no run is {row.runs}"
    assert len(list(table())) > 1000


def test_files_of_recipes_have_no_key_twice():
    """YAML takes the last one without a word."""

    class Strict(yaml.SafeLoader):
        def construct_mapping(self, node, deep=False):
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            assert len(keys) == len(set(keys)), f"{node.start_mark}: {keys}"
            return super().construct_mapping(node, deep)

    for path in FOLDER.glob("*.yaml"):
        yaml.load(path.read_text(), Strict)


OURS = sorted(
    {
        name
        for registry in REGISTRIES
        for name, kind in registry.module_dict.items()
        if getattr(kind, "__module__", "").startswith("mimseg.")
    }
)


@pytest.mark.parametrize("name", OURS)
def test_defaults_of_a_class_are_pinned(name):
    """What a config means that does not say it."""
    found = {key: value for key, value in code_defaults(name).items() if value is not None}
    wanted = pinned_defaults()[name]
    assert found.keys() == wanted.keys()
    assert all(same(found[key], wanted[key]) for key in found), (found, wanted)


def test_defaults_are_pinned_of_classes_that_exist_and_have_a_source():
    entries = read_yaml("defaults.yaml")
    assert entries.keys() == set(OURS)
    assert all(entry["where"] for entry in entries.values())


def test_architectures_are_the_papers():
    """ViT: Dosovitskiy et al., Table 1. Swin: Liu et al., Table 7. CMT: Guo et al., Table 1, stems of FastMIM."""
    assert {name: tuple(VIT[name].values()) for name in ("tiny", "small", "base", "large", "huge")} == {
        "tiny": (192, 12, 3),
        "small": (384, 12, 6),
        "base": (768, 12, 12),
        "large": (1024, 24, 16),
        "huge": (1280, 32, 16),
    }
    assert VIT["micro"] == {"embed_dim": 128, "depth": 6, "num_heads": 4}  # this project's
    for name, width, depths, heads in (
        ("tiny", 96, (2, 2, 6, 2), (3, 6, 12, 24)),
        ("small", 96, (2, 2, 18, 2), (3, 6, 12, 24)),
        ("base", 128, (2, 2, 18, 2), (4, 8, 16, 32)),
        ("large", 192, (2, 2, 18, 2), (6, 12, 24, 48)),
    ):
        assert SWIN[name] == {"embed_dim": width, "depths": depths, "num_heads": heads}
    for name, stem, width, depths, ratio in (
        ("tiny", 16, 46, (2, 2, 10, 2), 3.6),
        ("xsmall", 16, 52, (3, 3, 12, 3), 3.77),
        ("small", 32, 64, (3, 3, 16, 3), 4.0),
        ("base", 38, 76, (4, 4, 20, 4), 4.0),
    ):
        widths = (width, 2 * width, 4 * width, 8 * width)
        assert CMT[name] == {
            "stem_dim": stem,
            "embed_dims": widths,
            "depths": depths,
            "num_heads": (1, 2, 4, 8),
            "mlp_ratio": ratio,
        }


# Values that once changed all at the same time without a test that failed.
CHANGED = [
    ("hpm/vitb_200e", "model.masking.policy.alpha_end", 0.7),
    ("hpm/vitb_200e", "model.tasks.reconstruct.target.normalize", True),
    ("hpm/vitb_200e", "model.teachers.ema.start", 0.9),
    ("hpm/vitb_200e", "model.teachers.ema.end", 0.99),
    ("hpm/vitb_200e", "model.teachers.ema.ramp_epochs", 50),
    ("mae/vitb_200e", "optim_wrapper.optimizer.lr", 1e-4),
    ("mae/vitb_200e", "optim_wrapper.optimizer.betas", (0.9, 0.999)),
    ("mae/vitb_200e", "optim_wrapper.optimizer.weight_decay", 0.1),
    ("mae/vitb_200e", "schedule.warmup_epochs", 20),
    ("mae/vitb_200e", "train_dataloader.dataset.dataset.pipeline.1.crop_ratio_range", (0.08, 1.0)),
    ("mae/vitb_200e", "train_dataloader.batch_size", 256),
    ("hpm/vitb_200e", "optim_wrapper.clip_grad.max_norm", 3.0),
    ("hpm/vitb_200e_dino-target", "model.teachers.dino.model", "vit_small_patch16_224.dino"),
    ("hpm/vitb_200e_clip-target", "model.teachers.clip.model", "vit_base_patch32_clip_224.openai"),
    ("hpm/vitb_200e_clip-target", "model.teachers.clip.project", False),
    ("hpm/ablations/table2:gamma50_alpha1-1", "model.masking.ratio.ratio", 0.6),
    ("hpm/ablations/table3:argmin", "model.masking.policy.select", "max"),
    ("hpm/ablations/table3:hard-to-easy", "model.masking.policy.alpha_start", 0.0),
    ("hpm/ablations/tableS4:depth4", "model.tasks.reconstruct.decoder.depth", 3),
    ("hpm/ablations/tableS4:width256", "model.neck.width", 384),
    ("pass/mae-vitb_200e", "default_hooks.selection.selector.tau", 1.0),
    ("pass/mae-vitb_200e", "model.tasks.predict_loss.loss.divide_by", "masked"),
    ("pass/ablations/table5:ratio40", "model.masking.ratio.ratio", 0.5),
    ("pass/mae-vitb_200e", "default_hooks.selection.budget", 0.4),
    ("pass/ablations/figure7:budget50", "default_hooks.selection.budget", 0.6),
    ("pass/ablations/reading-a", "default_hooks.selection.stop", "full"),
    ("pass/ablations/detach", "model.tasks.predict_loss.detach", False),
    ("finetune/vitb_100e", "optim_wrapper.paramwise_cfg.layer_decay", 0.75),
    ("finetune/vitb_100e", "optim_wrapper.optimizer.lr", 1e-3),
    ("finetune/vitb_100e", "optim_wrapper.optimizer.weight_decay", 0.1),
    ("finetune/vitb_100e", "model.encoder.drop_path", 0.2),
    ("finetune/vitb_100e", "model.mixup", 0.4),
    ("finetune/vitb_100e", "model.cutmix", 0.0),
    ("finetune/vitb_100e", "model.label_smoothing", 0.0),
    ("finetune/vitb_100e", "model.head_std", 0.01),
    ("finetune/vitb_100e", "train_dataloader.dataset.dataset.pipeline.4.erase_prob", 0.5),
    ("finetune/vitb_100e", "train_dataloader.dataset.dataset.pipeline.3.policy", "rand-m7-mstd0.5-inc1"),
    ("linear/vitb_100e", "optim_wrapper.optimizer.lr", 1e-2),
    ("linear/vitb_100e", "optim_wrapper.optimizer.momentum", 0.95),
    ("linear/vitb_100e", "schedule.epochs", 90),
    ("linear/vitb_100e", "train_dataloader.dataset.dataset.pipeline.1.crop_ratio_range", (0.2, 1.0)),
    ("sbam/mae-vitb_400e", "model.masking.policy.amplitude", 0.3),
    ("gpa/vitb_200e", "model.masking.score.block", 8),
    ("gpa/vitb_200e", "model.tasks.attention.target.head", 10),
    ("gpa/vitb_200e", "schedule.warmup_epochs", 40),
    ("sbam/mae-vitb_400e_amr", "model.masking.ratio.threshold", 0.2),
    ("attmask/mae-vitb_400e_amt", "model.masking.ratio.ratio", 0.45),
    ("gpa/ablations/eq5_axis-query", "model.masking.score.axis", "key"),
]


def change(cfg: Config, key: str, value) -> None:
    """Set a dotted key; a part of a list goes by its place or the name of its class."""
    *path, last = key.split(".")
    part = cfg._cfg_dict
    for name in path:
        if isinstance(part, list):
            part = part[int(name)] if name.isdigit() else next(item for item in part if item.type == name)
        else:
            part = part[name]
    assert isinstance(part, ConfigDict) and last in part and part[last] != value
    part[last] = value


@pytest.mark.parametrize(("run", "key", "value"), CHANGED)
def test_a_changed_value_is_noticed(run, key, value):
    name = name_of(run)
    cfg = copy.deepcopy(read(name))
    before = differences(resolved(name), run)
    change(cfg, key, value)
    assert differences(resolve(cfg.to_dict(), processes(name)), run) != before


KINDS = ["hpm/vitb_200e", "pass/mae-vitb_200e", "finetune/vitb_100e", "linear/vitb_100e", "knn/vitb"]
KINDS += ["coco/mask-rcnn_vitdet-b_12e", "ade20k/upernet_vitb_160k", "cifar10/hpm_vit-micro"]


@pytest.mark.parametrize("run", KINDS)
def test_a_hook_that_is_gone_is_noticed(run):
    name = name_of(run)
    before = differences(resolved(name), run)
    cfg = read(name).to_dict()
    for key in [key for key, hook in cfg["default_hooks"].items() if hook is not None]:
        rest = {**cfg["default_hooks"], key: None}
        assert differences(resolve({**cfg, "default_hooks": rest}, processes(name)), run) != before


@pytest.mark.parametrize(
    ("run", "hook"),
    [
        *((run, hook) for run in KINDS for hook in ("NonFiniteGuard", "RNGStateHook")),
        *(("hpm/vitb_200e", hook) for hook in ("TeacherHook", "ProgressHook")),
        ("pass/mae-vitb_200e", "SelectionHook"),
        ("finetune/vitb_100e", "MetricsHook"),
        ("linear/vitb_100e", "SyncBuffersHook"),
        ("linear/vitb_100e", "MetricsHook"),
        ("coco/mask-rcnn_vitdet-b_12e", "Float32Ops"),
        ("coco/mask-rcnn_vitdet-b_12e", "MetricsHook"),
        ("ade20k/upernet_vitb_160k", "MetricsHook"),
        ("cifar10/hpm_vit-micro", "KNNHook"),
    ],
)
def test_a_run_has_the_hook_that_it_needs(run, hook):
    flat = resolved(f"configs/{run}.py")
    named = [value for key, value in flat.items() if re.fullmatch(r"default_hooks\.\w+\.type", key)]
    assert hook in [*named, *flat["custom_hooks"]]


@pytest.mark.parametrize("run", ["mae/vitb_200e", "finetune/vitb_100e", "linear/vitb_100e"])
@pytest.mark.parametrize(
    "key", ["optim_wrapper.optimizer.lr", "schedule.warmup_epochs", "model.encoder.arch", "custom_hooks"]
)
def test_what_makes_a_recipe_is_never_left_out(run, key):
    assert is_pinned(key) and key in resolved(f"configs/{run}.py")
