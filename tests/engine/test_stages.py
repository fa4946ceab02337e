"""Stages of image size and batch: what the loop, the optimizer and the learning rate make of them."""

import logging
import math
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.structures import BaseDataElement
from mmpretrain.datasets.transforms import RandomResizedCrop
from torch import nn
from torch.utils.data import Dataset

from mimseg.apis.run.expand import expand_schedule
from mimseg.checkpoints import read_checkpoint
from mimseg.engine import PretrainLoop, Stage, ThroughputHook, epoch_multiple
from mimseg.engine.stages import check_sizes, find_crops
from mimseg.models import MaskGenerator, SparseViT
from mimseg.registry import DATASETS


@DATASETS.register_module(force=True)
class SizedToyData(Dataset):
    """Row i is drawn from a generator seeded with i, and named after i and the size of the crop."""

    metainfo = {"name": "toy"}

    def __init__(self, length: int, bad: tuple[int, ...] = (), crops: int = 1) -> None:
        self.length = length
        self.pipeline = SimpleNamespace(transforms=[RandomResizedCrop(4) for _ in range(crops)])

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, item):
        index = item[0] if isinstance(item, tuple) else item
        name = f"{index} at {self.pipeline.transforms[0].scale}"
        inputs = torch.randn(4, generator=torch.Generator().manual_seed(index))
        return {"inputs": inputs, "data_samples": BaseDataElement(metainfo={"img_path": name})}


STAGES = [dict(epoch=0, size=8), dict(epoch=2, size=12, batch_size=2), dict(epoch=3, size=[16, 8], batch_size=6)]
LENGTHS = [6, 6, 12, 4]  # iterations of the four epochs of 24 images
SIZES = [(8, 8), (8, 8), (12, 12), (16, 8)]
BATCHES = [4, 4, 2, 6]


@pytest.fixture
def staged(toy):
    """Build a toy run of four epochs in stages."""

    def build(work_dir=None, stages=STAGES, **changes):
        changes = {"schedule.stages": stages, "train_dataloader.dataset.type": "SizedToyData", **changes}
        return toy(work_dir, epochs=4, **changes)

    return build


def train_and_read(runner, read) -> list:
    """What ``read(index, batch)`` gives during every iteration, before its step."""
    seen, step = [], runner.train_loop.run_iter

    def run_iter(index, batch):
        seen.append(read(index, batch))
        step(index, batch)

    runner.train_loop.run_iter = run_iter
    runner.train()
    return seen


def repeat(values) -> list:
    return [value for value, length in zip(values, LENGTHS, strict=True) for _ in range(length)]


def test_every_iteration_has_its_stages_size_and_batch(staged):
    runner = staged()
    assert runner.max_iters == 28

    def read(index, batch):
        size = {sample.img_path.split(" at ")[1] for sample in batch["data_samples"]}
        return index, len(runner.train_dataloader), len(batch["inputs"]), size

    indices, lengths, batches, sizes = zip(*train_and_read(runner, read), strict=True)
    assert list(indices) == [*range(6), *range(6), *range(12), *range(4)]
    assert list(lengths) == repeat(LENGTHS)
    assert list(batches) == repeat(BATCHES)
    assert list(sizes) == repeat([{str(size)} for size in SIZES])
    assert runner.iter == runner.max_iters == 28
    names = [int(name.split()[0]) for name in runner.bare_model.seen]
    assert all(sorted(names[24 * epoch : 24 * epoch + 24]) == list(range(24)) for epoch in range(4))
    assert runner.bare_model.progress == [0.25, 0.5, 0.75, 1.0]


def golden(batches, lengths, accumulations, warmup) -> list[float]:
    """A warm-up and half a cosine over four fractional epochs, below peaks of 1.0 per 256 images of a step."""
    rates = []
    for epoch, (batch, length, accumulation) in enumerate(zip(batches, lengths, accumulations, strict=True)):
        peak = batch * accumulation / 256
        for i in range(length):
            now = epoch + (i - i % accumulation) / length
            cosine = 0.5 * (1 + math.cos(math.pi * (now - warmup) / (4 - warmup)))
            rates.append(peak * (now / warmup if now < warmup else cosine))
    return rates


def rates_of(runner) -> list[float]:
    return train_and_read(runner, lambda *_: runner.optim_wrapper.optimizer.param_groups[0]["lr"])


def test_rate_of_every_iteration_follows_the_stages_batch(staged):
    rates = rates_of(staged(**{"schedule.warmup_epochs": 1.5}))
    assert rates == pytest.approx(golden(BATCHES, LENGTHS, [1] * 4, warmup=1.5), rel=1e-9, abs=1e-30)
    half, three_quarters = 0.5 * (1 + math.cos(math.pi / 5)), 0.5 * (1 + math.cos(math.pi * 3 / 5))
    assert [rates[12], rates[24]] == pytest.approx([2 / 256 * half, 6 / 256 * three_quarters], rel=1e-9)


def test_the_warm_up_follows_the_stages_batch(staged):
    rates = rates_of(staged(**{"schedule.warmup_epochs": 3}))
    assert [rates[6], rates[12], rates[18]] == pytest.approx([4 / 256 / 3, 2 / 256 * 2 / 3, 2 / 256 * 2.5 / 3])


def test_the_rate_keeps_its_peak_where_scaling_is_off(staged):
    rates = rates_of(staged(**{"auto_scale_lr.enable": False}))
    assert rates == pytest.approx(golden([256] * 4, LENGTHS, [1] * 4, warmup=1), rel=1e-9, abs=1e-30)


def test_each_stage_is_told_in_a_line(staged, caplog):
    runner = staged(stages=[*STAGES[:2], dict(epoch=3, size=[16, 8], batch_size=6, accumulative_counts=2)])
    runner.logger.setLevel(logging.INFO)
    runner.logger.addHandler(caplog.handler)
    runner.train()
    lines = [record.getMessage() for record in caplog.records if record.getMessage().startswith("stage ")]
    assert lines == [
        "stage 1 of 3, epochs 1 to 2: 8 x 8 px, "
        "1 process x 4 images x 1 accumulation = batch 4 -> learning rate 1.56e-02",
        "stage 2 of 3, epochs 3 to 3: 12 x 12 px, "
        "1 process x 2 images x 1 accumulation = batch 2 -> learning rate 7.81e-03",
        "stage 3 of 3, epochs 4 to 4: 16 x 8 px, "
        "1 process x 6 images x 2 accumulation = batch 12 -> learning rate 4.69e-02",
    ]


def test_images_per_second_are_averaged_within_a_stage(staged):
    runner = staged(stages=[dict(epoch=0, size=8), dict(epoch=1, size=12)])
    hook = next(hook for hook in runner.hooks if isinstance(hook, ThroughputHook))
    assert train_and_read(runner, lambda *_: hook._seen) == [*range(6), *range(18)]


TWO_THEN_THREE = [
    dict(epoch=0, size=8, batch_size=3, accumulative_counts=2),
    dict(epoch=2, size=12, batch_size=2, accumulative_counts=3),
]


def test_two_then_three_accumulated_batches(staged):
    """28 images are cut so that an epoch is a multiple of 6 batches: of 18 images, and later of 12."""
    runner = staged(stages=TWO_THEN_THREE, length=28)
    rates = rates_of(runner)
    assert runner.bare_model.teacher_epochs == [0] * 3 + [1] * 3 + [2] * 4 + [3] * 4  # one per optimizer step
    assert rates == pytest.approx(golden([3, 3, 2, 2], [6, 6, 12, 12], [2, 2, 3, 3], 1), rel=1e-9, abs=1e-30)
    assert [rates[6], rates[12]] == pytest.approx([6 / 256, 6 / 256 * 0.75])


def test_steps_are_counted_from_where_an_epoch_begins(staged):
    """Another sampler does not cut the epoch: its 5th and 4th batch are left over, and make a step of their own."""
    stages = [dict(epoch=0, size=8, batch_size=5, accumulative_counts=2), dict(TWO_THEN_THREE[1], batch_size=7)]
    runner = staged(stages=stages, **{"train_dataloader.sampler": dict(type="DefaultSampler", _delete_=True)})
    runner.train_loop  # noqa: B018 (built on access)
    runner.optim_wrapper = wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    parts, scale_loss = [], wrapper.scale_loss
    wrapper.scale_loss = lambda loss: parts.append((loss / scale_loss(loss)).item()) or scale_loss(loss)
    stepped = train_and_read(runner, lambda *_: wrapper.stepped)[1:] + [wrapper.stepped]
    assert stepped == [False, True, False, True, True] * 2 + [False, False, True, True] * 2
    assert parts == pytest.approx([2, 2, 2, 2, 1] * 2 + [3, 3, 3, 1] * 2)


def outcome(runner) -> list[torch.Tensor]:
    """All that a run ends with."""
    moments = runner.optim_wrapper.optimizer.state_dict()["state"].values()
    rate = torch.tensor(runner.optim_wrapper.optimizer.param_groups[0]["lr"], dtype=torch.float64)
    tensors = [*runner.bare_model.state_dict().values(), *(v for state in moments for v in state.values())]
    return [torch.get_rng_state(), rate, *(tensor.clone() for tensor in tensors)]


def same(a, b) -> bool:
    return len(a) == len(b) and all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_resume_from_anywhere_in_any_stage_is_exact(staged, tmp_path):
    """Within stages, at an epoch's last iteration, and at borders, with the next epoch not yet begun."""
    straight = staged(tmp_path / "straight", interval=3)
    by_epoch = dict(type="CheckpointHook", interval=1, backend_args=dict(backend="AtomicBackend"))
    straight.register_hook(by_epoch)
    straight.train()
    end, seen = outcome(straight), straight.bare_model.seen
    behind = [0, *torch.tensor(repeat(BATCHES)).cumsum(0).tolist()]
    starts = {"iter_3": (3, 6), "iter_12": (12, 6), "epoch_2": (12, 12), "iter_15": (15, 12), "epoch_3": (24, 4)}
    for name, (iteration, length) in starts.items():
        path = tmp_path / "straight" / f"{name}.pth"
        resumed = staged(tmp_path / name, resume=True, load_from=str(path))
        loop, before_train = resumed.train_loop, []
        resumed.hooks[0].before_train = lambda run, seen=before_train: seen.append(
            (run.iter, len(run.train_dataloader), run.max_iters)
        )
        resumed.train()
        assert before_train == [(iteration, length, 28)], name
        assert resumed.bare_model.seen == seen[behind[iteration] :], name
        assert same(outcome(resumed), end), name
        assert (loop.iter, loop.epoch, loop.epoch_start) == (28, 4, 28)


@pytest.mark.parametrize(("sampler", "name"), [("SeededSampler", "epoch_3"), ("DefaultSampler", "epoch_1")])
def test_resume_with_another_accumulation_in_each_stage_is_exact(staged, tmp_path, caplog, sampler, name):
    """Also where the iterations so far, 5 of 4 images each, are no multiple of the accumulation."""
    stages = [dict(TWO_THEN_THREE[0], batch_size=4), TWO_THEN_THREE[1]]
    sampling = {"train_dataloader.sampler": dict(type=sampler, _delete_=True)}
    changes = dict(stages=stages, length=24 if sampler == "SeededSampler" else 20, **sampling)
    by_epoch = {"default_hooks.checkpoint.by_epoch": True, "default_hooks.checkpoint.interval": 1}
    straight = staged(tmp_path / "run", **changes, **by_epoch)
    straight.train()
    end = outcome(straight)
    resumed = staged(tmp_path / "on", resume=True, load_from=str(tmp_path / "run" / f"{name}.pth"), **changes)
    resumed.logger.addHandler(caplog.handler)
    resumed.train()
    assert same(outcome(resumed), end)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_run_of_earlier_versions_is_resumed(toy, tmp_path):
    straight = toy(tmp_path / "run", interval=9)
    straight.train()
    end = outcome(straight)
    path = tmp_path / "run" / "iter_9.pth"
    checkpoint = read_checkpoint(path)
    assert checkpoint["meta"].pop("epoch_start") == 6
    for later in ("settings", "batch", "images"):
        del checkpoint["meta"][later]
    del checkpoint["param_schedulers"][0]["peak_scale"]
    torch.save(checkpoint, path)
    resumed = toy(resume=True, load_from=str(path))
    resumed.train()
    assert same(outcome(resumed), end)


def test_stages_may_be_added_to_the_epochs_to_come(toy, staged, tmp_path):
    toy(tmp_path / "run", epochs=4, interval=3).train()
    added = staged(tmp_path / "added", resume=True, load_from=str(tmp_path / "run" / "iter_9.pth"))
    added.train()
    assert added.iter == 28
    late = staged(resume=True, load_from=str(tmp_path / "run" / "iter_15.pth"))
    with pytest.raises(ValueError, match="was written with .* = batch 4, this run has .* = batch 2: resume with the"):
        late.train()


def test_a_start_within_an_optimizer_step_is_refused(toy, tmp_path):
    """Of an earlier version, which did not tell its batch."""
    toy(tmp_path / "run", interval=3).train()
    path = tmp_path / "run" / "iter_3.pth"
    checkpoint = read_checkpoint(path)
    del checkpoint["meta"]["batch"]
    torch.save(checkpoint, path)
    with pytest.raises(ValueError, match="after 3 iterations of epoch 0: an optimizer step takes 2 batches"):
        toy(accumulate=2, resume=True, load_from=str(path)).train()


def test_checkpoints_by_iteration_fit_the_accumulation_of_all_stages(staged):
    with pytest.raises(ValueError, match=r"interval=4 .* accumulations of schedule.stages together=6: .* use 6"):
        staged(stages=TWO_THEN_THREE, interval=4)
    assert epoch_multiple([Stage(0, (8, 8), 1, counts) for counts in (1, 4, 6)]) == 12


def test_the_config_has_the_first_stages_batch(staged):
    runner = staged(stages=TWO_THEN_THREE)
    assert runner.cfg.train_dataloader.batch_size == 3
    assert runner.cfg.optim_wrapper.accumulative_counts == 2


def test_a_stage_with_too_few_images_is_refused(staged):
    with pytest.raises(ValueError, match="24 images is too small .* with 25 images each a step"):
        staged(stages=[dict(epoch=0, size=8), dict(epoch=1, size=8, batch_size=25)]).train_loop  # noqa: B018


@pytest.mark.parametrize(("crops", "complaint"), [(0, "has 0 of them"), (2, "has 2 of them: give it exactly one")])
def test_a_pipeline_needs_exactly_one_random_crop(staged, crops, complaint):
    with pytest.raises(ValueError, match=complaint):
        staged(**{"train_dataloader.dataset.crops": crops}).train_loop  # noqa: B018


def test_crops_are_found_in_wrapped_and_joined_datasets():
    first, second = RandomResizedCrop(4), RandomResizedCrop(8)
    plain = SimpleNamespace(pipeline=SimpleNamespace(transforms=[object(), first]))
    nested = SimpleNamespace(pipeline=SimpleNamespace(transforms=[SimpleNamespace(transforms=[[second], object()])]))
    joined = SimpleNamespace(dataset=SimpleNamespace(datasets=[plain, SimpleNamespace(dataset=nested)]))
    assert find_crops(joined) == [first, second]
    with pytest.raises(ValueError, match="SimpleNamespace has no pipeline"):
        find_crops(SimpleNamespace())


def test_sizes_must_fit_patches_and_mask_units():
    model = nn.Module()
    model.encoder = SparseViT(dict(embed_dim=8, depth=1, num_heads=1), patch_size=8)
    model.masking = MaskGenerator(dict(type="RandomPolicy"), dict(type="FixedRatio", ratio=0.75), unit=16)
    check_sizes(model, [Stage(0, (32, 16), 1, 1)])
    with pytest.raises(ValueError, match=r"^schedule.stages\[1\].size: image size 30x30 is not a multiple of"):
        check_sizes(model, [Stage(0, (32, 32), 1, 1), Stage(1, (30, 30), 1, 1)])
    with pytest.raises(ValueError, match=r"^schedule.stages\[0\].size: .* not a multiple of masking.unit=16"):
        check_sizes(model, [Stage(0, (24, 24), 1, 1)])
    check_sizes(nn.Linear(1, 1), [Stage(0, (3, 3), 1, 1)])


def schedule_of(stages) -> Config:
    cfg = dict(train_dataloader=dict(batch_size=4), optim_wrapper=dict(accumulative_counts=2))
    return Config(dict(cfg, schedule=dict(epochs=10, warmup_epochs=1, stages=stages)))


def test_what_a_stage_leaves_out_is_the_configs():
    cfg = schedule_of([dict(epoch=0, size=8), dict(epoch=9, size=(16, 8), batch_size=2, accumulative_counts=1)])
    expand_schedule(cfg)
    first = dict(epoch=0, size=(8, 8), batch_size=4, accumulative_counts=2)
    second = dict(epoch=9, size=(16, 8), batch_size=2, accumulative_counts=1)
    assert [dict(stage) for stage in cfg.train_cfg.stages] == [first, second]
    without = schedule_of(None)
    expand_schedule(without)
    assert "stages" not in without.train_cfg


@pytest.mark.parametrize(
    ("stages", "complaint"),
    [
        ([], "schedule.stages must be a list of dict(epoch=..., size=...), got []"),
        (dict(epoch=0, size=8), "must be a list of dict"),
        ([7], "schedule.stages[0] must be dict(epoch=..., size=...), got 7"),
        ([dict(epoch=0, sizes=8)], "schedule.stages[0].sizes: unknown key; did you mean schedule.stages[0].size?"),
        ([dict(epoch=0)], "schedule.stages[0].size is missing"),
        ([dict(size=8)], "schedule.stages[0].epoch is missing"),
        ([dict(epoch=1, size=8)], "schedule.stages[0].epoch must be 0, the first epoch, got 1"),
        ([dict(epoch=0, size=8), dict(epoch=0, size=9)], "stages[0].epoch=0 must be below that of the next stage, 0"),
        ([dict(epoch=0, size=8), dict(epoch=5, size=9), dict(epoch=3, size=9)], "stages[1].epoch=5 must be below"),
        ([dict(epoch=0, size=8), dict(epoch=10, size=9)], "stages[1].epoch=10 must be below schedule.epochs=10"),
        ([dict(epoch=0, size=8), dict(epoch=1.5, size=9)], "schedule.stages[1].epoch must be a whole number"),
        ([dict(epoch=0, size=0)], "size must be a number of pixels of at least 1, or (height, width), got 0"),
        ([dict(epoch=0, size=(8, 8, 3))], "got (8, 8, 3)"),
        ([dict(epoch=0, size="8")], "got '8'"),
        ([dict(epoch=0, size=8, batch_size=0)], "batch_size must be a whole number of at least 1, got 0"),
        ([dict(epoch=0, size=8, accumulative_counts=True)], "accumulative_counts must be a whole number of at least 1"),
    ],
)
def test_bad_stages_are_one_clear_line(stages, complaint):
    with pytest.raises(ValueError) as error:
        expand_schedule(schedule_of(stages))
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_a_multiple_beside_stages_is_refused(staged):
    with pytest.raises(ValueError, match="multiple_of=4 is one number for all batch sizes"):
        staged(**{"train_dataloader.sampler.multiple_of": 4})


def test_a_run_without_stages_has_one_loader_as_it_is(toy):
    loop = toy().train_loop
    assert isinstance(loop, PretrainLoop)
    assert loop.loaders == [loop.dataloader]
    assert [loop.stage_of(epoch) for epoch in range(3)] == [0, 0, 0]
    assert loop.max_iters == 18
