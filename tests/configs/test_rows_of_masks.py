"""Rows of HPM, PASS, SBAM, GPA and AMT where paper and public code differ: the value that each config must have."""

from pathlib import Path

import pytest
from config_tree import expanded
from config_tree import read as read_once
from pinned import name_of

from mimseg.apis.run.expand import expand_schedule
from mimseg.models import AMTPolicy, FixedRatio, SoftToHardPolicy
from mimseg.registry import MODELS

CONFIGS = Path(__file__).parents[2] / "configs"
SALIENCE = dict(type="SalienceScore", positions=True)

# (config, key, value): from the papers' tables and their public code, not from the configs
ROWS = [
    # AMT's public code: heads stretched, then averaged; 41 epochs at random, at 0.75; 0.45 masked and 0.4 thrown
    ("attmask/mae-vitb_400e_amt", "model.masking.score.heads", "minmax_mean"),
    ("attmask/mae-vitb_400e_amt", "model.masking.policy.stretch", False),
    ("attmask/mae-vitb_400e_amt", "model.masking.policy.throw", 0.4),
    ("attmask/mae-vitb_400e_amt", "model.masking.policy.start", 41 / 400),
    ("attmask/mae-vitb_400e_amt", "model.masking.policy.start_ratio", 0.75),
    ("attmask/mae-vitb_400e_amt", "model.masking.ratio.ratio", 0.4485),
    ("attmask/mae-vitb_400e_amt", "model.tasks.reconstruct.target.normalize", False),
    ("attmask/mae-vitb_400e_am", "model.masking.score.heads", "minmax_mean"),
    ("attmask/mae-vitb_400e_am", "model.masking.policy.stretch", False),
    ("attmask/mae-vitb_400e_am", "model.masking.policy.throw", 0.0),
    ("attmask/mae-vitb_400e_am", "model.masking.ratio.ratio", 0.75),
    ("attmask/simmim-vitb_200e_amt", "model.encoder.positions", "learned"),
    ("attmask/simmim-vitb_200e_amt", "model.masking.score.heads", "minmax_mean"),
    ("attmask/simmim-vitb_200e_amt", "model.masking.policy.start", 41 / 200),
    ("attmask/simmim-vitb_200e_amt", "model.masking.policy.start_ratio", 0.44),
    ("attmask/simmim-vitb_200e_amt", "model.masking.ratio.ratio", 0.44),
    ("attmask/simmim-vitb_200e_amt", "model.masking.unit", 32),
    ("attmask/simmim-vitb_200e_amt", "schedule", dict(epochs=200, warmup_epochs=10, warmup_lr=2e-6, min_lr=2e-5)),
    ("attmask/simmim-vitb_200e_amt", "optim_wrapper.optimizer.lr", 1e-4 * 256 / 512),
    ("finetune/amt_vitb_100e", "optim_wrapper.optimizer.lr", 1e-3),
    ("finetune/amt_vitb_100e", "optim_wrapper.paramwise_cfg.layer_decay", 0.75),
    ("finetune/amt_vitb_100e", "model.encoder.drop_path", 0.1),
    ("finetune/amt_vitb_100e", "schedule.epochs", 100),
    # GPA: the two published commands; section 3.3
    ("gpa/ablations/code_soft03-0", "model.tasks.attention", None),
    ("gpa/ablations/code_soft03-0", "model.masking.policy.soft_start", 0.3),
    ("gpa/ablations/code_soft03-0", "model.masking.policy.soft_end", None),  # 0 by default
    ("gpa/ablations/code_teacher-and-feature", "model.masking.policy.soft_start", 0.3),
    ("gpa/ablations/code_teacher-and-feature", "model.masking.policy.soft_end", 0.3),
    ("gpa/ablations/code_teacher-and-feature", "model.tasks.attention.positions", "all"),
    ("gpa/ablations/code_teacher-and-feature", "model.tasks.attention.decoder.mean_of", 768),
    ("gpa/ablations/code_teacher-and-feature", "model.tasks.attention.shortcut_until", 0.75),
    ("gpa/ablations/code_teacher-and-feature", "model.tasks.attention.blocks_from", "reconstruct"),
    ("gpa/ablations/code_teacher-and-feature", "find_unused_parameters", True),
    ("gpa/ablations/alternating", "model.alternate", ("reconstruct", "attention")),
    ("gpa/ablations/alternating", "find_unused_parameters", True),
    # SBAM, section 6.1: 400 epochs are a stage of 800; its public code masks at random for 100 epochs
    *(
        (f"sbam/mae-vit{size}_{epochs}e{amr}", key, value)
        for size in "bl"
        for amr in ("", "_amr")
        for epochs, stop in ((400, 400), (800, None))
        for key, value in (
            ("schedule.epochs", 800),
            ("schedule.stop", stop),
            ("schedule.warmup_epochs", 40),
            ("default_hooks.checkpoint.type", "CheckpointHook"),
            ("default_hooks.checkpoint.keep_every", 200),
            ("default_hooks.checkpoint.interval", 1),
            ("model.masking.ratio.type", "AdaptiveRatio" if amr else "FixedRatio"),
            ("model.encoder.arch", dict(b="base", l="large")[size]),
        )
    ),
    ("sbam/ablations/start100", "schedule.epochs", 800),
    ("sbam/ablations/start100", "model.masking.policy.start", 100 / 800),
    ("sbam/ablations/start100", "model.encoder.arch", "large"),
    ("sbam/ablations/count-rounding_ceil", "model.masking.ratio.count_rounding", "ceil"),
    ("sbam/ablations/figure7:spread005", "schedule.stop", 400),
    # HPM: Table S1, Eq. 4, and its public code
    ("hpm/vitb_200e", "schedule.warmup_epochs", 40),
    ("hpm/vitb_200e", "optim_wrapper.clip_grad.max_norm", 5.0),
    ("hpm/ablations/tableS1_warmup10", "schedule.warmup_epochs", 10),
    (
        "hpm/ablations/table4:absolute-raw",
        "model.tasks.predict_loss.loss",
        dict(type="AbsolutePatchLoss", target="raw"),
    ),
    ("hpm/ablations/code_mean-of-768", "model.tasks.predict_loss.decoder.mean_of", 768),
    ("hpm/ablations/table1_ema:none", "model.teachers.ema.start", 0.999),
    ("hpm/ablations/table1_ema:none", "model.teachers.ema.end", 0.999),
    ("hpm/ablations/table1_ema:loss-prediction", "model.teachers.ema.end", 0.9999),
    # PASS: Table 4 counts 30 epochs of the predictor; Table 1 for other data sets
    ("pass/mae-vitb_200e", "default_hooks.selection.keep_last_block", True),
    ("pass/mae-vitb_200e_wss-only", "default_hooks.selection.selector.masks", "random"),
    ("pass/mae-vitb_200e_dtmp-only", "default_hooks.selection.selector.tau", None),
    ("pass/ablations/performed-selections", "default_hooks.selection.keep_last_block", False),
    *(
        (f"{kind}/{data}_{name}vitb_100e", key, value)
        for data, classes in (("cifar10", 10), ("cifar100", 100), ("stl10", 10))
        for kind, name in (("finetune", ""), ("finetune", "simmim-"), ("linear", ""))
        for key, value in (
            ("model.num_classes", classes),
            ("model.data_preprocessor.mean", [123.675, 116.28, 103.53]),
            ("train_dataloader.dataset.dataset.data_root", f"data/{data}/train"),
            ("val_dataloader.dataset.data_root", f"data/{data}/test"),
            ("test_dataloader.dataset.pipeline.1.crop_fraction", 1.0),
            ("schedule.epochs", 100),
        )
    ),
    *((f"finetune/{data}_vitb_100e", "optim_wrapper.paramwise_cfg.layer_decay", 0.65) for data in ("cifar10", "stl10")),
    ("finetune/stl10_simmim-vitb_100e", "train_dataloader.batch_size", 256 // 8),
    ("finetune/stl10_simmim-vitb_100e", "schedule.min_lr", 2.5e-7 * 256 / 512),
    ("finetune/stl10_simmim-vitb_100e", "schedule.warmup_lr", 2.5e-7 * 256 / 512),
]


@pytest.fixture(scope="module")
def read():
    known = {}

    def config(name):
        if name not in known:
            known[name] = read_once(name_of(name)).to_dict()
        return known[name]

    return config


def at(value, key):
    for name in key.split("."):
        value = value[int(name)] if isinstance(value, list | tuple) else value.get(name)
    return {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value


@pytest.mark.parametrize(("config", "key", "value"), ROWS, ids=[f"{config}:{key}" for config, key, _ in ROWS])
def test_a_row_has_the_value_of_its_paper_or_code(read, config, key, value):
    found = at(read(config), key)
    assert (list(found) if isinstance(found, tuple) else found) == (list(value) if isinstance(value, tuple) else value)


def built(part):
    return MODELS.build(dict(part, type=f"mimseg.{part['type']}"))


@pytest.mark.parametrize(
    ("config", "length", "numbers"),
    [
        ("attmask/mae-vitb_400e_amt", 196, (88, 78, 147)),  # int(0.45 * 196), int(0.85 * 196) - 88; 0.75 at first
        ("attmask/mae-vitb_400e_am", 196, (147, 0, 147)),
        ("attmask/simmim-vitb_200e_amt", 49, (22, 13, 22)),  # ceil(0.44 * 49), ceil(0.26 * 49)
    ],
)
def test_as_many_are_masked_and_thrown_as_in_the_code_of_amt(read, config, length, numbers):
    masking = read(config)["model"]["masking"]
    policy, ratio = built(masking["policy"]), built(masking["ratio"])
    assert isinstance(policy, AMTPolicy) and isinstance(ratio, FixedRatio)
    masked = ratio(length)
    assert (masked, policy.thrown(length), policy.number(masked, length, 0.01)) == numbers
    assert policy.number(masked, length, 0.5) == masked


@pytest.mark.parametrize(
    ("config", "counts"),
    [
        ("gpa/vitb_200e", [(0, 73, 74), (36, 36, 75), (73, 0, 74)]),
        ("gpa/ablations/code_soft03-0", [(0, 44, 103), (36, 22, 89), (73, 0, 74)]),
        ("gpa/ablations/code_teacher-and-feature", [(0, 44, 103), (36, 44, 67), (73, 44, 30)]),
    ],
)
def test_hard_soft_and_random_patches_of_gpa(read, config, counts):
    """Of 147 in epochs 0, 100 and 199 of 200: floor(147 * alpha) with e / E, the rest at random."""
    policy = built(read(config)["model"]["masking"]["policy"])
    assert isinstance(policy, SoftToHardPolicy)
    for epoch, expected in zip((0, 100, 199), counts, strict=True):
        hard, soft = policy.counts(147, epoch / 200)
        assert (hard, soft, 147 - hard - soft) == expected


def test_sbam_at_epoch_400_has_half_the_rate_left(read):
    """Its own words, section 6.1: a stage of the training towards 800 epochs. 0.541 = (1 + cos(pi 360 / 760)) / 2."""
    cfg = expanded(CONFIGS / "sbam/mae-vitb_400e.py")
    expand_schedule(cfg)
    assert (cfg.train_cfg.max_epochs, cfg.train_cfg.schedule_epochs, cfg.param_scheduler.end) == (400, 800, 800)
    whole = expanded(CONFIGS / "sbam/mae-vitb_800e.py")
    expand_schedule(whole)
    assert whole.param_scheduler == cfg.param_scheduler


def test_the_teacher_of_the_small_gpa_is_where_its_docs_write_it(read):
    """The config names the MAE's default work folder; docs/cifar10.md has a folder a seed, and says so."""
    docs = (CONFIGS.parent / "docs" / "cifar10.md").read_text()
    epochs = read("cifar10/mae_vit-micro_10k")["schedule"]["epochs"]
    runs = "work_dirs/cifar10_seeds"
    assert f"--work-dir {runs}/${{method}}_seed$seed" in docs
    assert f"model.teachers.mae.checkpoint={runs}/mae_vit-micro_10k_seed$seed/epoch_{epochs}.pth" in docs
    expected = f"work_dirs/cifar10/mae_vit-micro_10k/epoch_{epochs}.pth"
    assert read("cifar10/gpa_vit-micro_10k")["model"]["teachers"]["mae"]["checkpoint"] == expected
