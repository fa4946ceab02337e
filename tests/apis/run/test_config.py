"""Typing errors in configs and overrides are found before anything is built."""

import pytest
from mmengine.config import Config

from mimseg.apis import build_runner, check_keys, load_config


@pytest.fixture
def config_file(tmp_path):
    folder = tmp_path / "configs"
    folder.mkdir()
    path = folder / "hpm_small.py"
    path.write_text(
        "_size = 32\nmodel = dict(type='M', size=_size)\nschedule = dict(epochs=3, warmup_epochs=1)\n"
        "train_dataloader = dict()\noptim_wrapper = dict()\n"
    )
    return path


def test_overrides_are_applied_with_their_types(config_file):
    cfg = load_config(config_file, ["schedule.epochs=7", "model.sizes=[1,2]", "model.name=x", "model.flag=True"])
    assert cfg.schedule.epochs == 7
    assert (cfg.model.sizes, cfg.model.name, cfg.model.flag) == ([1, 2], "x", True)
    assert cfg.model.size == 32


def test_a_missing_config_names_similar_ones(config_file):
    with pytest.raises(FileNotFoundError) as error:
        load_config(config_file.with_name("hpm_smal.py"))
    assert "does not exist; did you mean " in str(error.value)
    assert str(config_file) in str(error.value)


@pytest.mark.parametrize(
    ("option", "complaint"),
    [("schedule.epochs", "write key=value"), ("_size=64", "only inside the config file")],
)
def test_a_bad_override_is_refused(config_file, option, complaint):
    with pytest.raises(ValueError, match=complaint):
        load_config(config_file, [option])


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("shedule", "did you mean schedule?"),
        ("optim_wraper", "did you mean optim_wrapper?"),
        ("compile", "did you mean model.compile?"),
        ("activation_checkpointing", "did you mean model.activation_checkpointing?"),
        ("zzz", "known are auto_scale_lr, "),
        ("vis_backends", "(a helper variable of the file is named _vis_backends)"),
    ],
)
def test_a_key_that_nothing_reads_is_refused(key, hint):
    with pytest.raises(ValueError) as error:
        check_keys(Config({key: 1}))
    assert str(error.value).startswith(f"config key {key} is read by nothing; ")
    assert hint in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("cfg", "hint"),
    [
        (
            dict(auto_scale_lr=dict(enabel=True)),
            "auto_scale_lr.enabel is read by nothing; did you mean auto_scale_lr.enable?",
        ),
        (dict(env_cfg=dict(dist=1)), "env_cfg.dist is read by nothing"),
        (dict(default_hooks=dict(loger=dict())), "did you mean default_hooks.logger?"),
    ],
)
def test_keys_that_mmengine_would_pass_over_are_refused(cfg, hint):
    with pytest.raises(ValueError) as error:
        check_keys(Config(cfg))
    assert hint in str(error.value)


def test_helpers_of_a_config_file_are_allowed(config_file):
    check_keys(load_config(config_file))


def test_an_override_of_an_unknown_key_is_found_at_build(config_file):
    cfg = load_config(config_file, ["schedule.epoch=3"])
    with pytest.raises(ValueError, match="schedule.epoch: unknown key; did you mean schedule.epochs?"):
        build_runner(cfg)


def test_build_leaves_the_config_unchanged(config_file):
    cfg = load_config(config_file, ["schedule.warmup=1"])
    before = cfg.pretty_text
    with pytest.raises(ValueError):
        build_runner(cfg)
    assert cfg.pretty_text == before


@pytest.mark.parametrize(
    ("name", "line"), [("notes.md", "notes.md is no config file; they end in .py"), (".", "is a folder, name a file")]
)
def test_what_is_no_config_file_is_one_line(tmp_path, name, line):
    (tmp_path / "notes.md").write_text("# not a config")
    with pytest.raises((ValueError, FileNotFoundError), match=line):
        load_config(tmp_path / name)
