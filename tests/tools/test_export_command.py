"""What ``tools/export.py`` tells its user."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mimseg.apis import load_config
from mimseg.apis.inference.inference import build_model

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "export.py"
CONFIG = ROOT / "configs" / "knn" / "cifar10_vit-micro.py"


@pytest.fixture
def checkpoint(tmp_path):
    """The micro encoder with random weights."""
    torch.manual_seed(0)
    torch.save({"state_dict": build_model(load_config(CONFIG)).state_dict(), "meta": {}}, tmp_path / "epoch_7.pth")
    return tmp_path / "epoch_7.pth"


def test_help_answers_without_importing_anything_heavy():
    code = (
        "import runpy, sys\n"
        "sys.argv = ['export.py', '--help']\n"
        f"try: runpy.run_path(r'{SCRIPT}', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    print(end.code, sorted({'torch', 'mmengine', 'numpy'} & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=280)
    assert done.stdout.splitlines()[-1] == "0 []"


def test_it_says_what_the_file_takes_and_gives(command, checkpoint, tmp_path):
    code, out, errors = command(CONFIG, checkpoint, tmp_path / "vit.pt2", "--image-size", 16, 8, "--output", "map")
    assert (code, errors) == (0, "")
    lines = out.splitlines()
    assert f"SparseViT of {checkpoint} -> {tmp_path / 'vit.pt2'} (torch-export)" in lines
    facts = json.loads((tmp_path / "vit.pt2.json").read_text())
    assert any(
        line.startswith("  input    images (batch, 3, 16, 8) float32, RGB, (pixels - mean) / std") for line in lines
    )
    assert "  output   map (batch, 128, 4, 2)" in lines and lines[-1].endswith("vit.pt2.json")
    assert facts["output"]["shape"] == ["batch", 128, 4, 2] and facts["config"] == str(CONFIG)


@pytest.mark.parametrize(
    ("out", "options", "line"),
    [
        ("vit.onnx", ("--image-size", "16"), "a file of --format torch-export ends in .pt2"),
        ("vit.pt2", ("--image-size", "18"), "18x18 is not a multiple of patch_size=4"),
        ("vit.pt2", ("--weights", "ema", "--image-size", "16"), "no EMA teacher"),
        ("vit.pt2", ("--image-size", "8", "8", "8"), "--image-size takes one or two numbers, not 8 8 8"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(command, checkpoint, tmp_path, out, options, line):
    code, _, errors = command(CONFIG, checkpoint, tmp_path / out, *options)
    assert code == 2 and line in errors.splitlines()[-1]
    assert not (tmp_path / out).exists()
