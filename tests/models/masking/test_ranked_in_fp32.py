"""What is ranked or thresholded keeps fp32's differences under bf16 autocast, from the last matrix product on."""

import pytest
import torch

from mimseg.models import decide_masks, predict_loss, score_images
from mimseg.models.backbones.attention_maps import attend
from mimseg.ops.attention import ClassAttention, PatchAttention
from mimseg.ops.salience import min_max

OFFSET, BF16_STEP = 3.5, 0.015625
"""Predicted losses lie around a common offset, where neighbouring numbers of bf16 are this far apart."""


def crowded(head) -> None:
    """Let predictions spread by less than a tenth around the offset, as those of a trained loss predictor do."""
    with torch.no_grad():
        head.weight.mul_(0.05 / head.weight.norm())
        head.bias.fill_(OFFSET)


def all_differ(scores) -> None:
    assert scores.dtype == torch.float32
    assert scores.std(dim=-1).max() < 5 * BF16_STEP
    for row in scores:
        assert len(row.unique()) == len(row)


@pytest.fixture
def bf16():
    with torch.autocast("cpu", torch.bfloat16):
        yield


@pytest.fixture(params=["scalar", "mean of channels"])
def hpm(build, request):
    decoder = {} if request.param == "scalar" else dict(mean_of=48)
    model = build("hpm", tasks=dict(predict_loss=dict(decoder=decoder)))
    crowded(model.tasks["predict_loss"].decoder.head)
    model.reset_teachers()
    return model


def test_hard_patches_are_ranked_by_distinct_predictions(hpm, images, bf16):
    all_differ(hpm.teachers["ema"].look(images, frozenset({"predicted_loss"})).predicted_loss)
    decision = decide_masks(hpm, images)
    all_differ(decision.score)
    for score, mask in zip(decision.score, decision.mask.mask, strict=True):
        hardest = score.argsort(descending=True)[: int(18 * 0.5)]  # of 24 patches 18 are masked, half of them hard
        assert mask[hardest].all()


def test_the_order_of_bf16_predictions_is_mostly_that_of_fp32(hpm, images):
    """A bf16 trunk still moves predictions a little; a bf16 head alone would leave few different values."""
    exact = predict_loss(hpm, images)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = predict_loss(hpm, images)
    for a, b in zip(exact, mixed, strict=True):
        assert len(set(a.topk(12).indices.tolist()) & set(b.topk(12).indices.tolist())) >= 10
        assert len(a.bfloat16().unique()) < len(a)


def test_a_loss_predictor_on_a_linear_decoder_gives_fp32(build, images, bf16):
    dense = dict(
        type="DenseViT", arch=dict(embed_dim=32, depth=1, num_heads=2), patch_size=4, positions="learned", image_size=16
    )
    model = build(
        "hpm",
        encoder=dense,
        neck=None,
        tasks=dict(
            reconstruct=dict(decoder=dict(type="LinearDecoder")), predict_loss=dict(decoder=dict(type="LinearDecoder"))
        ),
        teachers=None,
        masking=dict(score=None, policy=dict(type="RandomPolicy")),
    )
    crowded(model.tasks["predict_loss"].decoder.head)
    all_differ(predict_loss(model, images[:, :, :16, :16]))


@pytest.mark.parametrize("squared", [True, False])
def test_scores_of_images_come_from_fp32_predictions(build, images, bf16, squared):
    """The last product before an image's score is the reconstruction's head."""
    model = build("hpm", teachers=None, masking=dict(score=None, policy=dict(type="RandomPolicy")))
    seen = []
    head = model.tasks["reconstruct"].decoder.head
    head.register_forward_hook(lambda module, inputs, output: seen.append((inputs[0].dtype, output.dtype)))
    twins = images[:1].repeat(4, 1, 1, 1) * torch.tensor([1.0, 1.0001, 1.0002, 1.0003]).view(4, 1, 1, 1)
    scores = score_images(model, twins, tau=0.1, squared=squared)
    assert seen == [(torch.float32, torch.float32)]
    assert scores.dtype == torch.float32 and len(scores.unique()) == 4
    model.loss(images)
    assert seen[1][1] == torch.bfloat16  # in training, nothing ranks reconstructions


def test_salience_and_its_threshold(build, images, bf16):
    score = dict(type="SalienceScore", prenorm=True, scaled=True)
    ratio = dict(type="AdaptiveRatio", ratio=0.6, spread=0.2, threshold=0.4)
    model = build("mae", masking=dict(score=score, policy=dict(type="NoisyPolicy"), ratio=ratio))
    decision = decide_masks(model, images)
    assert decision.score.dtype == torch.float32
    assert all(len(row.unique()) == len(row) for row in decision.score)
    salient = (min_max(decision.score) > 0.4).float().mean(dim=1)
    kept = 24 - decision.mask.mask.sum(dim=1)
    expected = (24 * (1 - (0.6 - 0.2 + 0.4 * salient.double())) + 1e-9).int()  # L - floor(L (1 - R)) are masked
    assert torch.equal(kept.int(), expected)


@pytest.mark.parametrize("want", [PatchAttention(1, 0), PatchAttention(1, None, with_self=False), ClassAttention(1)])
def test_attention_maps(build, images, bf16, want):
    model = build("mae")
    attention = attend(model.encoder, images, [want])[want]
    assert attention.dtype == torch.float32
    assert all(len(row.unique()) == len(row) for row in attention)
