"""What ``tools/test.py`` and its launch scripts tell their user."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope, init_default_scope
from mmengine.visualization import Visualizer

from mimseg.apis import load_config
from mimseg.checkpoints.run_file import Run, read_run_file, write_run_file
from mimseg.checkpoints.run_lock import LOCK_FILE
from mimseg.evaluation import weighted_knn
from mimseg.registry import MODELS

ROOT = Path(__file__).parents[2]
CLASSES = ("ball", "cube", "ring")

CONFIG = """
_base_ = [
    "{root}/configs/_base_/runtime/default.py",
]
data = dict(
    train="{folder}/train", test="{folder}/test", size=8,
    mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], classes=3, workers=0,
)
model = dict(
    type="FeatureExtractor", encoder=dict(type="SparseViT", arch=dict(embed_dim=32, depth=1, num_heads=2), patch_size=4)
)
test_dataloader = dict(batch_size=4)
test_cfg = dict(ks=(5, 1), neighbours=dict(batch_size=7))
visualizer = None
"""

CLASSIFIER = """
_base_ = ["{folder}/knn.py"]
model = dict(
    _delete_=True,
    type="Classifier",
    data_preprocessor=dict(type="ImagePreprocessor", mean=[120.0] * 3, std=[60.0] * 3),
    encoder=dict(type="SparseViT", arch=dict(embed_dim=32, depth=1, num_heads=2), patch_size=4),
    num_classes={classes},
    head_std=1.0,
)
test_dataloader = dict(sampler=dict(type="DefaultSampler", shuffle=False))
test_cfg = dict(_delete_=True)
test_evaluator = [dict(type="mmpretrain.Accuracy", topk=(1,))]
"""


def write_images(folder: Path, classes, number: int, seed: int) -> None:
    """``number`` noisy 8x8 images of each class."""
    generator = np.random.default_rng(seed)
    for index, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for image in range(number):
            pixels = np.clip(generator.normal(60 + 50 * index, 70, (8, 8, 3)), 0, 255).astype(np.uint8)
            cv2.imwrite(str(folder / name / f"{image}.png"), pixels)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with images, a k-NN and a classifier config, and a checkpoint for each."""
    folder = tmp_path_factory.mktemp("place")
    write_images(folder / "train", CLASSES, 8, seed=0)
    write_images(folder / "test", CLASSES, 5, seed=1)
    (folder / "knn.py").write_text(CONFIG.format(root=ROOT, folder=folder))
    (folder / "classifier.py").write_text(CLASSIFIER.format(folder=folder, classes=3))
    (folder / "two.py").write_text(CLASSIFIER.format(folder=folder, classes=2))
    init_default_scope("mimseg")
    for name in ("knn", "classifier", "two"):
        torch.manual_seed(1)
        model = MODELS.build(load_config(folder / f"{name}.py").model)
        torch.save({"state_dict": model.state_dict()}, folder / f"{name}.pth")
    return folder


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    """Run the command in this process; gives exit code, stdout and stderr."""
    spec = importlib.util.spec_from_file_location("tools_test_command", ROOT / "tools" / "test.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(*arguments):
        monkeypatch.setattr("mmengine.runner.runner.collect_env", dict)  # takes a second
        monkeypatch.setattr(sys, "argv", ["test.py", *map(str, arguments), "--work-dir", str(tmp_path / "run")])
        monkeypatch.delenv("MIMSEG_TRACEBACK", raising=False)
        for manager in (MMLogger, MessageHub, Visualizer, DefaultScope):  # global, named by the second
            manager._instance_dict.clear()
        torch.set_num_threads(1)
        return module.main(), *capsys.readouterr()

    run.module = module
    return run


def metrics_of(folder: Path) -> dict:
    return json.loads((folder / "metrics.json").read_text())["test"]


def features_of(place: Path, split: str, pool: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Straight from the files, image by image."""
    model = MODELS.build(load_config(place / "knn.py").model).eval()
    model.load_state_dict(torch.load(place / "knn.pth", weights_only=True)["state_dict"])
    rows, labels = [], []
    for label, name in enumerate(CLASSES):
        for path in sorted((place / split / name).iterdir()):
            image = torch.from_numpy(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)).permute(2, 0, 1)
            rows.append(model.extract_features(model.data_preprocessor({"inputs": image[None]})["inputs"], pool)[0])
            labels.append(label)
    return torch.stack(rows), torch.tensor(labels)


@pytest.mark.parametrize("pool", ["avg", "cls"])
def test_knn_of_a_checkpoint(command, place, tmp_path, pool):
    code, out, errors = command(place / "knn.py", place / "knn.pth", "--cfg-options", f"test_cfg.pool={pool}")
    assert code == 0, errors
    expected = weighted_knn(*features_of(place, "train", pool), *features_of(place, "test", pool), 3, ks=(1, 5))
    metrics = metrics_of(tmp_path / "run")
    assert {k: metrics[f"knn/top1_k{k}"] for k in (1, 5)} == pytest.approx(expected)
    assert metrics["knn/best"] == max(expected.values()) == expected[metrics["knn/best_k"]]
    assert (metrics["checkpoint"], metrics["weights"]) == (str(place / "knn.pth"), "student")
    assert f"knn/top1_k5              {expected[5]:.2f}\n" in out
    assert "77/77" not in out and "encoder" in out  # the table of what was loaded
    log = next((tmp_path / "run").glob("*/*.log")).read_text()
    assert sum("knn/top1_k1:" in line for line in log.splitlines()) == 1


def test_accuracy_of_a_classifier(command, place, tmp_path):
    code, out, errors = command(place / "classifier.py", place / "classifier.pth")
    assert code == 0, errors
    model = MODELS.build(load_config(place / "classifier.py").model).eval()
    model.load_state_dict(torch.load(place / "classifier.pth", weights_only=True)["state_dict"])
    right = 0
    for label, name in enumerate(CLASSES):
        for path in sorted((place / "test" / name).iterdir()):
            image = torch.from_numpy(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)).permute(2, 0, 1)
            right += int(model((image[None].float() - 120) / 60).argmax()) == label
    assert metrics_of(tmp_path / "run")["accuracy/top1"] == pytest.approx(100 * right / 15)
    assert "accuracy/top1" in out
    assert set(metrics_of(tmp_path / "run")) == {"accuracy/top1", "checkpoint", "data", "weights"}


def test_a_moving_average_hook_of_the_training_changes_nothing(command, place, tmp_path):
    """It swaps its own copy of the weights in for the test; that copy must be of the weights that were loaded."""
    assert command(place / "classifier.py", place / "classifier.pth")[0] == 0
    alone = metrics_of(tmp_path / "run")
    config = tmp_path / "averaged.py"
    config.write_text(f'_base_ = "{place}/classifier.py"\ncustom_hooks = [dict(type="EMAHook")]\n')
    code, _, errors = command(config, place / "classifier.pth")
    assert code == 0, errors
    assert metrics_of(tmp_path / "run") == alone


def test_a_later_test_replaces_the_earlier_one(command, place, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "metrics.json").write_text(
        '{"knn": {"end": {"top1_k10": 1.0}}, "test": {"accuracy/top1": 3.0}}'
    )
    assert command(place / "knn.py", place / "knn.pth")[0] == 0
    assert "accuracy/top1" not in metrics_of(tmp_path / "run")
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["knn"] == {"end": {"top1_k10": 1.0}}


def test_a_test_changes_nothing_in_a_trainings_folder_but_its_metrics(command, place, tmp_path):
    folder = tmp_path / "run"
    write_run_file(folder, Run("0" * 32, config="configs/finetune/classifier.py"))
    (folder / "classifier.py").write_text("# the training's")
    (folder / LOCK_FILE).touch()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert command(place / "classifier.py", place / "classifier.pth")[0] == 0
    assert metrics_of(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name in before} == before


def test_a_folder_of_results_is_known_as_one(command, place, tmp_path):
    """So that pictures in it are no data, and no training takes it."""
    assert command(place / "classifier.py", place / "classifier.pth")[0] == 0
    run = read_run_file(tmp_path / "run")
    assert (run.kind, Path(run.config).name) == ("test", "classifier.py")
    assert (tmp_path / "run" / "classifier.py").is_file()


def test_ks_above_the_bank_are_named_and_left_out(command, place, tmp_path):
    code, out, errors = command(place / "knn.py", place / "knn.pth", "--cfg-options", "test_cfg.ks=[5,25,200]")
    assert code == 0, errors
    assert "k-NN: k = 25, 200 left out: there are only 24 labelled neighbours" in out + errors
    assert [name for name in metrics_of(tmp_path / "run") if "top1" in name] == ["knn/top1_k5"]


def one_line(result) -> str:
    code, _, errors = result
    last = errors.strip().splitlines()[-1]
    assert code == 2, errors
    assert last.startswith("error: ") and "Traceback" not in errors
    return last


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["{place}/knn.py", "{place}/none.pth"], "no checkpoint at "),
        (["{place}/knn.py", "{place}/empty.pth"], "is empty (0 bytes)"),
        (["{place}/knn.py", "{place}/knn.pth", "--cfg-options", "model.encoder.arch=micro"], "knn.pth: "),
        (["{place}/classifier.py", "{place}/knn.pth"], "knn.pth: "),
        (["{place}/knn.py", "{place}/knn.pth", "--weights", "ema"], "knn.pth: "),
        (["{root}/configs/mae/vitb_200e.py", "{place}/knn.pth"], "has no test_dataloader: it tests nothing"),
        (["{root}/configs/knn/vitbb.py", "{place}/knn.pth"], "does not exist; did you mean "),
        (
            ["{place}/knn.py", "{place}/knn.pth", "--cfg-options", "test_cfg.neighbors=3"],
            "test_cfg.neighbors is no argument of KNNLoop; did you mean neighbours?",
        ),
        (
            ["{place}/knn.py", "{place}/knn.pth", "--cfg-options", "test_cfg.ks=[25,200]"],
            "no k of [25, 200] lies between 1 and the 24 training images",
        ),
        (
            ["{place}/knn.py", "{place}/knn.pth", "--cfg-options", "test_cfg.ks=[0]"],
            "test_cfg.ks.0 must be at least 1, got 0",
        ),
        (
            ["{place}/knn.py", "{place}/knn.pth", "--cfg-options", "test_cfg.pool=max"],
            "test_cfg.pool must be 'avg' or 'cls', got 'max'",
        ),
        (
            ["{place}/knn.py", "{place}/knn.pth", "--cfg-options", "test_cfg.temperature=0"],
            "test_cfg.temperature must be above 0, got 0",
        ),
        (
            ["{place}/knn.py", "{place}/knn.pth", "--cfg-options", "test_dataloader.drop_last=True"],
            "test_dataloader: the dataloader must give every image once",
        ),
        (["{place}/two.py", "{place}/two.pth"], "has label 2, but model.num_classes=2"),
    ],
)
def test_a_users_mistake_is_one_line(command, place, arguments, complaint):
    (place / "empty.pth").touch()
    assert complaint in one_line(command(*(argument.format(place=place, root=ROOT) for argument in arguments)))


def test_data_that_cannot_be_used_is_one_line(command, place, tmp_path):
    def knn(*options):
        return one_line(command(place / "knn.py", place / "knn.pth", "--cfg-options", *options))

    (tmp_path / "nothing").mkdir()
    (tmp_path / "hollow" / "ball").mkdir(parents=True)
    for side in ("test_dataloader", "test_cfg.neighbours"):
        assert "/nowhere" in knn(f"{side}.dataset.data_root=/nowhere")
        for folder in ("nothing", "hollow"):
            line = knn(f"{side}.dataset.data_root={tmp_path / folder}")
            assert f"data folder '{tmp_path / folder}' holds no image in class folders" in line
    write_images(tmp_path / "fewer", CLASSES[:2], 3, seed=0)
    line = knn(f"test_dataloader.dataset.data_root={tmp_path / 'fewer'}")
    assert "the neighbours have 3 classes and the images to classify 2, 'ring' is in one of them only" in line
    line = knn(f"data.test={{'type': 'UnlabelledFolder', 'data_root': '{place / 'test'}'}}")
    assert "ball/0.png of the test images has no label" in line
    (tmp_path / "list.txt").write_text("ball/0.png 0\nring/1.png 7\n")
    line = knn(f"test_dataloader.dataset.ann_file={tmp_path / 'list.txt'}", *three_classes())
    assert "ring/1.png' has label 7, outside 0 to 2 for the 3 classes" in line
    line = knn(f"test_dataloader.dataset.data_root={tmp_path / 'fewer'}", *three_classes())
    assert "dataset.classes: 3 are given, but" in line and "has 2 folders" in line
    write_images(tmp_path / "broken", CLASSES, 1, seed=0)
    (tmp_path / "broken" / "cube" / "0.png").write_bytes(b"no image")
    line = knn(f"test_dataloader.dataset.data_root={tmp_path / 'broken'}")
    assert "cannot read image" in line and "cube/0.png" in line
    line = one_line(
        command(
            place / "classifier.py",
            place / "classifier.pth",
            "--cfg-options",
            f"test_dataloader.dataset.data_root={tmp_path / 'nothing'}",
        )
    )
    assert "holds no image in class folders" in line


def three_classes() -> list[str]:
    return [f"test_dataloader.dataset.classes={','.join(CLASSES)}"]


def test_an_evaluator_beside_the_loop_is_refused(command, place, tmp_path):
    config = tmp_path / "evaluated.py"
    config.write_text(f'_base_ = "{place}/knn.py"\ntest_evaluator = [dict(type="mmpretrain.Accuracy")]\n')
    assert "set test_evaluator=[]" in one_line(command(config, place / "knn.pth"))


def test_help_answers_without_importing_anything_heavy():
    for script in ("test.py", "analysis/compare_runs.py"):
        code = (
            "import runpy, sys\n"
            f"sys.argv = ['{script}', '--help']\n"
            f"try: runpy.run_path(r'{ROOT / 'tools' / script}', run_name='__main__')\n"
            "except SystemExit as end:\n"
            "    print(end.code, sorted({'torch', 'mmengine', 'numpy', 'rich'} & sys.modules.keys()))\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=280)
        assert done.stdout.splitlines()[-1] == "0 []"


def test_a_traceback_on_request(command, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["test.py", "/no/config.py", "none.pth"])
    monkeypatch.setenv("MIMSEG_TRACEBACK", "1")
    with pytest.raises(FileNotFoundError):
        command.module.main()


def test_two_processes_give_the_numbers_of_one(command, place, tmp_path):
    """Through tools/test.sh and tools/dist_test.sh; 15 and 24 images over two processes."""
    two = subprocess.run(
        [ROOT / "tools" / "test.sh", place / "knn.py", place / "knn.pth", "2", "--work-dir", tmp_path / "two"],
        capture_output=True,
        text=True,
        timeout=280,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHON": sys.executable},
    )
    assert two.returncode == 0, two.stderr[-3000:]
    assert "2 processes on" in two.stdout
    assert two.stdout.count("knn/best_k  ") == 1
    assert command(place / "knn.py", place / "knn.pth")[0] == 0
    assert metrics_of(tmp_path / "two") == metrics_of(tmp_path / "run")
