from pathlib import Path

import pytest
from mmengine.config import Config

from mimseg.apis import load_config
from mimseg.benchmark import batch_that_fits, count_memory, fits_gpu, worst
from mimseg.benchmark.memory import GIB, MemoryCount
from mimseg.benchmark.moments import Moment

from .conftest import merged

CONFIGS = Path(__file__).parents[2] / "configs"
ADAMW = dict(type="AdamW", lr=1e-3, fused=True)
WIDTH, HEADS, BATCH = 64, 2, 32


@pytest.fixture
def trained(config):
    """``trained(kind, epochs=, **changes of the model)`` -> a config that trains on 24 x 24 px, 36 patches."""

    def make(kind, epochs=10, optimizer=ADAMW, precision="bf16", **changes):
        changes = merged({"encoder": dict(arch=dict(embed_dim=WIDTH, depth=2, num_heads=HEADS))}, changes)
        images = dict(dataset=dict(pipeline=[dict(type="RandomResizedCrop", scale=24)]))
        return Config(
            dict(
                model=config(kind, **changes).model,
                schedule=dict(epochs=epochs),
                train_dataloader=dict(batch_size=BATCH, dataset=images),
                optim_wrapper=dict(optimizer=dict(optimizer), precision=precision),
                custom_hooks=[],
            )
        )

    return make


def only(cfg, **options):
    (count,) = count_memory("tiny.py", cfg, **options)
    return count


@pytest.mark.parametrize(
    ("precision", "numbers"),
    [
        # bytes a token and a number of its width that a block keeps: its input, the stream between its halves (fp32);
        # what both norms give, queries, keys and values, what attention gives, GELU's input and output (bf16)
        ("bf16", 4 + 4 + 2 * (1 + 1 + 3 + 1 + 4 + 4)),
        ("fp32", 4 + 4 + 4 * (1 + 1 + 3 + 1 + 4 + 4)),
    ],
)
def test_a_block_keeps_what_is_counted_by_hand(trained, precision, numbers):
    two, three = (
        only(trained("mae", precision=precision, encoder=dict(arch=dict(depth=depth)))).activations for depth in (2, 3)
    )
    tokens = BATCH * (1 + 9)  # a quarter of 36 patches is visible, and the class token
    norms, logarithms = 2 * 2 * 4 * tokens, BATCH * HEADS * 4 * (10 if precision == "bf16" else 32)
    assert three - two == pytest.approx(numbers * tokens * WIDTH + norms + logarithms, rel=0.01)


def test_what_does_not_grow_with_the_batch(trained):
    cfg = trained("mae")
    count = only(cfg)
    # of 64 numbers a token: 2 blocks (12 D^2 + 13 D), embedding of 48 numbers, class token, final norm; in the decoder
    # a block of width 32, its norm and head to 48 numbers, the projection 64 -> 32 and the mask token
    encoder = 2 * (12 * 64**2 + 13 * 64) + (48 + 1) * 64 + 64 + 2 * 64
    decoder = (12 * 32**2 + 13 * 32) + 2 * 32 + (32 + 1) * 48 + (64 + 1) * 32 + 32
    assert count.gradients == 4 * (encoder + decoder)
    assert count.weights == pytest.approx(count.gradients, rel=0.3)  # and buffers: positions, statistics
    assert count.buckets == count.gradients and only(cfg, processes=1).buckets == 0
    assert count.optimizer == 2 * count.gradients and count.teachers == 0
    assert count.copies < count.weights / 2


@pytest.mark.parametrize(
    ("optimizer", "copies"),
    [
        (dict(type="SGD", lr=0.1), 0),
        (dict(type="SGD", lr=0.1, momentum=0.9), 1),
        (dict(type="Lars", lr=0.1, momentum=0.9), 1),
    ],
)
def test_other_optimizers_keep_less(trained, optimizer, copies):
    count = only(trained("mae", optimizer=optimizer))
    assert count.optimizer == copies * count.gradients


def test_teachers_and_averages_are_counted(trained):
    trunk = only(trained("amt"))
    assert 0 < trunk.teachers < trunk.weights  # the encoder but for its last block; no decoder
    given = only(trained("gpa"))  # its file does not exist
    assert given.teachers > 0 and given.gradients == only(trained("mae")).gradients
    averaged = trained("mae")
    averaged.custom_hooks = [dict(type="EMAHook", momentum=1e-4)]
    assert only(averaged).teachers == only(averaged).weights


def test_the_most_visible_tokens_are_the_worst_of_an_adaptive_ratio(trained):
    counts = count_memory("tiny.py", trained("amr"))
    assert [count.moment.ratio for count in counts] == pytest.approx([0.4, 0.8])
    assert worst(counts).moment.ratio == pytest.approx(0.4)
    assert counts[0].activations > counts[1].activations


def test_squares_of_an_adaptive_ratio_are_whole(trained):
    counts = count_memory("tiny.py", trained("amr units"))
    assert counts[0].activations > counts[1].activations


def test_the_largest_stage_is_the_worst(trained):
    cfg = trained("mae")
    cfg.schedule.stages = [dict(epoch=0, size=16), dict(epoch=4, size=32, batch_size=BATCH // 2, accumulative_counts=2)]
    moment = worst(count_memory("tiny.py", cfg)).moment
    assert (moment.epoch, moment.size, moment.batch_size) == (4, (32, 32), BATCH // 2)


def test_activations_grow_with_the_batch_and_nothing_else_does(trained):
    cfg = trained("sbam")
    count, half = only(cfg), only(cfg, batch_size=BATCH // 2)
    assert half.fixed == count.fixed
    assert half.total == pytest.approx(count.at_batch(BATCH // 2), rel=0.03)


def test_recomputed_activations_are_refused(trained):
    with pytest.raises(ValueError, match="tiny.py: what is recomputed cannot be counted"):
        count_memory("tiny.py", trained("mae", activation_checkpointing=True))


def count_of(activations: float, batch_size: int = 512) -> MemoryCount:
    moment = Moment(0, 1.0, (224, 224), batch_size)
    return MemoryCount(moment, 2 * GIB, 0, 0, 0, 0, 0, int(activations * GIB), 0)


def test_a_tenth_of_a_gpu_stays_free():
    assert fits_gpu(28.8 * GIB, 32) and not fits_gpu(28.9 * GIB, 32)


def test_batches_are_halved_until_they_fit():
    batch = batch_that_fits([count_of(36)], 32)  # 2 + 36 / 2 of 28.8
    assert (batch.batch_size, batch.accumulative_counts) == (256, 2)
    assert batch_that_fits([count_of(36)], 80).batch_size == 512
    assert batch_that_fits([count_of(36)], 2) is None


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("knn/vitb.py", {}, r"knn/vitb\.py does not train; name a config with train_dataloader and optim_wrapper"),
        ("demo/mask-rcnn_vit-micro_scenes.py", {}, r"does not tell the size of its training images: set crop_size"),
        ("mae/vitb_200e.py", {"batch_size": 0}, r"--batch-size must be at least 1, got 0"),
    ],
)
def test_what_cannot_be_counted_is_told_in_one_line(name, options, message):
    with pytest.raises(ValueError, match=message):
        count_memory(name, load_config(CONFIGS / name), **options)


def test_a_classifier_is_counted_with_mixup_and_without_gradients_where_it_is_frozen(config):
    cfg = load_config(
        CONFIGS / "finetune" / "vitb_100e.py", ["model.encoder.arch=tiny", "train_dataloader.batch_size=8"]
    )
    mixed = only(cfg)
    cfg.model.update(mixup=0.0, cutmix=0.0)
    assert mixed.temporaries > only(cfg).temporaries  # other images beside the loaded ones, for a moment
    cfg.model.update(frozen=True)
    frozen = only(cfg)
    assert frozen.gradients < frozen.weights / 10 and frozen.activations < 0.1 * mixed.activations
    assert frozen.temporaries > 0


def test_the_judge_of_a_classifier_of_parts_is_a_teacher():
    options = ["model.encoder.arch=tiny", "train_dataloader.batch_size=8"]
    judged, random = (
        only(load_config(CONFIGS / "finetune" / f"vitb_100e_scratch_{name}50.py", options))
        for name in ("top", "random")
    )
    assert random.teachers == 0
    assert judged.teachers / 4 / 1e6 == pytest.approx(85.65 + 0.39 + 2 * 25.22 + 0.39, rel=0.02)  # HPM with ViT-B
    assert judged.fixed - judged.teachers == random.fixed


def test_a_detector_is_counted_with_all_regions_of_its_samplers():
    """Twice as many regions of 7 x 7 and 14 x 14 cells of 256 channels are at least as much more in memory, in fp32."""
    pytest.importorskip("mmdet")
    small = ["train_dataloader.batch_size=1"]
    few, many = (
        only(load_config(CONFIGS / "coco/mask-rcnn_vitdet-b_12e.py", [*small, f"model.train_cfg.rcnn.sampler.num={n}"]))
        for n in (256, 512)
    )
    assert few.moment.size == (1024, 1024) and few.moment.batch_size == 1
    assert few.fixed == many.fixed
    regions = 256 * 256 * 7 * 7 * 4 + 64 * 256 * 14 * 14 * 4
    assert many.activations - few.activations > regions
