"""Where the settings of a config come from."""

from pathlib import Path

import pytest

from mimseg.apis import load_config
from mimseg.apis.run.origins import leaves, settings_of

ROOT = Path(__file__).parents[3]


@pytest.fixture
def origin(tmp_path, monkeypatch):
    """``origin(name, *options)`` -> (value, origin) by key, of files that inherit from one another."""
    (tmp_path / "base.py").write_text(
        "model = dict(\n    type='A',\n    masking=dict(ratio=0.75, unit=16),\n)\n_side = 3\n"
        "default_hooks = dict(checkpoint=dict(interval=1))\ncustom_hooks = [dict(type='X')]\n"
    )
    (tmp_path / "run.py").write_text(
        "_base_ = 'base.py'\nmodel = dict(\n    masking=dict(unit=32, ratio=0.75),\n)\n"
        "default_hooks = _base_.default_hooks\ndefault_hooks.checkpoint.interval = 5\n"
    )
    (tmp_path / "table.py").write_text("_base_ = 'run.py'\nrows = {'r': (1.0, {'model.masking.ratio': 0.5})}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mimseg.apis.run.origins.DERIVED", {})
    return lambda *config: {s.key: (s.value, s.origin) for s in settings_of(config[0], config[1:])}


def test_a_setting_is_from_the_file_that_gave_it_its_value(origin):
    found = origin("run.py")
    assert found["model.type"] == ("A", "base.py, line 2")
    assert found["model.masking.unit"] == (32, "run.py, line 3")
    assert found["model.masking.ratio"] == (0.75, "base.py, line 3"), "said again, but not changed"
    assert found["default_hooks.checkpoint.interval"] == (5, "run.py, line 6")
    assert found["custom_hooks.0.type"] == ("X", "base.py, line 7")
    assert not any(key.startswith("_") for key in found)


def test_a_row_and_an_option_are_named(origin):
    found = origin("table.py:r", "model.masking.unit=64")
    assert found["model.masking.ratio"] == (0.5, "table.py:r")
    assert found["model.masking.unit"] == (64, "--cfg-options")
    assert found["model.type"] == ("A", "base.py, line 2")


@pytest.mark.parametrize(
    "name", ["hpm/vitb_200e.py", "fastmim/ablations/table1a_swinb.py:64px", "pass/mae-vitb_200e.py"]
)
def test_the_settings_are_those_of_the_run(name):
    cfg = load_config(ROOT / "configs" / name, ["schedule.epochs=90"])
    found = {setting.key: setting for setting in settings_of(ROOT / "configs" / name, ["schedule.epochs=90"])}
    for key, value in leaves(cfg).items():
        assert found[key].value == value, key
    assert found["schedule.epochs"].origin == "--cfg-options"
    assert found["train_cfg.max_epochs"].value == 90 and found["train_cfg.max_epochs"].origin == "derived from schedule"
