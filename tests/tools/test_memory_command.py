"""``tools/analysis/memory.py``."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "analysis" / "memory.py"
MAE = ROOT / "configs/mae/vitb_200e.py"
MICRO = ("--cfg-options", "model.encoder.arch=micro", "model.tasks.reconstruct.decoder.depth=1")


def test_a_config_is_a_row_and_a_list_of_steps(command, tmp_path):
    file = tmp_path / "memory.json"
    options = ("--markdown", "--gpu-memory", "0.5", "--batch-size", "64", "--json", file)
    code, out, err = command(MAE, *options, *MICRO)
    assert code == 0, err
    header, _, row = (
        [cell.strip() for cell in line.strip("|").split("|")] for line in out.strip().splitlines() if "|" in line
    )
    told = dict(zip(header, row, strict=True))
    assert told["config"].endswith("configs/mae/vitb_200e.py")
    # batches of 64 whose steps keep the config's 512 images
    assert told["images"] == "64 x 8" and told["fits"] == "16 GB"
    assert told["on 0.5 GB"] in ("64 x 8", "32 x 16", "16 x 32", "8 x 64")
    ((step,),) = json.loads(file.read_text()).values()
    assert step["size"] == [224, 224] and step["tasks"] == ["reconstruct"]
    parts = ("weights", "gradients", "buckets", "optimizer", "teachers", "copies", "activations", "temporaries")
    assert step["total"] == sum(step[part] for part in parts)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none.py",), "config none.py does not exist"),
        ((ROOT / "configs/knn/vitb.py",), "does not train"),
        ((ROOT / "configs/demo/mask-rcnn_vit-micro_scenes.py",), "does not tell the size of its training images"),
        ((MAE, "--batch-size", "0"), "--batch-size: must be at least 1, got 0"),
        ((MAE, "--gpu-memory", "0"), "--gpu-memory: must be above 0 and finite, got 0"),
    ],
)
def test_a_mistake_is_one_line(command, arguments, message):
    code, _, err = command(*arguments)
    assert code == 2 and message in err and "Traceback" not in err
