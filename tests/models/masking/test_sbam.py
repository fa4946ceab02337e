"""SBAM: salience of the student's own embedding decides, with noise, what is masked."""

import pytest
import torch
import torch.nn.functional as F

from mimseg.models import Draw, NoisyPolicy, SalienceScore, Step, reconstruct_hidden
from mimseg.ops.masking import mask_largest
from mimseg.ops.salience import min_max, salience

SBAM = dict(score=dict(type="SalienceScore"), policy=dict(type="NoisyPolicy"))


def noise(rows=4, length=24, seed=0):
    return torch.rand(rows, length, generator=torch.Generator().manual_seed(seed))


def test_the_policy_masks_the_largest_of_score_plus_noise():
    """Written out: stretched scores plus half the noise, sorted; the last ones are hidden."""
    scores, drawn = 5 + 2 * noise(seed=1), noise()
    mask = NoisyPolicy()(Draw(drawn, 18, 0.5, (4, 6), scores))
    for score, u, row in zip(scores, drawn, mask, strict=True):
        adjusted = (score - score.min()) / (score.max() - score.min()) + 0.5 * u
        assert set(row.nonzero().flatten().tolist()) == set(adjusted.argsort()[24 - 18 :].tolist())


def test_amplitude_direction_and_start():
    scores, drawn = noise(seed=1), noise()
    assert torch.equal(NoisyPolicy(amplitude=0.0)(Draw(drawn, 18, 0.5, (4, 6), scores)), mask_largest(scores, 18))
    assert torch.equal(
        NoisyPolicy(amplitude=0.0, select="min")(Draw(drawn, 18, 0.5, (4, 6), scores)), mask_largest(-scores, 18)
    )
    late = NoisyPolicy(start=0.25)  # 400 epochs: epoch 99 has progress 100 / 400, epoch 100 has 101 / 400
    assert not late.needs_score_at(18, 100 / 400) and late.needs_score_at(18, 101 / 400)
    assert torch.equal(late(Draw(drawn, 18, 0.1, (4, 6))), mask_largest(drawn, 18))


def test_equal_scores_leave_the_choice_to_the_noise():
    drawn = noise()
    assert torch.equal(NoisyPolicy()(Draw(drawn, 18, 0.5, (4, 6), torch.full((4, 24), 3.0))), mask_largest(drawn, 18))


@pytest.mark.parametrize(
    ("settings", "message"),
    [(dict(amplitude=-0.1), "amplitude"), (dict(start=1.0), "start"), (dict(select="top"), "select")],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        NoisyPolicy(**settings)


def test_the_score_takes_positions_and_switches():
    tokens, positions = torch.randn(2, 6, 8), torch.randn(6, 8)
    step = Step(torch.zeros(2, 3, 8, 12), 4, (2, 3), 0.5, tokens=tokens, positions=positions)
    torch.testing.assert_close(SalienceScore()(step), salience(tokens + positions))
    torch.testing.assert_close(SalienceScore(positions=False, scaled=True)(step), salience(tokens, scaled=True))
    normed = F.layer_norm(tokens + positions, (8,))
    torch.testing.assert_close(SalienceScore(prenorm=True)(step), salience(normed))


def test_a_step_masks_by_the_embedding_of_its_own_encoder(build, images):
    model = build(masking=SBAM)
    seen = {}
    model.masking.register_forward_hook(lambda module, inputs, mask: seen.update(step=inputs[0], mask=mask))
    torch.manual_seed(3)
    model.loss(images)
    torch.manual_seed(3)
    drawn = torch.rand(4, 24)
    tokens = model.encoder.embed(images) + model.encoder.positions((4, 6))
    expected = mask_largest(min_max(salience(tokens)) + 0.5 * drawn, 18)
    assert torch.equal(seen["mask"].mask, expected)


def test_patches_are_embedded_once_and_scores_have_no_gradient(build, images):
    """Loss and gradients equal those of an MAE step that is told the same mask."""
    model = build(masking=SBAM)
    calls, seen = [], {}
    model.encoder.patch_embed.register_forward_hook(lambda *_: calls.append(1))
    model.masking.register_forward_hook(lambda module, inputs, mask: seen.update(mask=mask))
    loss = model.loss(images)["loss_reconstruct"]
    loss.backward()
    assert len(calls) == 1
    mae = build()
    expected = mae.loss_under(images, seen["mask"])["loss_reconstruct"]
    expected.backward()
    torch.testing.assert_close(loss, expected)
    for (name, ours), theirs in zip(model.named_parameters(), mae.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-7, msg=name)


def test_before_its_start_nothing_is_embedded_for_it(build, images):
    model = build(masking=dict(score=dict(type="SalienceScore"), policy=dict(type="NoisyPolicy", start=0.5)))
    rows = []
    model.encoder.patch_embed.register_forward_hook(lambda module, inputs, output: rows.append(output.shape[1]))
    for progress in (0.5, 0.6):
        model.set_progress(progress)
        model.loss(images)
    assert rows == [6, 24]  # visible patches only, then all


def test_constant_images_are_masked_at_random_not_by_nan(build):
    model = build(masking=dict(score=dict(type="SalienceScore", positions=False), policy=dict(type="NoisyPolicy")))
    masks = [reconstruct_hidden(model, torch.full((2, 3, 16, 24), 0.3)).mask for _ in range(2)]
    assert not torch.equal(*masks)
    assert all(mask.sum(dim=1).tolist() == [18, 18] for mask in masks)
    assert torch.isfinite(model.loss(torch.full((2, 3, 16, 24), 0.3))["loss_reconstruct"])


def test_hpm_and_salience_together_are_a_config(build, images):
    """HPM's loss predictor as a task, SBAM's masks: no teacher is needed then."""
    model = build("hpm", masking=SBAM, teachers=dict(ema=None))
    assert set(model.loss(images)) == {"loss_reconstruct", "loss_predict_loss"}


def test_a_step_never_waits_for_the_device(build):
    """Meta tensors hold no data: any .item(), bool() or data-dependent shape raises."""
    with torch.device("meta"):
        losses = build(masking=SBAM)(torch.randn(4, 3, 16, 24))
        losses["loss_reconstruct"].backward()
    assert losses["loss_reconstruct"].shape == ()


@pytest.mark.parametrize("autocast", [False, True])
def test_salience_of_tokens_in_half_precision_is_computed_in_full(autocast):
    """Of tokens whose own products pass 384, where a step of bf16 is 2: as of the same numbers in fp32."""
    tokens = torch.randn(2, 49, 384, generator=torch.Generator().manual_seed(0)).bfloat16()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        found = salience(tokens, scaled=True)
    x = tokens.double()
    exact = ((x @ x.transpose(1, 2)) / 384**0.5).softmax(dim=2).sum(dim=1)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), exact, rtol=1e-5, atol=1e-6)
