"""What ``tools/visualize.py`` draws and tells its user."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mimseg.apis import load_config
from mimseg.apis.inference.inference import build_model

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "configs" / "cifar10" / "hpm_vit-micro.py"


@pytest.fixture
def command(monkeypatch, capsys):
    """Run the command in this process; gives exit code, stdout and stderr."""
    spec = importlib.util.spec_from_file_location("tools_visualize", ROOT / "tools" / "visualize.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["visualize.py", *map(str, arguments)])
        monkeypatch.delenv("MIMSEG_TRACEBACK", raising=False)
        return module.main(), *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory) -> Path:
    """A checkpoint of the micro HPM, random weights, and three images of different sizes."""
    folder = tmp_path_factory.mktemp("run")
    torch.manual_seed(0)
    torch.save({"state_dict": build_model(load_config(CONFIG)).state_dict(), "meta": {}}, folder / "epoch_7.pth")
    (folder / "images").mkdir()
    generator = np.random.default_rng(0)
    for index, size in enumerate([(40, 60), (90, 30), (32, 32)]):
        image = generator.integers(0, 256, (*size, 3), dtype=np.uint8)
        Image.fromarray(image).save(folder / "images" / f"{index}.png")
    return folder


def test_help_answers_without_importing_anything_heavy():
    code = (
        "import runpy, sys\n"
        "sys.argv = ['visualize.py', '--help']\n"
        "try: runpy.run_path(r'{script}', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    print(end.code, sorted({'torch', 'mmengine', 'numpy', 'matplotlib'} & sys.modules.keys()))\n"
    ).replace("{script}", str(ROOT / "tools" / "visualize.py"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=280)
    assert done.stdout.splitlines()[-1] == "0 []"
    for option in (
        "--out",
        "--limit",
        "--image-size",
        "--seed",
        "--weights",
        "--progress",
        "--statistics",
        "--no-hard",
        "--strategies",
        "--images",
    ):
        assert option in done.stdout


def test_a_sheet_of_files_and_folders_of_any_size(command, run_folder):
    code, out, _ = command(CONFIG, run_folder / "epoch_7.pth", run_folder / "images", run_folder / "images" / "0.png")
    sheet = run_folder / "pictures" / "epoch_7_sheet.png"
    assert code == 0 and out.splitlines()[-1] == str(sheet)
    assert "encoder" in out  # the table of what was loaded
    height, width, _ = np.asarray(Image.open(sheet)).shape
    # 4 rows and 8 columns of 1.75 + 0.08 inches at 125 dots an inch, plus title, foot note and margins
    assert width == pytest.approx(125 * (8 * 1.83 + 0.32), abs=2) and 125 * 4 * 1.83 < height < 125 * (4 * 1.83 + 1.8)


def test_options_change_the_sheet(command, run_folder, tmp_path):
    images = run_folder / "images"

    def sheet(*options, of=(images / "0.png",)):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.png"
        code, _, errors = command(CONFIG, run_folder / "epoch_7.pth", *of, "--out", path, *options)
        assert code == 0, errors
        return np.asarray(Image.open(path))

    default, again = sheet(), sheet()
    assert np.array_equal(default, again)
    assert sheet(of=[images]).shape[0] > sheet("--limit", 2, of=[images]).shape[0] > default.shape[0]
    assert sheet("--no-hard").shape[1] < default.shape[1]
    below_title = slice(50, None)
    assert not np.array_equal(sheet("--seed", 3)[below_title], default[below_title])
    assert not np.array_equal(sheet("--progress", 0)[below_title], default[below_title])
    assert sheet("--image-size", 16, 32).shape[0] < default.shape[0]  # half as high as wide


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["{run}/no.png"], "no.png does not exist"),
        (["{run}/text.png"], "text.png"),
        (["{run}/empty"], "empty holds no image"),
        (["{run}/images", "--image-size", "30"], "30x30 is not a multiple of patch_size=4; use e.g. 28x28"),
        (["{run}/images", "--statistics", "visible"], "this one does not"),
        (["{run}/images", "--limit", "0"], "limit is 0"),
        (["{run}/images", "--out", "{run}/images/0.png"], "0.png is read: writing it would destroy"),
        (["{run}/images", "--progress", "2"], "progress is 2.0"),
        (["{run}/images", "--cfg-options", "model.encoder.arch=tiny"], "epoch_7.pth"),
        (
            ["{run}/images", "--cfg-options", "model.type=FeatureExtractor"],
            "model.neck is no argument of FeatureExtractor",
        ),
    ],
)
def test_a_users_mistake_is_one_line_and_exit_code_2(command, run_folder, arguments, complaint):
    (run_folder / "text.png").write_text("no image")
    (run_folder / "empty").mkdir(exist_ok=True)
    arguments = [argument.replace("{run}", str(run_folder)) for argument in arguments]
    code, _, errors = command(CONFIG, run_folder / "epoch_7.pth", *arguments)
    assert code == 2
    (line,) = errors.strip().splitlines()
    assert line.startswith("error: ") and complaint in line


@pytest.mark.parametrize(
    ("checkpoint", "content", "complaint"),
    [("none.pth", None, "no checkpoint at"), ("cut.pth", b"PK", "cannot be read")],
)
def test_a_checkpoint_that_cannot_be_read_is_named(command, run_folder, checkpoint, content, complaint):
    if content is not None:
        (run_folder / checkpoint).write_bytes(content)
    code, _, errors = command(CONFIG, run_folder / checkpoint, run_folder / "images")
    (line,) = errors.strip().splitlines()
    assert code == 2 and checkpoint in line and complaint in line


def test_strategies_are_drawn_side_by_side(command, run_folder, tmp_path):
    sheet = tmp_path / "new" / "sheet.png"
    sbam = CONFIG.with_name("sbam_mae-vit-micro.py")
    code, out, errors = command(
        "--strategies",
        f"{CONFIG}={run_folder / 'epoch_7.pth'}",
        sbam,
        "--images",
        run_folder / "images",
        "--out",
        sheet,
    )
    assert code == 0 and out.splitlines()[-1] == str(sheet)
    (line,) = errors.strip().splitlines()
    assert line == f"warning: {sbam} has no checkpoint, so its scores come from random weights; give {sbam}=CHECKPOINT"
    height, width, _ = np.asarray(Image.open(sheet)).shape
    # 3 rows; the image and twice 3 columns, with 0.14 inches between these groups
    assert width == pytest.approx(125 * (7 * 1.83 + 2 * 0.14 + 0.32), abs=2) and height > 125 * 3 * 1.83


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--strategies", "configs/no.py", "--images", "{run}/images"], "configs/no.py does not exist"),
        (["--strategies", "{config}=no.pth", "--images", "{run}/images"], "no checkpoint at no.pth"),
        (["--strategies", "{config}", "--images", "{run}/no.png"], "no.png does not exist"),
        (
            ["--strategies", "{config}", "--images", "{run}/images", "--out", "{run}/images/0.png"],
            "0.png is read: writing",
        ),
        (
            ["--strategies", "{config}", "--images", "{run}/images", "--image-size", "30"],
            "hpm_vit-micro.py: image size 30x30 is not a multiple of patch_size=4",
        ),
    ],
)
def test_a_mistake_with_strategies_is_one_line_and_exit_code_2(command, run_folder, arguments, complaint):
    places = {"{run}": str(run_folder), "{config}": str(CONFIG)}
    for name, place in places.items():
        arguments = [argument.replace(name, place) for argument in arguments]
    code, _, errors = command(*arguments)
    assert code == 2
    (line,) = errors.strip().splitlines()
    assert line.startswith("error: ") and complaint in line


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["a.py"], "give CONFIG CHECKPOINT IMAGES"),
        (["a.py", "b.pth"], "give CONFIG CHECKPOINT IMAGES"),
        (["a.py", "b.pth", "--images", "c.png"], "give CONFIG CHECKPOINT IMAGES"),
        (["--strategies", "a.py"], "--strategies goes with --images"),
        (["a.py", "b.pth", "--strategies", "c.py", "--images", "d.png"], "--strategies goes with --images"),
        (["--strategies", "a.py", "--images", "d.png", "--no-hard"], "--no-hard and --statistics are for"),
        (["--strategies", "photos/", "--images", "d.png"], "photos/: write CONFIG.py, or CONFIG.py=CHECKPOINT"),
        (["--strategies", "a.py=", "--images", "d.png"], "a.py=: write CONFIG.py"),
    ],
)
def test_what_does_not_go_together_is_refused(command, capsys, arguments, complaint):
    with pytest.raises(SystemExit) as end:
        command(*arguments)
    assert end.value.code == 2 and complaint in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("options", [["--image-size", "1", "2", "3"], ["--image-size", "0"], ["--out", "sheet.jpg"]])
def test_options_are_checked_before_anything_is_read(command, capsys, options):
    with pytest.raises(SystemExit) as end:
        command("no-config.py", "no.pth", "no.png", *options)
    assert end.value.code == 2 and options[0] in capsys.readouterr().err.splitlines()[-1]
