"""What the command line does with a work folder in which a run has begun."""

from pathlib import Path

import pytest

from mimseg.checkpoints.run_file import read_run_file
from mimseg.engine.refused import remove_refused_logs

SHORT = ("--cfg-options", "schedule.epochs=1", "schedule.warmup_epochs=0")
MAE = """
_base_ = "{base}"
model = dict(
    masking=dict(score=None, policy=dict(type="RandomPolicy", _delete_=True)),
    tasks=dict(predict_loss=None),
    teachers=dict(ema=None),
)
"""


def contents(folder: Path) -> dict[str, bytes]:
    remove_refused_logs()
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refusal(result) -> str:
    code, _, errors = result
    assert code == 2 and errors.startswith("error: ") and errors.count("\n") == 1, errors
    return errors


@pytest.fixture
def configs(micro_config, tmp_path) -> dict[str, Path]:
    """Two methods with configs of one name, as this project has them."""
    made = {}
    for method, text in (("hpm", f'_base_ = "{micro_config}"\n'), ("mae", MAE.format(base=micro_config))):
        made[method] = tmp_path / "configs" / method / "vitb_200e.py"
        made[method].parent.mkdir(parents=True)
        made[method].write_text(text)
    return made


def test_two_configs_of_one_name_have_a_folder_each(train_here, configs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for method, config in configs.items():
        code, _, errors = train_here(config, *SHORT)
        assert code == 0, errors
        assert read_run_file(f"work_dirs/{method}/vitb_200e").config == str(config)
    assert sorted(path.name for path in Path("work_dirs").iterdir()) == ["hpm", "mae"]


def test_mae_after_hpm_in_one_folder_is_refused_until_it_may_overwrite(train_here, configs, tmp_path):
    place = ("--work-dir", tmp_path / "one")
    assert train_here(configs["hpm"], *place, *SHORT)[0] == 0
    before = contents(tmp_path / "one")
    line = refusal(train_here(configs["mae"], *place, *SHORT))
    assert "holds the run of configs/hpm/vitb_200e.py begun " in line and "iter_8.pth" in line
    assert contents(tmp_path / "one") == before
    line = refusal(train_here(configs["mae"], *place, "--resume", *SHORT))
    assert "which configs/mae/vitb_200e.py cannot go on with" in line
    assert contents(tmp_path / "one") == before
    code, _, errors = train_here(configs["mae"], *place, "--overwrite", *SHORT)
    assert code == 0, errors
    assert read_run_file(tmp_path / "one").config == str(configs["mae"])


def test_overwrite_and_resume_exclude_each_other(train_here, configs):
    with pytest.raises(SystemExit) as end:
        train_here(configs["mae"], "--overwrite", "--resume")
    assert end.value.code == 2


@pytest.mark.slow
def test_all_of_several_processes_are_refused_together(run_script, train_here, configs, tmp_path):
    """Only the first one knows the lock; none waits for it in vain."""
    place = ("--work-dir", tmp_path / "one")
    assert train_here(configs["hpm"], *place, *SHORT)[0] == 0
    before = contents(tmp_path / "one")
    done = run_script("dist_train.sh", configs["hpm"], 2, *place, *SHORT, timeout=200)
    assert done.returncode != 0
    assert "holds the run of configs/hpm/vitb_200e.py" in done.stderr
    assert contents(tmp_path / "one") == before
