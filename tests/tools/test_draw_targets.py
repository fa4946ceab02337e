"""What ``tools/analysis/draw_targets.py`` draws and tells its user."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mimseg.apis import load_config
from mimseg.apis.inference.inference import build_model, load_model, normalise
from mimseg.apis.inference.targets import draw_targets, predict
from mimseg.models import reconstruct_hidden
from mimseg.ops.hog import group_cells, hog

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "analysis" / "draw_targets.py"
CONFIG = """
default_scope = "mimseg"
model = dict(
    type="MaskedImageModel",
    data_preprocessor=dict(type="ImagePreprocessor", mean=[100.0] * 3, std=[50.0] * 3),
    encoder=dict(type="SparseViT", arch=dict(embed_dim=32, depth=1, num_heads=2), patch_size=16),
    neck=dict(type="MaskTokenNeck", width=32),
    masking=dict(type="MaskGenerator", policy=dict(type="RandomPolicy"), ratio=dict(type="FixedRatio", ratio={ratio})),
    tasks=dict(
        reconstruct=dict(
            type="Task",
            decoder=dict(type="TransformerDecoder", depth=1, num_heads=2),
            target=dict({target}),
            loss=dict(type="PatchMSE"),
        ),
    ),
    teachers=dict({teachers}),
)
train_dataloader = dict(
    dataset=dict(
        type="UnlabelledFolder",
        data_root="nowhere",
        pipeline=[dict(type="LoadImage"), dict(type="RandomResizedCrop", scale=(32, 48))],
    ),
)
"""
TARGETS = {
    "pixel": "type='PixelTarget'",
    "normalised": "type='PixelTarget', normalize=True",
    "hog": "type='HOGTarget'",
    "hog4": "type='HOGTarget', cell=4, normalize=False, gaussian=16",
    "feature": "type='FeatureTarget', teacher='ema'",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Configs with checkpoints of random weights, and two images."""
    folder = tmp_path_factory.mktemp("runs")
    for name, target in TARGETS.items():
        teachers = "ema=dict(type='EMATeacher')" if name == "feature" else ""
        text = CONFIG.format(target=target, teachers=teachers, ratio=0.7 if name == "hog4" else 0.5)
        (folder / f"{name}.py").write_text(text)
        torch.manual_seed(0)
        state = build_model(load_config(folder / f"{name}.py")).state_dict()
        torch.save({"state_dict": state, "meta": {}}, folder / f"{name}.pth")
    (folder / "images").mkdir()
    generator = np.random.default_rng(0)
    for index, size in enumerate([(40, 60), (90, 64)]):
        Image.fromarray(generator.integers(0, 256, (*size, 3), dtype=np.uint8)).save(folder / f"images/{index}.png")
    return folder


def model_of(folder, name):
    return f"{folder / name}.py={folder / name}.pth"


def test_help_answers_without_importing_anything_heavy():
    code = (
        "import runpy, sys\n"
        "sys.argv = ['draw_targets.py', '--help']\n"
        f"try: runpy.run_path(r'{SCRIPT}', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    print(end.code, sorted({'torch', 'mmengine', 'numpy', 'matplotlib'} & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=280)
    assert done.stdout.splitlines()[-1] == "0 []"


def test_hog_predictions_are_the_models_where_masked_and_true_elsewhere(folder):
    model = load_model(folder / "hog.py", folder / "hog.pth", device="cpu", log=lambda line: None)
    images = normalise(model, [torch.rand(3, 32, 48, generator=torch.Generator().manual_seed(b)) for b in range(2)])
    seen = reconstruct_hidden(model, images, torch.Generator().manual_seed(5))
    prediction = predict(model, images, "hog", "hog.pth", seed=5)
    truth, gradients = hog(images), prediction.gradients
    assert torch.equal(prediction.masks.hidden, seen.mask)
    assert torch.equal(gradients.truth, truth)
    vectors, true_vectors = group_cells(gradients.predicted, 2), group_cells(truth, 2)
    for image in range(2):
        hidden = seen.mask[image]
        assert torch.equal(vectors[image][hidden], seen.predicted[image])  # in raster order
        assert torch.equal(vectors[image][~hidden], true_vectors[image][~hidden])
    assert not torch.equal(vectors, true_vectors)


def test_one_sheet_of_all_models(folder):
    sources = [(folder / f"{name}.py", folder / f"{name}.pth") for name in ("hog", "pixel", "normalised", "hog4")]
    paths = [folder / "images/0.png", folder / "images/1.png"]
    figure = draw_targets(sources, paths, device="cpu", log=lambda line: None)
    titles = [axes.get_title().replace("\n", " ") for axes in figure.axes if axes.get_title()]
    assert [title.split(" (")[0] for title in titles] == [
        "image",
        "masked image",  # hog4 masks more than the others
        "predicted pixels",
        "masked image",
        "predicted pixels *",
        "masked image",
        "HOG: cells of 8 px, 9 orientations",
        "predicted HOG",
        "masked image",
        "HOG: cells of 4 px, 9 orientations, not normalised, weighted by Gaussians of 16 px",
        "predicted HOG",
    ]
    together = draw_targets(sources[:2], paths, device="cpu", log=lambda line: None)
    assert sum(axes.get_title().startswith("masked") for axes in together.axes) == 1


def test_the_picture_is_written(command, folder, tmp_path):
    out = tmp_path / "new" / "targets.png"
    models = [model_of(folder, "pixel"), model_of(folder, "hog")]
    code, printed, errors = command(*models, "--images", folder / "images", "--device", "cpu", "--out", out)
    assert code == 0, errors
    assert printed.splitlines()[-1] == str(out)
    height, width, _ = np.asarray(Image.open(out)).shape
    # masked image and image, predicted pixels, true and predicted HOG: 5 columns of 1.75 + 0.08 inches in three groups
    assert width == pytest.approx(250 * (5 * 1.83 + 2 * 0.14 + 0.32), abs=3)
    tall = tmp_path / "tall.png"
    assert command(*models, "--images", folder / "images", "--image-size", 64, 32, "--limit", 1, "--out", tall)[0] == 0
    assert Image.open(tall).height < height


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["{run}/no.py={run}/hog.pth", "--images", "{run}/images"], "no.py does not exist"),
        (["{run}/hog.py={run}/no.pth", "--images", "{run}/images"], "no checkpoint at"),
        (["{run}/hog.py={run}/hog.pth", "--images", "{run}/no.png"], "no.png does not exist"),
        (["{run}/hog.py={run}/hog.pth", "--images", "{run}/empty"], "empty holds no image"),
        (["{run}/hog.py={run}/hog.pth", "--images", "{run}/text.png"], "text.png"),
        (["{run}/hog.py={run}/hog.pth", "--images", "{run}/images", "--image-size", "40"], "hog.py: image size 40x40"),
        (
            ["{run}/feature.py={run}/feature.pth", "--images", "{run}/images"],
            "feature.py: its first task, 'reconstruct', predicts FeatureTarget, which is not drawn",
        ),
        (["{run}/pixel.py={run}/hog.pth", "--images", "{run}/images"], "hog.pth"),
    ],
)
def test_a_users_mistake_is_one_line_and_exit_code_2(command, folder, tmp_path, arguments, complaint):
    (folder / "empty").mkdir(exist_ok=True)
    (folder / "text.png").write_text("no image")
    code, _, errors = command(
        *(argument.replace("{run}", str(folder)) for argument in arguments),
        "--device",
        "cpu",
        "--out",
        tmp_path / "a.png",
    )
    (line,) = errors.strip().splitlines()
    assert code == 2 and line.startswith("error: ") and complaint in line


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["a.py", "--images", "b"], "a.py: write CONFIG.py=CHECKPOINT"),
        (["a.py=b.pth"], "--images"),
        (["a.py=b.pth", "--images", "c", "--out", "d.jpg"], "d.jpg does not end in .png"),
        (["a.py=b.pth", "--images", "c", "--image-size", "0"], "--image-size: must be at least 1"),
    ],
)
def test_options_are_checked_before_anything_is_read(command, arguments, complaint):
    code, _, errors = command(*arguments)
    assert code == 2 and complaint in errors.splitlines()[-1]
