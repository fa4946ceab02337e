"""Scores of images (PASS): masks, weights and errors, against the formulas written out."""

import copy
import math
import random

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from mimseg.models import predict_loss, score_images
from mimseg.models.image_scores import mean_error, patch_weights
from mimseg.ops.masking import PatchMask, mask_highest
from mimseg.ops.patches import normalize_patches, patchify
from mimseg.registry import MODELS

PREDICT = dict(
    type="Task",
    decoder=dict(type="TransformerDecoder", depth=2, num_heads=2),
    target=dict(type="PatchLossTarget", task="reconstruct"),
    loss=dict(type="AbsolutePatchLoss", target="raw", divide_by="all"),
)
SIMMIM = dict(
    type="MaskedImageModel",
    data_preprocessor=dict(type="ImagePreprocessor", mean=[120.0] * 3, std=[50.0] * 3),
    encoder=dict(
        type="DenseViT",
        arch=dict(embed_dim=32, depth=2, num_heads=2),
        patch_size=4,
        image_size=(16, 24),
        drop_path=0.5,
        init="normal",  # the usual start makes all blocks nearly the identity
    ),
    neck=None,
    masking=dict(
        type="MaskGenerator", policy=dict(type="RandomPolicy"), ratio=dict(type="FixedRatio", ratio=0.6), unit=8
    ),
    tasks=dict(
        reconstruct=dict(
            type="Task",
            decoder=dict(type="LinearDecoder"),
            target=dict(type="PixelTarget"),
            loss=dict(type="PatchL1"),
        ),
        predict_loss=dict(PREDICT, decoder=dict(type="TransformerDecoder", depth=1, dim=16)),
    ),
)


@pytest.fixture
def mae(build):
    return build(tasks=dict(predict_loss=copy.deepcopy(PREDICT)))


@pytest.fixture
def simmim():
    init_default_scope("mimseg")
    torch.manual_seed(0)
    return MODELS.build(copy.deepcopy(SIMMIM))


@torch.no_grad()
def score_by_hand(model, images, tau, loss="l2"):
    """Eq. 4, 7 and 8, image after image and patch after patch; tau=None is the plain mean."""
    model = copy.deepcopy(model).eval()
    scores = []
    for image in images.split(1):
        grid = model.encoder.grid_of(image)
        (p,) = predict_loss(model, image)
        masked = masked_by_hand(p.tolist(), grid, model.masking.unit or 4, model.masking.ratio.ratio)
        mask = torch.zeros(1, len(p), dtype=torch.bool)
        mask[0, masked] = True
        latent = model.neck(model.encoder(image, PatchMask.from_bool(mask, len(masked))))
        (predicted,) = model.tasks["reconstruct"].decoder(latent)
        target = patchify(image, 4)[0, masked]
        if model.tasks["reconstruct"].target.normalize:
            target = normalize_patches(target)
        error = (predicted - target).square().sum(1) if loss == "l2" else (predicted - target).abs().mean(1)
        if tau is None:
            scores.append(sum(error.tolist()) / len(masked))
            continue
        powers = [math.exp((p[i].item() - p[masked].max().item()) / tau) for i in masked]
        scores.append(sum(w * e for w, e in zip(powers, error.tolist(), strict=True)) / sum(powers))
    return torch.tensor(scores)


def masked_by_hand(p, grid, unit, ratio):
    """Patches under the units of the highest mean prediction, ascending."""
    k = unit // 4
    units = {}
    for index, value in enumerate(p):
        y, x = divmod(index, grid[1])
        units.setdefault((y // k, x // k), []).append((index, value))
    number = len(units) - int(len(units) * (1 - ratio))
    ranked = sorted(units.values(), key=lambda members: -sum(value for _, value in members) / len(members))
    return sorted(index for members in ranked[:number] for index, _ in members)


@pytest.mark.parametrize("tau", [0.02, 0.5, None])
def test_the_weighted_score_is_equation_8(mae, images, tau):
    expected = score_by_hand(mae, images, tau)
    torch.testing.assert_close(score_images(mae, images, tau=tau), expected, rtol=1e-4, atol=1e-4)
    assert expected.std() > 1e-3


@pytest.mark.parametrize("loss", ["l2", "task"])
def test_simmim_masks_units_of_the_highest_mean_and_weighs_patches(simmim, images, loss):
    model = simmim.train()
    scores = score_images(model, images, tau=0.05, squared=loss == "l2")
    torch.testing.assert_close(scores, score_by_hand(model, images, 0.05, loss), rtol=1e-4, atol=1e-4)
    predicted = predict_loss(model.eval(), images)
    mask = model.masking.of_highest(predicted, 4, (4, 6)).mask.view(4, 2, 2, 3, 2)
    assert torch.equal(mask.any(dim=(2, 4)), mask.all(dim=(2, 4)))
    assert mask.sum(dim=(1, 2, 3, 4)).tolist() == [4 * 4] * 4  # 6 units, 6 - int(6 * 0.4) = 4 of them


def test_weights_sum_to_one_and_follow_the_prediction():
    predicted = torch.randn(5, 7, generator=torch.Generator().manual_seed(0)).bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        weights = patch_weights(predicted, 0.1)
    assert weights.dtype == torch.float32
    torch.testing.assert_close(weights.sum(1), torch.ones(5))
    assert torch.equal(weights.argsort(1)[:, -1], predicted.float().argmax(1))
    assert patch_weights(torch.tensor([[1e4, 1e4 - 1]]), 1e-4).tolist() == [[1.0, 0.0]]


def test_the_weights_are_of_masked_patches_only():
    predicted = torch.tensor([[9.0, 1.0, 3.0, 2.0]])
    mask = PatchMask.from_bool(torch.tensor([[False, True, True, False]]), 2)
    score = mean_error(torch.tensor([[10.0, 20.0]]), mask, predicted, 2.0)
    share = 1 / (1 + math.exp((3.0 - 1.0) / 2.0))
    assert score.item() == pytest.approx(share * 10 + (1 - share) * 20)


def test_the_limits_of_the_temperature(mae, images):
    plain = score_images(mae, images, tau=None)
    torch.testing.assert_close(score_images(mae, images, tau=1e6), plain, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(score_images(mae, images, tau=math.inf), plain)
    predicted = predict_loss(copy.deepcopy(mae).eval(), images)
    assert predicted.std(1).min() > 1e-4
    mask = mae.masking.of_highest(predicted, 4, (4, 6))
    errors = torch.arange(18.0).expand(4, -1)
    highest = predicted.argmax(1, keepdim=True)
    single = (mask.masked == highest).float().argmax(1).float()
    torch.testing.assert_close(mean_error(errors, mask, predicted, 1e-8), single)
    assert not torch.allclose(mean_error(errors, mask, predicted, 0.1), single)


def test_the_mask_hides_exactly_the_highest_and_ties_fall_in_order():
    score = torch.tensor([[0.5, 2.0, 2.0, 1.0, 2.0, -1.0], [3.0] * 6])
    mask = mask_highest(score, 2)
    assert mask.tolist() == [
        [False, True, True, False, False, False],
        [True, True, False, False, False, False],
    ]
    many = torch.randn(3, 196).bfloat16().float()  # with many equal ones
    assert mask_highest(many, 147).sum(1).tolist() == [147] * 3
    assert torch.equal(mask_highest(many, 147), torch.cat([mask_highest(row, 147) for row in many.split(1)]))
    assert (
        many.masked_fill(~mask_highest(many, 147), 9).amin(1) >= many.masked_fill(mask_highest(many, 147), -9).amax(1)
    ).all()


def test_basic_selection_is_the_plain_mean_under_the_mask_of_the_noise(mae, images):
    noise = torch.rand(4, 24, generator=torch.Generator().manual_seed(3))
    scores = score_images(mae, images, by="random", noise=noise)
    model = copy.deepcopy(mae).eval()
    for image, row, score in zip(images.split(1), noise, scores, strict=True):
        masked = sorted(row.argsort(descending=True)[:18].tolist())
        mask = torch.zeros(1, 24, dtype=torch.bool)
        mask[0, masked] = True
        latent = model.neck(model.encoder(image, PatchMask.from_bool(mask, 18)))
        difference = model.tasks["reconstruct"].decoder(latent)[0] - normalize_patches(patchify(image, 4))[0, masked]
        assert score.item() == pytest.approx(difference.square().sum().item() / 18, rel=1e-4)


def test_random_masks_may_be_weighted_too(mae, images):
    """WSS without DTMP: Eq. 7 and 8 over the patches that the noise masks, image after image."""
    noise = torch.rand(4, 24, generator=torch.Generator().manual_seed(3))
    scores = score_images(mae, images, by="random", tau=0.3, noise=noise)
    model = copy.deepcopy(mae).eval()
    for image, row, score in zip(images.split(1), noise, scores, strict=True):
        masked = sorted(row.argsort(descending=True)[:18].tolist())
        mask = torch.zeros(1, 24, dtype=torch.bool)
        mask[0, masked] = True
        p = predict_loss(model, image)[0, masked].tolist()
        latent = model.neck(model.encoder(image, PatchMask.from_bool(mask, 18)))
        difference = model.tasks["reconstruct"].decoder(latent)[0] - normalize_patches(patchify(image, 4))[0, masked]
        error = difference.square().sum(1).tolist()
        powers = [math.exp((value - max(p)) / 0.3) for value in p]
        expected = sum(w * e for w, e in zip(powers, error, strict=True)) / sum(powers)
        assert score.item() == pytest.approx(expected, rel=1e-4)
    assert not torch.allclose(scores, score_images(mae, images, by="random", noise=noise))


def test_the_host_own_loss_is_what_it_is_trained_with(simmim, images):
    noise = torch.rand(4, 6, generator=torch.Generator().manual_seed(3))
    scores = score_images(simmim, images, by="random", squared=False, noise=noise)
    mask = simmim.masking.at_random(noise, 4, (4, 6))
    trained = simmim.eval().loss_under(images, mask)["loss_reconstruct"]
    assert scores.mean().item() == pytest.approx(trained.item(), rel=1e-5)


def test_all_tasks_of_the_host_make_its_loss_but_no_predicted_ones(build, images):
    second = dict(
        type="Task",
        decoder=dict(type="TransformerDecoder", depth=1, num_heads=2),
        target=dict(type="FeatureTarget", teacher="ema"),
        loss=dict(type="PatchCosine"),
        weight=0.5,
    )
    model = build("hpm", tasks=dict(features=second))
    noise = torch.rand(4, 24, generator=torch.Generator().manual_seed(3))
    losses = copy.deepcopy(model).eval().loss_under(images, model.masking.at_random(noise, 4, (4, 6)))
    expected = losses["loss_reconstruct"] + losses["loss_features"]
    assert score_images(model, images, by="random", squared=False, noise=noise).mean().item() == pytest.approx(
        expected.item(), rel=1e-5
    )
    ran = []
    model.teachers["ema"].register_forward_hook(lambda *_: None)
    model.teachers["ema"].look = lambda *_: ran.append(1)
    score_images(model, images, by="random", noise=noise)
    assert not ran  # the first task alone reads no teacher


def test_a_score_does_not_depend_on_the_batch(mae, simmim, images):
    for model in (mae, simmim):
        together = score_images(model, images, tau=0.1)
        alone = torch.cat([score_images(model, image, tau=0.1) for image in images.split(1)])
        torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(score_images(model, images.flip(0), tau=0.1), together.flip(0), rtol=1e-4, atol=1e-5)


def test_scoring_leaves_mode_weights_and_random_numbers_alone(simmim, images):
    model = simmim.train()
    model.tasks["reconstruct"].eval()
    modes = {name: part.training for name, part in model.named_modules()}
    before = copy.deepcopy(model.state_dict())
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()
    first = score_images(model, images, tau=0.1)
    assert torch.equal(score_images(model, images, tau=0.1), first) and not first.requires_grad  # no drop path
    assert {name: part.training for name, part in model.named_modules()} == modes
    assert random.getstate() == states[0] and np.random.get_state()[1].tolist() == states[1]
    assert torch.equal(torch.get_rng_state(), states[2])
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_scores_are_fp32_inside_autocast(mae, images):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scores = score_images(mae, images, tau=0.1)
    assert scores.dtype == torch.float32
    torch.testing.assert_close(scores, score_images(mae, images, tau=0.1), rtol=0.1, atol=1.0)


def test_hpm_scores_with_its_own_predictor(build, images):
    model = build("hpm")
    torch.nn.init.normal_(model.teachers["ema"].parts["predictor"].head.weight)
    expected = image_scores_under(model, images, predict_loss(copy.deepcopy(model).eval(), images))
    torch.testing.assert_close(score_images(model, images, tau=1.0), expected, rtol=1e-4, atol=1e-4)
    with pytest.raises(ValueError, match="'predict_loss' cannot be off: teacher 'ema' predicts losses"):
        model.switch_task("predict_loss", False)


@torch.no_grad()
def image_scores_under(model, images, predicted):
    """Scores at tau = 1 for given predictions, from the reconstruction that the model shows under that mask."""
    model = copy.deepcopy(model).eval()
    order = predicted.argsort(1, descending=True)[:, :18].sort(1).values
    mask = torch.zeros(4, 24, dtype=torch.bool).scatter(1, order, True)
    latent = model.neck(model.encoder(images, PatchMask.from_bool(mask, 18)))
    target = normalize_patches(patchify(images, 4))
    rows = order.unsqueeze(-1).expand(-1, -1, 48)
    errors = (model.tasks["reconstruct"].decoder(latent) - target.gather(1, rows)).square().sum(-1)
    powers = predicted.gather(1, order).exp()
    return (powers * errors).sum(1) / powers.sum(1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(tau=0.1), "images cannot be scored by predicted losses: no task and no teacher predicts any"),
        (dict(by="random"), "need noise"),
        (
            dict(by="random", tau=0.1, noise=torch.rand(4, 24)),
            "tau=0.1 weighs patches by their predicted loss, and no task and no teacher predicts any",
        ),
        (dict(tau=0.0), "the temperature must be positive"),
        (dict(tau=math.nan), "the temperature must be positive"),
        (dict(by="hardest"), "must be 'predicted' or 'random', got 'hardest'"),
    ],
)
def test_what_cannot_be_scored_is_refused_in_one_line(build, images, options, message):
    with pytest.raises(ValueError, match=message) as refused:
        score_images(build(), images, **options)
    assert "\n" not in str(refused.value)
