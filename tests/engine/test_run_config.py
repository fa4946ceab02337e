import copy
import os

import pytest
from mmengine.config import Config

from mimseg.engine.run_config import RunConfig


def test_the_text_is_made_once_and_stays_the_configs(monkeypatch, tmp_path):
    (tmp_path / "a.py").write_text("model = dict(depth=2)\nlr = 0.1\n")
    cfg = Config.fromfile(tmp_path / "a.py")
    own, made = copy.deepcopy(RunConfig.of(cfg)), []
    formatted = Config.pretty_text.fget
    monkeypatch.setattr(Config, "pretty_text", property(lambda self: (made.append(1), formatted(self))[1]))
    assert own.pretty_text == own.pretty_text == own.dump() and len(made) == 1
    assert own.pretty_text == cfg.pretty_text and own.model.depth == 2 and own.filename == str(tmp_path / "a.py")
    assert isinstance(own, RunConfig)


def test_a_dump_is_whole_or_not_there(tmp_path, monkeypatch):
    own = RunConfig.of(Config(dict(lr=0.1)))
    own.dump(tmp_path / "old.py")
    assert Config.fromfile(tmp_path / "old.py").lr == 0.1
    own.dump(tmp_path / "a.json")
    assert Config.fromfile(tmp_path / "a.json").lr == 0.1

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        own.dump(str(tmp_path / "new.py"))
    assert not (tmp_path / "new.py").exists()


def test_a_run_formats_it_once(toy, monkeypatch):
    """For the log, its copies in the folder, and three checkpoints."""
    made, formatted = [], Config.pretty_text.fget
    monkeypatch.setattr(Config, "pretty_text", property(lambda self: (made.append(1), formatted(self))[1]))
    toy(interval=6).train()
    assert len(made) == 1
