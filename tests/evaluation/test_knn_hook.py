import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from torch import nn
from torch.utils.data import Dataset

from mimseg.evaluation import KNNHook, weighted_knn
from mimseg.models import ImagePreprocessor
from mimseg.registry import HOOKS


class Labelled(Dataset):
    """Noisy images of ``classes`` patterns, fixed by ``seed``."""

    def __init__(self, size: int, seed: int, classes: int = 3, labelled: bool = True):
        generator = torch.Generator().manual_seed(seed)
        self.labels = torch.randint(classes, (size,), generator=generator)
        patterns = torch.rand(classes, 3, 4, 4, generator=torch.Generator().manual_seed(7))
        noise = torch.rand(size, 3, 4, 4, generator=generator)
        self.images = (255 * (0.35 * patterns[self.labels] + 0.65 * noise)).byte()
        self.labelled = labelled

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        sample = DataSample(metainfo={"img_path": f"image_{index}.png"})
        if self.labelled:
            sample.set_gt_label(int(self.labels[index]))
        return {"inputs": self.images[index], "data_samples": sample}


class FlatFeatures(BaseModel):
    """Features are the normalised pixels, scaled by one trained number that k-NN does not see."""

    def __init__(self):
        super().__init__(data_preprocessor=ImagePreprocessor([100.0] * 3, [50.0] * 3))
        self.scale = nn.Parameter(torch.ones(()))
        self.dropout = nn.Dropout(0.5)

    def forward(self, inputs, data_samples=None, mode="loss"):
        return {"loss_fit": (self.dropout(inputs) * self.scale).square().mean()}

    def extract_features(self, images, pool="avg"):
        return self.dropout(images.flatten(1)) * self.scale


def loader(size: int, seed: int, **dataset) -> dict:
    return {"dataset": Labelled(size, seed, **dataset), "batch_size": 7}


def train(work_dir: Path, hooks: list, epochs: int = 3, **runner) -> Runner:
    torch.manual_seed(0)
    runner = Runner(
        FlatFeatures(),
        work_dir=str(work_dir),
        train_dataloader={
            "dataset": Labelled(8, 5),
            "sampler": {"type": "DefaultSampler", "shuffle": True},
            "batch_size": 4,
        },
        train_cfg={"by_epoch": True, "max_epochs": epochs},
        optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.1}},
        custom_hooks=hooks,
        randomness={"seed": 0},
        experiment_name=f"knn_{work_dir.name}",
        log_level="INFO",
        **runner,
    )
    runner.train()
    return runner


def expected(ks=(10, 20)) -> dict[str, float]:
    """Straight from the datasets: pixels, normalised, and the protocol's function."""
    sets = [Labelled(40, 1), Labelled(25, 2)]
    features = [(data.images.float().flatten(1) - 100) / 50 for data in sets]
    top1 = weighted_knn(features[0], sets[0].labels, features[1], sets[1].labels, 3, ks)
    return {f"top1_k{k}": value for k, value in top1.items()}


def test_metrics_scalars_and_one_line(tmp_path):
    hook = HOOKS.build({"type": "mimseg.KNNHook", "train": loader(40, 1), "test": loader(25, 2), "interval": 1})
    assert isinstance(hook, KNNHook)
    runner = train(tmp_path, [hook])
    metrics = json.loads((tmp_path / "metrics.json").read_text())["knn"]
    assert list(metrics) == ["start", "epoch_1", "epoch_2", "end"]
    assert metrics["start"] == pytest.approx(expected())  # k of 100 and 200 exceed the 40 images
    assert runner.message_hub.get_scalar("knn/top1_k10").data[0].tolist() == [
        metrics[key]["top1_k10"] for key in metrics
    ]
    scalars = [json.loads(line) for line in next(tmp_path.glob("*/vis_data/scalars.json")).read_text().splitlines()]
    assert sum("knn/top1_k20" in line for line in scalars) == 4
    lines = [line for line in next(tmp_path.glob("*/*.log")).read_text().splitlines() if "k-NN top-1" in line]
    assert len(lines) == 4
    log = next(tmp_path.glob("*/*.log")).read_text()
    assert log.count("k-NN: k = 100, 200 left out: there are only 40 labelled neighbours") == 1
    assert f"10: {metrics['end']['top1_k10']:.1f}" in lines[-1]
    assert f"before training {max(metrics['start'].values()):.1f}" in lines[-1]


def test_training_is_not_disturbed(tmp_path):
    with_hook = train(tmp_path / "with", [KNNHook(loader(40, 1), loader(25, 2), interval=1)])
    without = train(tmp_path / "without", [])
    assert torch.equal(with_hook.model.scale, without.model.scale)
    assert with_hook.model.training


def test_a_resumed_run_does_not_start_over(tmp_path):
    hook = {"type": "mimseg.KNNHook", "train": loader(40, 1), "test": loader(25, 2)}
    train(tmp_path, [HOOKS.build(hook)], epochs=1)
    (tmp_path / "metrics.json").unlink()
    train(tmp_path, [HOOKS.build(hook)], epochs=2, resume=True)
    assert list(json.loads((tmp_path / "metrics.json").read_text())["knn"]) == ["end"]


def test_wrong_settings_are_refused(tmp_path):
    shuffled = {**loader(40, 1), "sampler": {"type": "DefaultSampler", "shuffle": True}}
    with pytest.raises(ValueError, match="KNNHook.test: the dataloader must give every image once and in order"):
        KNNHook(loader(40, 1), shuffled)
    with pytest.raises(ValueError, match="drop_last"):
        KNNHook({**loader(40, 1), "drop_last": True}, loader(25, 2))
    with pytest.raises(ValueError, match="pool must be 'avg' or 'cls', got 'max'"):
        KNNHook(loader(40, 1), loader(25, 2), pool="max")
    with pytest.raises(ValueError, match="interval is -1"):
        KNNHook(loader(40, 1), loader(25, 2), interval=-1)
    with pytest.raises(ValueError, match=r"image_0\.png of the test images has no label"):
        train(tmp_path, [KNNHook(loader(40, 1), loader(25, 2, labelled=False))])


def test_sets_that_do_not_go_together_are_refused_before_training(tmp_path):
    named = [{"dataset": Labelled(40, 1), "batch_size": 7} for _ in range(2)]
    named[0]["dataset"].metainfo = {"classes": ("cat", "dog", "owl")}
    named[1]["dataset"].metainfo = {"classes": ("cat", "owl")}
    with pytest.raises(ValueError, match="neighbours have 3 classes and the images to classify 2, 'dog' is in one"):
        train(tmp_path, [KNNHook(*named)])
    with pytest.raises(ValueError, match=r"no k of \[50, 60\] lies between 1 and the 40 training images"):
        train(tmp_path, [KNNHook(loader(40, 1), loader(25, 2), ks=(50, 60))])
    named[1]["dataset"].metainfo = named[0]["dataset"].metainfo
    named[1]["dataset"].labels[4] = 3
    with pytest.raises(ValueError, match=r"image_4\.png of the test images has label 3, outside 0 to 2"):
        train(tmp_path, [KNNHook(*named)])


def test_collates_like_the_loader():
    batch = pseudo_collate([Labelled(2, 1)[0], Labelled(2, 1)[1]])
    assert FlatFeatures().data_preprocessor(batch)["inputs"].shape == (2, 3, 4, 4)


def distributed_run(work_dir: str) -> None:
    torch.distributed.init_process_group("gloo")
    train(Path(work_dir), [KNNHook(loader(40, 1), loader(25, 2))], epochs=1)
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def test_two_processes_give_the_same_numbers(tmp_path):
    """25 test images over two processes: one row is padding, which must not be counted."""
    environment = {
        **os.environ,
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(20000 + os.getpid() % 20000),
        "WORLD_SIZE": "2",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
    }
    code = f"import test_knn_hook; test_knn_hook.distributed_run({str(tmp_path)!r})"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env={**environment, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(2)
    ]
    outputs = [process.communicate(timeout=200)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "\n".join(outputs)[-3000:]
    metrics = json.loads((tmp_path / "metrics.json").read_text())["knn"]
    assert metrics["start"] == pytest.approx(expected())
