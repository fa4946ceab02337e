import importlib.util
import itertools
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

ROOT = Path(__file__).parents[2]
CONFIGS = [f"configs/demo/{method}_vit-micro_scenes.py" for method in ("mae", "hpm")]
SMALL = ("--image-size", 64, "--batch-size", 2, "--steps", 2)


@pytest.fixture
def benchmark(monkeypatch):
    """``benchmark(*arguments)`` runs the tool in this process; every look at the clock is a second later."""
    torch.set_num_threads(1)
    seconds = itertools.count()
    for name in ("measuring", "hog", "loading"):
        clock = SimpleNamespace(perf_counter=lambda: float(next(seconds)))
        monkeypatch.setattr(f"mimseg.benchmark.{name}.time", clock)
    spec = importlib.util.spec_from_file_location("tools_benchmark", ROOT / "tools" / "benchmark.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(*arguments):
        monkeypatch.chdir(ROOT)
        monkeypatch.setattr(sys, "argv", ["benchmark.py", *map(str, arguments)])
        return module.main()

    run.module = module
    return run


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for index in range(3):
        picture = np.random.default_rng(index).integers(0, 256, (80, 80, 3), np.uint8)
        cv2.imwrite(str(folder / f"{index}.png"), picture)
    return folder


def test_help_answers_without_importing_anything_heavy():
    code = (
        "import runpy, sys\n"
        "sys.argv = ['benchmark.py', '--help']\n"
        "try: runpy.run_path(r'{script}', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    print(end.code, sorted({'torch', 'mmengine', 'numpy', 'rich'} & sys.modules.keys()))\n"
    ).replace("{script}", str(ROOT / "tools" / "benchmark.py"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=280)
    assert done.stdout.splitlines()[-1] == "0 []"


def test_the_command_offers_exactly_the_peers_that_there_are(benchmark):
    from mimseg.benchmark import PEERS

    assert tuple(PEERS) == benchmark.module.PEERS


def test_every_config_steps_at_its_own_size_and_its_targets_have_a_share(benchmark, tmp_path):
    configs = [f"configs/cifar10/fastmim_vit-micro_10k{size}.py" for size in ("", "_20px")]
    assert benchmark(*configs, "--peer", "--batch-size", 2, "--steps", 2, "--json", tmp_path / "speed.json") == 0
    report = json.loads((tmp_path / "speed.json").read_text())
    assert [row["image_size"] for row in report["results"]] == [[32, 32], [20, 20]]
    assert all(0 < row["share_by_part"]["targets"] < 0.5 for row in report["results"])
    assert all(ms > 0 for ms in report["hog"]["ms"].values())
    assert len(report["hog"]["ms"]) >= 2


def test_models_are_measured_side_by_side(benchmark, images, tmp_path, capsys):
    files = ("--json", tmp_path / "speed.json", "--markdown", tmp_path / "speed.md")
    assert benchmark(*CONFIGS, "--peer", *SMALL, "--precision", "fp32", "bf16", "--data", images, *files) == 0
    report = json.loads((tmp_path / "speed.json").read_text())
    mae, hpm, mae_bf16, _ = report["results"]
    assert [row["model"] for row in report["results"]] == CONFIGS * 2
    assert [row["precision"] for row in report["results"]] == ["fp32", "fp32", "bf16", "bf16"]
    assert mae["time_ratio"] == mae["flops_ratio"] == 1
    # a second decoder, and a teacher that sees whole images: 2.3 times the work at ViT-B
    assert 1.8 < hpm["flops_ratio"] < 3
    assert mae["images_per_second"] == pytest.approx(2000 / mae["ms"])
    assert mae["masks_of_512_ms"] > 0 and hpm["masks_of_512_ms"] > 0
    assert "teacher" in hpm["share_by_part"] and "teacher" not in mae["share_by_part"]
    assert sum(hpm["share_by_part"].values()) == pytest.approx(1)
    assert sum(hpm["gflops_by_part"].values()) == pytest.approx(hpm["gflops"])
    assert mae["activation_mib_per_image"] < hpm["activation_mib_per_image"]
    # everything but the residual stream and the norms' inputs is kept in half the bytes
    assert 0.5 < mae_bf16["activation_mib_per_image"] / mae["activation_mib_per_image"] < 0.65
    assert mae["loading_ms"] > 0 and mae["best_peer"] is None and report["left_out"] == []
    assert report["setting"]["packages"]["torch"] == torch.__version__.split("+")[0]
    assert "img/s" in capsys.readouterr().out
    assert CONFIGS[1] in (tmp_path / "speed.md").read_text()


AMR = "configs/cifar10/sbam_mae-vit-micro_10k_amr.py"
GPA = "configs/cifar10/gpa_vit-micro_10k.py"


def test_an_adaptive_ratio_is_compared_with_its_mean(benchmark, images, tmp_path, capsys):
    cv2.imwrite(str(images / "0.png"), np.zeros((80, 80, 3), np.uint8))
    cv2.imwrite(str(images / "1.png"), np.repeat(np.eye(80, dtype=np.uint8) * 255, 3).reshape(80, 80, 3))
    files = ("--json", tmp_path / "speed.json", "--markdown", tmp_path / "speed.md")
    arguments = ("--images", images, "--data", images, "--image-size", 32, "--batch-size", 3, "--steps", 2)
    assert benchmark(AMR, CONFIGS[0], "--peer", *arguments, *files) == 0
    report = json.loads((tmp_path / "speed.json").read_text())
    amr, twin, mae = report["results"]
    ratio = amr["ratio"]
    assert 0.6 <= ratio["min"] < ratio["mean"] < ratio["max"] <= 0.91  # 0.90 of 64 patches, rounded up
    assert amr["twin"] == twin["model"] == f"{AMR}, {round(ratio['mean'] * 64) / 64:.3f} at random"
    assert twin["ratio"] is mae["ratio"] is None and amr["loading_ms"] == twin["loading_ms"] > 0
    assert amr["time_to_twin"] > 0
    # embedding all patches, the salience of 64 x 64 pairs, and whole last decoder blocks
    assert 1 < amr["flops_to_twin"] < 1.2
    assert amr["flops_to_twin"] == pytest.approx(amr["gflops"] / twin["gflops"])
    assert amr["gflops_by_part"]["masking"] > 0 and "masking" not in twin["gflops_by_part"]
    assert amr["masks_of_512_ms"] > 0 and twin["masks_of_512_ms"] > 0
    assert report["setting"]["images"] == str(images)
    assert "Adaptive mask ratios, fp32" in capsys.readouterr().out


def test_a_teacher_without_its_file_takes_part(benchmark, tmp_path, capsys):
    options = ("--steps", 1, "--image-size", 32, "--batch-size", 2, "--json", tmp_path / "speed.json")
    missing = tmp_path / "gpa.py"
    lines = (ROOT / GPA).read_text().replace('"../_base_', f'"{ROOT}/configs/_base_').replace("epoch_6", "epoch_none")
    missing.write_text(lines)
    assert benchmark("configs/cifar10/mae_vit-micro_10k.py", missing, "--peer", *options) == 0
    mae, gpa = json.loads((tmp_path / "speed.json").read_text())["results"]
    assert gpa["random_teachers"] == ["mae"] and mae["random_teachers"] == []
    assert f"{missing}: teacher mae has random weights, its file is not here" in capsys.readouterr().err
    # blocks 0 to 3 of 6 and the norm of block 4, of 65 tokens: forward only
    width, tokens = 128, 65
    linear = tokens * 12 * width * width
    attention = 2 * tokens * tokens * width
    teacher = 2 * 2 * (64 * 48 * width + 4 * (linear + attention)) / 1e9
    assert gpa["gflops_by_part"]["teacher"] == pytest.approx(teacher, rel=0.02)  # the map itself is 1 % more
    assert gpa["share_by_part"]["teacher"] > 0


def test_activations_saved_do_not_depend_on_the_batch(benchmark, tmp_path):
    kept = []
    for batch in (2, 4):
        benchmark(CONFIGS[0], "--peer", *SMALL, "--batch-size", batch, "--steps", 1, "--json", tmp_path / "speed.json")
        kept.append(json.loads((tmp_path / "speed.json").read_text())["results"][0]["activation_mib_per_image"])
    assert kept[1] == pytest.approx(kept[0], rel=0.01)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["configs/demo/mae_vit-micro.py"], "config configs/demo/mae_vit-micro.py does not exist; did you mean"),
        ([CONFIGS[0], "--image-size", 65], "image size 65x65 is not a multiple of patch_size="),
        ([CONFIGS[0], "--steps", 0], "steps must be at least 1, got 0"),
        ([CONFIGS[0], CONFIGS[0]], f"{CONFIGS[0]} is given twice; name each config once"),
        ([CONFIGS[0], *SMALL, "--data", "nowhere"], "--data nowhere: there is no such folder"),
        ([CONFIGS[0], *SMALL, "--images", "nowhere"], "--images nowhere: there is no such folder"),
    ],
)
def test_mistakes_are_explained_in_one_line(benchmark, capsys, arguments, line):
    assert benchmark(*arguments, "--peer") == 2
    (error,) = capsys.readouterr().err.splitlines()
    assert error.startswith(f"error: {line}")


def test_images_that_are_not_there_leave_loading_out_with_a_line(benchmark, tmp_path, capsys):
    assert benchmark(CONFIGS[0], "--peer", *SMALL, "--json", tmp_path / "speed.json") == 0
    report = json.loads((tmp_path / "speed.json").read_text())
    if report["results"][0]["loading_ms"] is None:
        assert report["left_out"][0].startswith(f"{CONFIGS[0]}: loading is not timed (")
        assert "left out" in capsys.readouterr().out


def test_a_peer_that_cannot_take_part_costs_one_line(benchmark, monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert benchmark(CONFIGS[0], "--peer", "hf-vitmae", *SMALL, "--json", tmp_path / "speed.json") == 0
    report = json.loads((tmp_path / "speed.json").read_text())
    assert [row["model"] for row in report["results"]] == [CONFIGS[0]]
    assert "Traceback" not in capsys.readouterr().err
    assert any(line.startswith("hf-vitmae: ") for line in report["left_out"])


@pytest.mark.slow
def test_the_peer_steps_too(benchmark, tmp_path):
    benchmark("configs/mae/vitb_200e.py", "--batch-size", 1, "--steps", 1, "--json", tmp_path / "speed.json")
    ours, peer = json.loads((tmp_path / "speed.json").read_text())["results"]
    assert peer["model"] == ours["best_peer"] == "mmpretrain-mae"
    assert 1 < peer["flops_ratio"] < 1.1  # the same model; ours leaves out what no loss reads
    assert ours["activation_mib_per_image"] < peer["activation_mib_per_image"]
