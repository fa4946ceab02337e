"""What ``tools/analysis/target_similarity.py`` prints and writes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "analysis" / "target_similarity.py"


@pytest.fixture
def images(tmp_path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for index, size in enumerate([(70, 90), (50, 60), (80, 80)]):
        Image.fromarray(generator.integers(0, 256, (*size, 3), dtype=np.uint8)).save(folder / f"{index}.png")
    return folder


def test_help_answers_without_importing_anything_heavy():
    code = (
        "import runpy, sys\n"
        "sys.argv = ['target_similarity.py', '--help']\n"
        f"try: runpy.run_path(r'{SCRIPT}', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    print(end.code, sorted({'torch', 'mmengine', 'numpy', 'matplotlib', 'skimage'} & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=280)
    assert done.stdout.splitlines()[-1] == "0 []"


@pytest.mark.parametrize("ending", ["png", "json"])
def test_table_curves_and_numbers(command, images, tmp_path, ending):
    out = tmp_path / "new" / f"alike.{ending}"
    code, printed, notes = command("--images", images, "--sizes", 56, 32, 56, "--reference", 56, "--out", out)
    assert code == 0
    assert [line.split()[1] for line in printed.splitlines() if line.startswith("│")] == ["pixels", "HOG", "HOG,"]
    assert "∞ / 1.000" in printed
    assert notes.startswith("note: 1 of 3 images are smaller than 56 pixels")
    record = json.loads(out.with_suffix(".json").read_text(), parse_constant=lambda text: pytest.fail(text))
    assert record["images"] == 3 and record["reference"] == 56 and record["enlarged"] == 1
    assert list(record["targets"]) == ["pixels", "HOG", "HOG, drawn"]
    for curve in record["targets"].values():
        small, same = curve
        assert small["size"] == 32 and 0 < small["psnr"] < 40 and -1 < small["ssim"] < 1
        assert same == {"size": 56, "psnr": None, "ssim": 1.0, "identical": 3}
    height, width, _ = np.asarray(Image.open(out.with_suffix(".png"))).shape
    assert width > height > 300


def test_a_limit_is_for_each_folder(command, images, tmp_path):
    out = tmp_path / "alike.json"
    code, *_ = command(
        "--images", images, images / "0.png", "--limit", 1, "--sizes", 32, "--reference", 56, "--out", out
    )
    assert code == 0 and json.loads(out.read_text())["images"] == 2


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--images", "{images}/no.png"], "no.png does not exist"),
        (["--images", "{images}/empty"], "empty holds no image"),
        (["--images", "{images}/text.png"], "text.png"),
        (["--images", "{images}", "--sizes", "30"], "size 30 is no multiple of 8"),
        (["--images", "{images}", "--reference", "48"], "reference size 48 is too small"),
        (["--images", "{images}", "--limit", "0"], "limit is 0"),
    ],
)
def test_a_users_mistake_is_one_line_and_exit_code_2(command, images, arguments, complaint):
    (images / "empty").mkdir()
    (images / "text.png").write_text("no image")
    code, _, errors = command(*(argument.replace("{images}", str(images)) for argument in arguments))
    (line,) = errors.strip().splitlines()
    assert code == 2 and line.startswith("error: ") and complaint in line


def test_the_output_is_checked_before_anything_is_read(command):
    code, _, errors = command("--images", "no-folder", "--out", "curves.pdf")
    assert code == 2 and "curves.pdf ends neither in .png nor in .json" in errors
