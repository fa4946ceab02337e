"""What ``tools/analysis/select_attention_head.py`` chooses, writes and tells its user."""

import json
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
SCRIPT = ROOT / "tools" / "analysis" / "select_attention_head.py"
CONFIG = ROOT / "configs" / "cifar10" / "mae_vit-micro.py"
KNN_CONFIG = ROOT / "configs" / "knn" / "cifar10_vit-micro.py"


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A checkpoint of the micro MAE, random weights; five images, four masks, annotations of three and a lost one."""
    folder = tmp_path_factory.mktemp("data")
    torch.manual_seed(0)
    torch.save({"state_dict": build_model(load_config(CONFIG)).state_dict(), "meta": {}}, folder / "epoch_7.pth")
    generator = np.random.default_rng(0)
    for name in ("images", "masks", "nothing"):
        (folder / name).mkdir()
    images, annotations = [dict(id=9, file_name="lost.jpg", height=4, width=4)], []
    for index in range(5):
        pixels = generator.integers(0, 256, (40, 50, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "images" / f"{index}.png")
        mask = np.zeros((40, 50), dtype=np.uint8)
        mask[8 : 20 + index, 10:30] = 1 if index else 0  # image 0 has no object
        if index < 4:
            Image.fromarray(mask).save(folder / "masks" / f"{index}.png")
        if index > 1:
            images.append(dict(id=index, file_name=f"{index}.png", height=40, width=50))
            outline = [10, 8, 30, 8, 30, 20 + index, 10, 20 + index]
            annotations.append(dict(id=index, image_id=index, iscrowd=0, segmentation=[outline]))
    (folder / "instances.json").write_text(json.dumps(dict(images=images, annotations=annotations)))
    return folder


def drawn(data, *options):
    return CONFIG, data / "epoch_7.pth", "--masks", data / "masks", "--images", data / "images", *options


def test_help_answers_without_importing_anything_heavy():
    code = (
        "import runpy, sys\n"
        "sys.argv = ['select_attention_head.py', '--help']\n"
        "try: runpy.run_path(r'{script}', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    print(end.code, sorted({'torch', 'mmengine', 'numpy', 'matplotlib'} & sys.modules.keys()))\n"
    ).replace("{script}", str(SCRIPT))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=280)
    assert done.stdout.splitlines()[-1] == "0 []"
    for option in ("--coco", "--masks", "--images", "--shots", "--seed", "--coverage", "--select-k", "--image-size"):
        assert option in done.stdout


def test_drawn_masks_give_a_table_a_config_line_a_picture_and_data(command, data):
    code, out, errors = command(*drawn(data, "--image-size", 32))
    assert (code, errors) == (0, "")
    assert "left out: 1 of 4 images" in out
    folder = data / "attention" / "epoch_7_all"
    record = json.loads((folder / "recall.json").read_text())
    recall = np.array(record["recall"])
    assert recall.shape == (6, 4) and len(record["all_heads"]) == 6 and record["grid"] == [8, 8]
    assert 0 <= recall.min() < recall.max() <= 1
    block, head = np.unravel_index(recall.argmax(), recall.shape)
    assert record["best"] == {"block": block, "head": head, "recall": recall.max()}
    assert f"\nmodel.masking.score.block={block} model.masking.score.head={head}\n" in out
    assert f"model.tasks.attention.target.block={block} model.tasks.attention.target.head={head}\n" in out
    assert f"{100 * recall.max():.1f}*" in out
    assert sorted(Path(path).name for path in record["images"]) == ["1.png", "2.png", "3.png"]
    # 3 images, k = |M_gt|: chance is the mean share of object patches
    assert f"3 images, seed 0, k = object patches, chance {100 * record['chance']:.1f} %" in out
    height, width, _ = np.asarray(Image.open(folder / "recall.png")).shape
    assert width > 600 and height > 400


def test_the_map_of_equation_5_can_be_selected_by_itself(command, data, tmp_path):
    """Without the patch itself and the class token the recall is another; the config line says which map it was."""
    records, lines = [], []
    for number, options in enumerate(([], ["--axis", "query", "--without-self", "--without-class"])):
        code, out, _ = command(*drawn(data, "--image-size", 32, "--out", tmp_path / str(number), *options))
        assert code == 0
        records.append(json.loads((tmp_path / str(number) / "recall.json").read_text()))
        lines.append(next(line for line in out.splitlines() if line.startswith("model.masking.score.block")))
    assert [(r["axis"], r["with_self"], r["with_class"]) for r in records] == [
        ("key", True, True),
        ("query", False, False),
    ]
    assert records[0]["recall"] != records[1]["recall"]
    switches = ("axis=query", "with_self=False", "with_class=False")
    assert lines[1].endswith("".join(f" model.masking.score.{switch}" for switch in switches))
    assert "axis" not in lines[0] and "with_" not in lines[0]


def test_annotations_a_feature_config_and_a_mask_ratio(command, data, tmp_path):
    code, out, errors = command(
        KNN_CONFIG, data / "epoch_7.pth", "--coco", data / "instances.json", "--images", data / "images",
        "--image-size", 32, 48, "--shots", 2, "--seed", 5, "--select-k", 0.75, "--out", tmp_path / "here",
    )  # fmt: skip
    assert code == 0
    assert errors == f"note: 1 images of the annotations are not in {data / 'images'}, e.g. lost.jpg\n"
    record = json.loads((tmp_path / "here" / "recall.json").read_text())
    assert len(record["images"]) == 2 and record["grid"] == [8, 12] and record["seed"] == 5
    assert record["chance"] == pytest.approx(0.75) and "k of mask ratio 0.75" in out
    assert (tmp_path / "here" / "recall.png").is_file()


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--coco", "none.json"), "annotation file none.json does not exist: check the path"),
        (("--masks", "{data}/nothing"), "no mask in {data}/nothing has an image of its name in {data}/images"),
        (("--masks", "{data}/masks", "--shots", "5"), "shots is 5; there are 1 to 4 labelled images to choose"),
        (("--masks", "{data}/masks", "--shots", "4"), "only 3 of 4 images have both patches of objects and others"),
        (("--masks", "{data}/masks", "--image-size", "30"), "image size 30x30 is not a multiple of patch_size=4"),
        (("--masks", "{data}/masks", "--cfg-options", "model=None"), "describes no model"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(command, data, options, line):
    options = [option.format(data=data) for option in options]
    size = [] if "--image-size" in options else ["--image-size", 32]
    code, _, errors = command(CONFIG, data / "epoch_7.pth", "--images", data / "images", *options, *size)
    assert code == 2 and errors.count("\n") == 1
    assert errors.startswith("error: ") and line.format(data=data) in errors


def test_unknown_files_are_one_line(command, data):
    for config, checkpoint, line in (
        (ROOT / "configs/cifar10/mae_vit-nano.py", "epoch_7.pth", "did you mean"),
        (CONFIG, "epoch_8.pth", "no checkpoint at"),
    ):
        code, _, errors = command(
            config, data / checkpoint, "--masks", data / "masks", "--images", data / "images", "--image-size", 32
        )
        assert code == 2 and errors.startswith("error: ") and line in errors and errors.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--shots", "0"), "--shots: must be at least 1, got 0"),
        (("--coverage", "0"), r"--coverage must lie in (0, 1], got 0.0"),
        (("--select-k", "1.5"), "1.5 is neither 'objects' nor a mask ratio in (0, 1)"),
        (("--select-k", "some"), "some is neither 'objects' nor a mask ratio in (0, 1)"),
        (("--image-size", "8", "8", "8"), "--image-size takes one or two numbers, not 8 8 8"),
        (("--coco", "x.json"), "argument --coco: not allowed with argument --masks"),
    ],
)
def test_numbers_out_of_range_are_refused_before_anything_is_read(command, options, line):
    code, _, errors = command("config.py", "x.pth", "--masks", "masks", "--images", "images", *options)
    assert code == 2 and errors.splitlines()[-1].endswith(line)
