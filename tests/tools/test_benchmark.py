import importlib.util
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIGS = [f"configs/demo/{method}_vit-micro_scenes.py" for method in ("mae", "hpm")]


@pytest.fixture
def benchmark(monkeypatch):
    """``benchmark(*arguments)`` runs the tool in this process."""
    spec = importlib.util.spec_from_file_location("tools_benchmark", ROOT / "tools" / "benchmark.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(*arguments):
        monkeypatch.chdir(ROOT)
        monkeypatch.setattr(sys, "argv", ["benchmark.py", *map(str, arguments)])
        module.main()

    return run


def test_models_are_measured_side_by_side(benchmark, tmp_path, capsys):
    size = ("--image-size", 64, "--batch-size", 2, "--steps", 2)
    benchmark(*CONFIGS, "--peer", *size, "--json", tmp_path / "speed.json")
    mae, hpm = json.loads((tmp_path / "speed.json").read_text())["results"]
    assert [mae["model"], hpm["model"]] == CONFIGS
    assert mae["time_ratio"] == mae["flops_ratio"] == 1
    # a second decoder, and a teacher that sees whole images: 2.3 times the work at ViT-B
    assert 1.8 < hpm["flops_ratio"] < 3
    assert mae["images_per_second"] == pytest.approx(2000 / mae["ms"])
    assert mae["masks_of_512_ms"] > 0 and hpm["masks_of_512_ms"] > 0
    assert "img/s" in capsys.readouterr().out


@pytest.mark.slow
def test_the_peer_steps_too(benchmark, tmp_path):
    benchmark("configs/mae/vitb_200e.py", "--batch-size", 1, "--steps", 1, "--json", tmp_path / "speed.json")
    _ours, peer = json.loads((tmp_path / "speed.json").read_text())["results"]
    assert peer["model"] == "mmpretrain-mae"
    assert 1 < peer["flops_ratio"] < 1.1  # the same model; ours leaves out what no loss reads
