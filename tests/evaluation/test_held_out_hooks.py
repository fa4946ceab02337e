"""The two label-free signals: the effective rank, and the loss under fixed masks."""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from torch.utils.data import Dataset

from mimseg.evaluation import MaskedLossHook, RankMeHook
from mimseg.ops.masking import PatchMask
from mimseg.ops.patches import patchify
from mimseg.registry import MODELS

TINY = dict(type="TransformerDecoder", depth=1, num_heads=2)
HPM = dict(
    type="MaskedImageModel",
    data_preprocessor=dict(type="ImagePreprocessor", mean=[100.0] * 3, std=[50.0] * 3),
    encoder=dict(type="SparseViT", arch=dict(embed_dim=16, depth=1, num_heads=2), patch_size=4),
    neck=dict(type="MaskTokenNeck", width=16),
    masking=dict(
        type="MaskGenerator",
        score=dict(type="PredictedLossScore"),
        policy=dict(type="EasyToHardPolicy"),
        ratio=dict(type="FixedRatio", ratio=0.75),
    ),
    tasks=dict(
        reconstruct=dict(
            type="Task", decoder=TINY, target=dict(type="PixelTarget", normalize=False), loss=dict(type="PatchMSE")
        ),
        predict_loss=dict(
            type="Task",
            decoder=TINY,
            target=dict(type="PatchLossTarget", task="reconstruct"),
            loss=dict(type="RelativePatchLoss"),
        ),
    ),
    teachers=dict(ema=dict(type="EMATeacher")),
)


class Pictures(Dataset):
    """Random images of 4 x 4 patches, fixed by their positions."""

    def __init__(self, size: int):
        self.images = torch.randint(256, (size, 3, 16, 16), generator=torch.Generator().manual_seed(3)).byte()

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return {"inputs": self.images[index], "data_samples": DataSample(metainfo={"img_path": f"{index}.png"})}


def loader(size: int = 23, batch_size: int = 5) -> dict:
    return {"dataset": Pictures(size), "batch_size": batch_size}


def model():
    torch.set_num_threads(1)
    init_default_scope("mimseg")
    torch.manual_seed(0)
    return MODELS.build(copy.deepcopy(HPM)).eval()


def measured(hook, of=None) -> dict[str, float]:
    hook.prepare(None)
    with torch.no_grad():
        return hook.measure(of or model())


def train(work_dir: Path, hooks: list, epochs: int = 3) -> Runner:
    runner = Runner(
        model().train(),
        work_dir=str(work_dir),
        train_dataloader={
            "dataset": Pictures(8),
            "sampler": {"type": "DefaultSampler", "shuffle": True},
            "batch_size": 4,
        },
        train_cfg={"by_epoch": True, "max_epochs": epochs},
        optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.01}},
        custom_hooks=hooks,
        randomness={"seed": 0},
        experiment_name=f"held_out_{work_dir.name}",
    )
    runner.train()
    return runner


def by_hand(size: int, seed: int) -> float:
    """The reconstruction loss image by image, the comparison in NumPy."""
    mae, losses = model(), []
    for position, image in enumerate(Pictures(size).images):
        noise = torch.rand(16, generator=torch.Generator().manual_seed(seed * 1_000_003 + position))
        hidden = np.argsort(noise.numpy())[4:]  # 12 of 16 patches
        mask = torch.zeros(1, 16, dtype=torch.bool)
        mask[0, hidden] = True
        image = (image.float()[None] - 100) / 50
        with torch.no_grad():
            latent = mae.neck(mae.encoder(image, PatchMask.from_bool(mask, 12)))
            predicted = mae.tasks["reconstruct"].decoder(latent)[0].numpy()
        truth = patchify(image, 4)[0].numpy()[np.sort(hidden)]
        losses.append(np.mean((predicted - truth) ** 2))
    return float(np.mean(losses))


@pytest.mark.parametrize("seed", [0, 3])
def test_masked_loss_against_numpy(seed):
    values = measured(MaskedLossHook(loader(), seed=seed))
    assert values["loss_reconstruct"] == pytest.approx(by_hand(23, seed), rel=1e-5)
    assert values["loss"] == pytest.approx(values["loss_reconstruct"] + values["loss_predict_loss"])
    assert 0.5 < values["loss_predict_loss"] < 1.5  # ln 2 = 0.69 where it knows nothing


def test_masked_loss_depends_on_the_weights_only():
    """Not on progress, by which this model's own masks get harder, nor on the random state."""
    hpm = model()
    values = []
    for progress in (0.0, 1.0):
        hpm.set_progress(progress)
        torch.manual_seed(int(progress))
        values.append(measured(MaskedLossHook(loader()), hpm))
    assert values[0] == values[1]
    assert measured(MaskedLossHook(loader(), seed=1), hpm) != values[0]
    with torch.no_grad():
        hpm.neck.mask_token.add_(1)
    assert measured(MaskedLossHook(loader()), hpm) != values[0]


def test_the_teacher_is_not_run_for_masks_that_are_given(monkeypatch):
    hpm = model()
    monkeypatch.setattr(hpm.teachers["ema"], "look", lambda *_: pytest.fail("nothing reads the teacher here"))
    measured(MaskedLossHook(loader()), hpm)


def test_rank_of_the_features():
    hpm = model()
    with torch.no_grad():
        features = hpm.extract_features((Pictures(23).images.float() - 100) / 50).double().numpy()
    share = np.linalg.svd(features, compute_uv=False)
    share = share / share.sum() + 1e-7
    hook = RankMeHook(loader())
    assert measured(hook, hpm)["rank"] == pytest.approx(np.exp(-(share * np.log(share)).sum()), rel=1e-5)
    assert "of at most 16" in hook.describe({"rank": 3.0}, "now", None)
    assert measured(RankMeHook(loader(), pool="cls"), hpm) != measured(RankMeHook(loader()), hpm)


def test_evenly_spaced_images_are_taken():
    hook = MaskedLossHook(loader(23, 2), max_images=5)
    hook.prepare(None)
    assert hook.held_out.batches == [[0, 6], [11, 16], [22]]  # 0, 5.5, 11, 16.5, 22, to even
    assert hook.held_out.images == 5
    hook = MaskedLossHook(loader(3, 2), max_images=5)
    hook.prepare(None)
    assert hook.held_out.batches == [[0, 1], [2]]


def test_metrics_scalars_and_one_line_each(tmp_path):
    runner = train(tmp_path, [RankMeHook(loader(), interval=1), MaskedLossHook(loader(), interval=2)])
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert list(metrics["rankme"]) == ["start", "epoch_1", "epoch_2", "end"]
    assert list(metrics["masked_loss"]) == ["start", "epoch_2", "end"]
    assert metrics["masked_loss"]["start"] == pytest.approx(measured(MaskedLossHook(loader())))
    assert metrics["masked_loss"]["end"]["loss_reconstruct"] < metrics["masked_loss"]["start"]["loss_reconstruct"]
    ranks = [values["rank"] for values in metrics["rankme"].values()]
    assert runner.message_hub.get_scalar("rankme/rank").data[0].tolist() == ranks
    lines = next(tmp_path.glob("*/*.log")).read_text().splitlines()
    assert sum("RankMe after epoch" in line for line in lines) == 2
    last = [line for line in lines if "loss under fixed masks after training, 23 images" in line]
    assert len(last) == 1
    assert f"before training {metrics['masked_loss']['start']['loss']:.4f}" in last[0]


def test_training_is_not_disturbed(tmp_path):
    watched = train(tmp_path / "with", [RankMeHook(loader(), interval=1), MaskedLossHook(loader(), interval=1)])
    alone = train(tmp_path / "without", [])
    for name, tensor in alone.model.state_dict().items():
        assert torch.equal(watched.model.state_dict()[name], tensor), name
    assert watched.model.training


@pytest.mark.parametrize("kind", [RankMeHook, MaskedLossHook])
def test_wrong_settings_are_refused(kind):
    with pytest.raises(ValueError, match=rf"{kind.__name__}\.dataloader: the dataloader must give every image once"):
        kind({**loader(), "drop_last": True})
    with pytest.raises(ValueError, match=f"{kind.__name__}: interval is -1"):
        kind(loader(), interval=-1)
    with pytest.raises(ValueError, match="max_images is 0"):
        kind(loader(), max_images=0).prepare(None)
    with pytest.raises(ValueError, match="pool must be 'avg' or 'cls', got 'max'"):
        RankMeHook(loader(), pool="max")


def distributed_values(path: str) -> None:
    torch.distributed.init_process_group("gloo")
    values = [measured(MaskedLossHook(loader())), measured(RankMeHook(loader())), measured(RankMeHook(loader(3)))]
    if torch.distributed.get_rank() == 1:
        Path(path).write_text(json.dumps(values))
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def test_two_processes_give_the_same_numbers(tmp_path):
    """Five batches over two processes, and one batch, which leaves a process without any."""
    environment = {
        **os.environ,
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(20000 + (os.getpid() + 7777) % 20000),
        "WORLD_SIZE": "2",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
    }
    path = tmp_path / "values.json"
    code = f"import test_held_out_hooks as t; t.distributed_values({str(path)!r})"
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
    outputs = [process.communicate(timeout=250)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "\n".join(outputs)[-3000:]
    alone = [measured(MaskedLossHook(loader())), measured(RankMeHook(loader())), measured(RankMeHook(loader(3)))]
    for ours, theirs in zip(alone, json.loads(path.read_text()), strict=True):
        assert theirs == pytest.approx(ours, rel=1e-6)
