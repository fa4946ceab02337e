"""SBAM's adaptive ratio: how many patches of each image are masked, and that ragged masks change nothing else."""

import math

import pytest
import torch

from mimseg.models import AdaptiveRatio, FixedRatio, decide_masks, reconstruct_hidden
from mimseg.ops.masking import PatchMask
from mimseg.ops.ranking import absolute_loss, relative_loss

AMR = dict(
    score=dict(type="SalienceScore"),
    policy=dict(type="NoisyPolicy"),
    ratio=dict(type="AdaptiveRatio", ratio=0.6, spread=0.3, threshold=0.3),
)
COUNTS = torch.tensor([3, 20, 11, 17])


def ragged(counts=COUNTS, length=24, seed=0):
    """Random masks that hide ``counts`` patches."""
    noise = torch.rand(len(counts), length, generator=torch.Generator().manual_seed(seed))
    mask = torch.zeros(len(counts), length, dtype=torch.bool)
    for row, (values, count) in enumerate(zip(noise, counts.tolist(), strict=True)):
        mask[row, values.argsort()[:count]] = True
    return PatchMask.from_counts(mask, counts)


@pytest.mark.parametrize("level", ["sample", "batch", "global"])
def test_the_ratio_is_the_papers(level):
    """R = r - dr + 2 dr * share of S > delta, written out per image; a value of exactly delta does not count."""
    score = torch.rand(6, 196, generator=torch.Generator().manual_seed(2)) ** torch.tensor([[1.0, 2, 3, 5, 8, 13]]).T
    ratio = AdaptiveRatio(level=level)
    shares = []
    for row in score.double():
        stretched = (row - row.min()) / (row.max() - row.min())
        shares.append((stretched > 0.1).double().mean().item())
    if level == "sample":
        expected = [196 - int(196 * (1 - (0.75 - 0.15 + 0.3 * share))) for share in shares]
        assert ratio(196, score).tolist() == expected
        assert len(set(expected)) > 3
    else:
        share = sum(shares) / len(shares)
        assert ratio(196, score) == 196 - int(196 * (1 - (0.75 - 0.15 + 0.3 * share)))


def test_the_ratio_stays_in_its_range_and_the_threshold_is_strict():
    ratio = AdaptiveRatio(ratio=0.75, spread=0.15, threshold=0.5)
    one_salient = torch.zeros(1, 196).index_fill(1, torch.tensor([7]), 1.0)
    at_threshold = torch.full((1, 196), 0.5).index_fill(1, torch.tensor([0]), 0.0).index_fill(1, torch.tensor([1]), 1.0)
    constant = torch.full((1, 196), 3.0)
    counts = ratio(196, torch.cat([one_salient, at_threshold, constant, 1 - one_salient])).tolist()
    for count in counts:
        assert 0.75 - 0.15 <= count / 196 <= 0.75 + 0.15 + 1 / 196  # a count is rounded up to a whole patch
    assert counts[0] == counts[1] == 196 - int(196 * (1 - (0.6 + 0.3 / 196)))
    assert counts[2] == 196 - int(196 * 0.4)


def test_a_global_ratio_is_the_mean_over_the_processes(monkeypatch):
    def add_other_process(share, op):
        """The other process found nothing but salient patches."""
        assert op == "mean"
        share.add_(1).div_(2)

    monkeypatch.setattr("mimseg.models.masking.ratios.all_reduce", add_other_process)
    score = torch.zeros(3, 196).index_fill(1, torch.arange(98), 1.0)
    assert AdaptiveRatio(level="global")(196, score) == 196 - int(196 * (1 - (0.6 + 0.3 * 0.75)))


def test_nothing_salient_or_no_score_yet():
    assert AdaptiveRatio()(196) == 147 and AdaptiveRatio().usual(196) == 147


@pytest.mark.parametrize("level", ["sample", "batch"])
def test_the_number_visible_may_be_rounded_up(level):
    """K = ceil(L (1 - R)) as SBAM's section 3 prints it: for R = 0.75 - 0.15 + 0.3 n / 196 nearly always one more."""
    score = torch.zeros(4, 196)
    for row, salient in enumerate((1, 50, 98, 195)):
        score[row, :salient] = 1.0
    numbers = AdaptiveRatio(level=level, count_rounding="ceil")(196, score)
    if level == "sample":
        expected = [196 - math.ceil(196 * (1 - (0.6 + 0.3 * n / 196)) - 1e-9) for n in (1, 50, 98, 195)]
        assert numbers.tolist() == expected == [117, 132, 147, 176]
        assert AdaptiveRatio()(196, score).tolist() == [118, 133, 147, 177]
    else:
        assert numbers == 196 - math.ceil(196 * (1 - (0.6 + 0.3 * (344 / 4) / 196)))
    assert FixedRatio(0.6, count_rounding="ceil")(196) == 117 and FixedRatio(0.6)(196) == 118


def test_the_loss_with_mask_units_weighs_patches_not_units(build, images, reference_mae_loss):
    """Units of 2x2 patches, 6 an image: every masked patch of the batch weighs the same, whatever its image hides."""
    masking = dict(AMR, unit=8, ratio=dict(type="AdaptiveRatio", ratio=0.5, spread=0.3, threshold=0.3))
    model = build(masking=masking)
    seen = {}
    model.masking.register_forward_hook(lambda module, inputs, mask: seen.update(mask=mask))
    images = images * torch.tensor([0.1, 1.0, 2.0, 4.0]).view(4, 1, 1, 1)
    loss = model.loss(images)["loss_reconstruct"]
    mask = seen["mask"].mask
    units = mask.view(4, 2, 2, 3, 2).sum(dim=(2, 4))
    assert ((units == 0) | (units == 4)).all() and len(set(mask.sum(dim=1).tolist())) > 1
    assert seen["mask"].ragged.mean.item() == mask.sum().item() / 4
    torch.testing.assert_close(loss, reference_mae_loss(build(), images, mask), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(ratio=1.0), "masking.ratio.ratio, the mask ratio, must be a number"),
        (dict(ratio=0.9, spread=0.15), "both ends must lie in"),
        (dict(spread=-0.1), "both ends"),
        (dict(threshold=1.0), "threshold"),
        (dict(level="image"), "level must be 'sample', 'batch' or 'global'"),
        (dict(count_rounding="up"), "count_rounding must be 'floor' or 'ceil', got 'up'"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        AdaptiveRatio(**settings)


def test_a_step_with_ragged_masks_equals_one_image_at_a_time(build, images, reference_mae_loss):
    """Loss and every gradient, against the long way that encodes and decodes one image after another."""
    model = build(masking=AMR)
    seen = {}
    model.masking.register_forward_hook(lambda module, inputs, mask: seen.update(mask=mask))
    images = images * torch.tensor([0.1, 1.0, 2.0, 4.0]).view(4, 1, 1, 1)
    losses = model.loss(images)
    loss = losses["loss_reconstruct"]
    loss.backward()
    mask = seen["mask"].mask
    torch.testing.assert_close(losses["mask_ratio"], mask.sum() / mask.numel())
    assert len(set(mask.sum(dim=1).tolist())) > 1
    reference = build(masking=AMR)
    expected = reference_mae_loss(reference, images, mask)
    expected.backward()
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-6)
    for (name, ours), theirs in zip(model.named_parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-6, msg=name)


@pytest.mark.parametrize("changes", [{}, dict(activation_checkpointing=True)])
def test_very_different_numbers_equal_one_image_at_a_time(build, images, changes, reference_mae_loss):
    mask = ragged()
    model = build(**changes).train()
    loss = model.loss_under(images, mask)["loss_reconstruct"]
    torch.testing.assert_close(loss, reference_mae_loss(build(), images, mask.mask), rtol=1e-5, atol=1e-6)


def test_equal_numbers_may_come_ragged(build, images):
    mask = ragged(torch.tensor([18, 18, 18, 18]))
    equal = PatchMask.from_bool(mask.mask, 18)
    for name in ("mae", "hpm"):
        model = build(name)
        losses, expected = model.loss_under(images, mask), model.loss_under(images, equal)
        for key, value in losses.items():
            torch.testing.assert_close(value, expected[key], msg=key)


def test_hidden_patches_do_not_reach_the_encoder(build, images):
    mask = ragged()
    encoder = build().encoder
    changed = images.clone()
    for b in range(4):
        for index in mask.mask[b].nonzero().flatten().tolist():
            y, x = divmod(index, 6)
            changed[b, :, 4 * y : 4 * y + 4, 4 * x : 4 * x + 4] = 99.0
    torch.testing.assert_close(encoder(images, mask).tokens, encoder(changed, mask).tokens)


def test_no_padding_enters_a_linear_layer(build, images):
    """Rows of the encoder's layers: the visible patches and one class token an image; the head's: the masked ones."""
    model, mask = build(), ragged()
    rows = {}
    for name in ("encoder.patch_embed", "encoder.blocks.1.attn.qkv", "encoder.blocks.1.mlp.fc1"):
        model.get_submodule(name).register_forward_hook(
            lambda module, inputs, output, name=name: rows.update({name: output.shape[0]})
        )
    decoder = model.tasks["reconstruct"].decoder
    for name, module in {"last mlp": decoder.blocks[-1].mlp, "head": decoder.head}.items():
        module.register_forward_hook(lambda module, inputs, output, name=name: rows.update({name: output.shape[0]}))
    model.loss_under(images, mask)
    visible, masked = 96 - int(COUNTS.sum()), int(COUNTS.sum())
    assert list(rows.values()) == [visible, visible + 4, visible + 4, masked, masked]


def test_drop_path_drops_whole_images(build, images):
    encoder = build(encoder=dict(drop_path=0.9)).encoder.train()
    block, mask = encoder.blocks[-1], ragged()
    packing = mask.ragged.packing(24, len(mask.visible), 1)
    x = torch.randn(len(packing.sequence), 32)
    torch.manual_seed(0)
    changed = (block(x, packing) != x).any(dim=1)
    by_image = [set(changed[packing.sequence == b].tolist()) for b in range(4)]
    assert all(len(kinds) == 1 for kinds in by_image) and {False} in by_image


def test_losses_of_hpm_leave_padding_out():
    """Against each image on its own, without padding."""
    mask, generator = ragged(), torch.Generator().manual_seed(4)
    rows = len(mask.masked)
    predicted, target = torch.randn(2, rows, generator=generator)
    (values, real), (targets, _) = mask.by_image(predicted), mask.by_image(target)
    images = list(zip(predicted.split(COUNTS.tolist()), target.split(COUNTS.tolist()), strict=True))
    each = torch.stack([relative_loss(p[None], t[None]) for p, t in images])
    torch.testing.assert_close(relative_loss(values, targets, "image", real), each.mean())
    pairs = COUNTS * (COUNTS - 1) / 2
    torch.testing.assert_close(relative_loss(values, targets, "batch", real), (each * pairs).sum() / pairs.sum())
    squares = [absolute_loss(p[None], t[None]) * len(p) for p, t in images]
    torch.testing.assert_close(absolute_loss(values, targets, real=real), sum(squares) / rows)
    values = values.masked_fill(~real, 1e6)
    assert absolute_loss(values, targets, real=real) < 100


def test_before_the_policy_reads_the_score_the_ratio_is_the_usual_one(build, images):
    model = build(masking=AMR | dict(policy=dict(type="NoisyPolicy", start=0.25)))
    model.set_progress(0.2)
    decision = decide_masks(model, images)
    assert decision.score is None and decision.mask.mask.sum(dim=1).tolist() == [24 - int(24 * 0.4)] * 4
    model.set_progress(0.3)
    assert decide_masks(model, images).mask.is_ragged


def test_hpm_and_random_masks_take_an_adaptive_ratio(build, images):
    ratio = AMR["ratio"]
    assert decide_masks(build("hpm", masking=dict(ratio=ratio)), images).mask.is_ragged
    random = build(masking=dict(score=AMR["score"], policy=dict(type="RandomPolicy"), ratio=ratio))
    assert decide_masks(random, images).mask.is_ragged
    with pytest.raises(ValueError, match="RandomPolicy with AdaptiveRatio needs a score"):
        build(masking=dict(ratio=ratio))


def test_reconstruct_shows_ragged_masks(build, images):
    model = build(masking=AMR)
    shown = reconstruct_hidden(model, images, torch.Generator().manual_seed(0))
    assert torch.equal(shown.patch_loss.isnan(), ~shown.mask) and torch.equal(shown.predict, shown.mask)
    visible = ~shown.mask.view(4, 4, 6).repeat_interleave(4, 1).repeat_interleave(4, 2)
    same = (shown.pixels == images).all(dim=1)
    assert same[visible].all() and not same[~visible].any()


def test_units_are_masked_as_a_whole_and_scores_averaged_over_them(build, images, step_of):
    model = build(
        masking=AMR
        | dict(unit=8, ratio=dict(type="FixedRatio", ratio=0.6), policy=dict(type="NoisyPolicy", amplitude=0.0))
    )
    decision = decide_masks(model, images)
    assert decision.units == (2, 3)
    cells = decision.mask.mask.view(4, 2, 2, 3, 2).transpose(2, 3).flatten(3)
    assert torch.equal(cells.all(-1), cells.any(-1))
    assert cells.all(-1).flatten(1).sum(1).tolist() == [6 - int(6 * 0.4)] * 4
    step = step_of(model, images)
    model.look(step, {})
    fine = model.masking.score(step).view(4, 2, 2, 3, 2)
    torch.testing.assert_close(decision.score, fine.mean(dim=(2, 4)).flatten(1))


@pytest.mark.parametrize(
    ("unit", "message"),
    [(6, "masking.unit=6 px is not a multiple of the encoder's 4 px"), (16, "image of 16x24 px is not a multiple of")],
)
def test_units_that_do_not_fit_are_refused(build, images, unit, message):
    with pytest.raises(ValueError, match=message):
        build(masking=dict(unit=unit)).loss(images)


def test_counts_that_leave_an_image_without_visible_patches_work(build, images):
    loss = build().loss_under(images, ragged(torch.tensor([24, 1, 12, 5])))["loss_reconstruct"]
    assert torch.isfinite(loss)


def test_a_ragged_step_in_bf16_is_that_of_fp32_up_to_rounding(build, images):
    model, mask = build(), ragged()
    with torch.autocast("cpu", torch.bfloat16):
        loss = model.loss_under(images, mask)["loss_reconstruct"]
    loss.backward()
    expected = build().loss_under(images, mask)["loss_reconstruct"]
    torch.testing.assert_close(loss, expected, rtol=2e-2, atol=2e-2)
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters() if parameter.grad is not None)


def test_compiled_blocks_take_ragged_masks(build, images):
    torch._dynamo.reset()
    model = build(masking=AMR, compile=dict(backend="aot_eager"))
    masks = [ragged(), ragged(torch.tensor([5, 9, 23, 2])), ragged(torch.tensor([12, 13, 14, 15]))]
    for mask in masks:
        loss = model.loss_under(images, mask)["loss_reconstruct"]
        torch.testing.assert_close(loss, build(masking=AMR).loss_under(images, mask)["loss_reconstruct"])


@pytest.mark.parametrize("policy", [dict(type="NoisyPolicy", amplitude=0.5), dict(type="RandomPolicy")])
def test_units_of_an_adaptive_ratio_count_as_the_patches_that_they_hold(build, images, policy):
    """SBAM with AMR on SimMIM: the loss is the mean over all masked patches of the batch, not over units."""
    model = build(
        encoder=dict(type="DenseViT", arch=dict(embed_dim=32, depth=2, num_heads=2), patch_size=4, image_size=(16, 24)),
        neck=None,
        masking=dict(AMR, unit=8, policy=policy, ratio=dict(type="AdaptiveRatio", ratio=0.5, spread=0.3)),
        tasks=dict(
            reconstruct=dict(
                type="Task",
                decoder=dict(type="LinearDecoder"),
                target=dict(type="PixelTarget", normalize=False),
                loss=dict(type="PatchL1"),
            )
        ),
    )
    seen = {}
    model.masking.register_forward_hook(lambda module, inputs, mask: seen.update(mask=mask))
    images = images * torch.tensor([0.1, 1.0, 2.0, 4.0]).view(4, 1, 1, 1)
    loss = model.loss(images)["loss_reconstruct"]
    mask = seen["mask"].mask
    assert seen["mask"].is_ragged and mask.sum() % 4 == 0
    predicted = model.tasks["reconstruct"].decoder(model.encoder(images, seen["mask"]), "all")
    pixels = images.unfold(2, 4, 4).unfold(3, 4, 4).permute(0, 2, 3, 4, 5, 1).reshape(4, 24, 48)
    torch.testing.assert_close(loss, (predicted - pixels).abs().mean(dim=2)[mask].mean())
