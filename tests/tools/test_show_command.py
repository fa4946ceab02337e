"""What a config is, printed."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def show(monkeypatch, capsys):
    """Run the command in this process; gives exit code, stdout and stderr."""
    spec = importlib.util.spec_from_file_location("tools_show", ROOT / "tools" / "show.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.chdir(ROOT)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["show.py", *map(str, arguments)])
        return module.main(), *capsys.readouterr()

    run.module = module
    return run


def test_every_setting_stands_beside_where_it_is_from(show):
    code, out, _ = show(
        "configs/hpm/ablations/table3.py:argmin",
        "--search",
        "masking",
        "--cfg-options",
        "model.masking.ratio.ratio=0.6",
    )
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert code == 0 and "model.neck.type" not in lines
    assert "= 'min'" in lines["model.masking.policy.select"]
    assert lines["model.masking.policy.select"].rstrip().endswith("configs/hpm/ablations/table3.py:argmin")
    assert "= 0.6" in lines["model.masking.ratio.ratio"] and "--cfg-options" in lines["model.masking.ratio.ratio"]
    assert "configs/_base_/" in lines["model.masking.policy.type"]


def test_a_table_is_its_rows(show):
    code, out, _ = show("configs/hpm/ablations/table1_dino.py")
    head, none, prediction = out.splitlines()
    assert code == 0 and head.split() == ["row", "fine-tuned", "linear", "k-NN", "settings"]
    assert none.split()[:4] == ["configs/hpm/ablations/table1_dino.py:none", "83.46", "61.31", "41.53"]
    assert "model.tasks.predict_loss=None" in none and prediction.split()[1] == "83.58"


def test_without_a_config_all_are_listed(show, monkeypatch, tmp_path):
    folder = tmp_path / "configs" / "hpm" / "ablations"
    folder.mkdir(parents=True)
    encoder = 'model = dict(encoder=dict(type="SparseViT", arch="base"))\nschedule = dict(epochs=200)\n'
    head = '"""A run.\n\nFigure:   ImageNet-1K top-1 of the paper: 82.95 fine-tuned.\nHardware: any.\n"""\n'
    (folder.parent / "run.py").write_text(head + encoder)
    (folder / "table.py").write_text('"""T."""\n_base_ = "../run.py"\nrows = {"a": (1, {}), "b": (2, {})}\n')
    monkeypatch.setattr(show.module, "CONFIGS", tmp_path / "configs")
    code, out, _ = show()
    _, table, run, last = out.splitlines()
    assert code == 0 and last == "2 configs, 1 of them tables with 2 rows"
    assert run.split() == ["configs/hpm/run.py", "hpm", "SparseViT", "base", "200", "epochs", "82.95", "fine-tuned"]
    assert table.split()[:2] == ["configs/hpm/ablations/table.py", "hpm"] and table.split()[-2:] == ["2", "rows"]
    assert show("--search", "nothing like it")[2] == "note: no line holds nothing like it\n"
