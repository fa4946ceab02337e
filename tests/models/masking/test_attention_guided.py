"""AttMask and AMT: masks by the class token's attention."""

import math
from pathlib import Path

import pytest
import torch

from mimseg.apis import load_config
from mimseg.models import Draw, Step, TeacherView, decide_masks
from mimseg.models.masking.policies import AMTPolicy, AttMaskPolicy
from mimseg.registry import MODELS

GRID = (14, 14)
CONFIGS = Path(__file__).parents[3] / "configs" / "attmask"


def uniform(rows=16, length=196, seed=0):
    return torch.rand(rows, length, generator=torch.Generator().manual_seed(seed))


def patches(row):
    return set(row.nonzero().flatten().tolist())


@pytest.mark.parametrize(("variant", "sign"), [("high", 1), ("low", -1)])
def test_high_masks_the_most_attended_and_low_the_least(variant, sign):
    score = uniform(seed=1)
    mask = AttMaskPolicy(variant)(Draw(uniform(), 147, 0.5, GRID, score))
    for values, row in zip(score, mask, strict=True):
        assert patches(row) == set((sign * values).argsort(descending=True)[:147].tolist())


@pytest.mark.parametrize("count", [58, 147])
def test_hints_are_a_few_of_the_most_attended(count):
    """10 % of 196 is 19 patches to take hints from; 5 hints at 58 masked, 14 at 147; the next highest replace them."""
    hints = {58: 5, 147: 14}[count]
    score, noise = uniform(seed=1), uniform()
    mask = AttMaskPolicy("hint")(Draw(noise, count, 0.5, GRID, score))
    for values, numbers, row in zip(score, noise, mask, strict=True):
        order = values.argsort(descending=True).tolist()
        shown = set(sorted(order[:19], key=lambda patch: -numbers[patch].item())[:hints])
        assert patches(row) == set(order[: count + hints]) - shown and len(patches(row)) == count


def test_each_of_the_most_attended_is_a_hint_equally_often():
    score = torch.arange(196.0).expand(8000, 196)
    mask = AttMaskPolicy("hint")(Draw(uniform(8000), 147, 0.5, GRID, score))
    shown = 1 - mask.float().mean(dim=0)
    torch.testing.assert_close(shown[-19:], torch.full((19,), 14 / 19), atol=0.025, rtol=0)
    assert not shown[196 - 147 - 14 : -19].any() and shown[: 196 - 147 - 14].all()


def test_a_larger_share_of_hints():
    mask = AttMaskPolicy("hint", hint=0.5)(Draw(uniform(), 100, 0.5, GRID, uniform(seed=1)))
    highest = uniform(seed=1).topk(98).indices
    assert (mask.sum(dim=1) == 100).all() and (mask.gather(1, highest).sum(dim=1) == 48).all()


def test_patches_are_drawn_in_proportion_to_what_is_left():
    """Without replacement, written out: the next patch is i with probability w_i / (sum of the undrawn weights)."""
    score = torch.tensor([0.0, 1.0, 2.0, 4.0])  # stretched to 0, 1/4, 1/2, 1
    state = AMTPolicy(throw=0.25)(Draw(uniform(40000, 4), 1, 0.5, (2, 2), score.expand(40000, 4)))
    masked, thrown = (state == 2).float().mean(dim=0), (state == 1).float().mean(dim=0)
    weights = (score / 4).tolist()
    first = [w / sum(weights) for w in weights]
    second = [sum(first[j] * weights[i] / (sum(weights) - weights[j]) for j in range(4) if j != i) for i in range(4)]
    torch.testing.assert_close(masked, torch.tensor(first), atol=0.01, rtol=0)
    torch.testing.assert_close(thrown, torch.tensor(second), atol=0.01, rtol=0)


def test_the_same_noise_gives_the_order_of_a_race():
    """Exponential clocks that run at the rate of their weights: the first to ring is drawn first."""
    score, noise = uniform(seed=1), uniform()
    state = AMTPolicy()(Draw(noise, 88, 0.5, GRID, score))
    assert state.dtype == torch.uint8
    for values, numbers, row in zip(score.tolist(), noise.tolist(), state.tolist(), strict=True):
        low, high = min(values), max(values)
        weight = [max((value - low) / (high - low), 1e-6) for value in values]
        order = sorted(range(196), key=lambda i: -math.log(numbers[i]) / weight[i])
        assert [row[i] for i in order] == [2] * 88 + [1] * 78 + [0] * 30


def test_scores_that_are_weights_already_are_taken_as_they_are():
    """0.2, 0.4, 0.6, 0.8 stretched are 0, 1/3, 2/3, 1, of 2; as they are, they are drawn at 0.1 to 0.4."""
    score = torch.tensor([0.2, 0.4, 0.6, 0.8]).expand(40000, 4)
    for stretch, first in ((True, [0, 1 / 6, 1 / 3, 1 / 2]), (False, [0.1, 0.2, 0.3, 0.4])):
        masked = AMTPolicy(throw=0.0, stretch=stretch)(Draw(uniform(40000, 4), 1, 0.5, (2, 2), score))
        assert masked.dtype == torch.bool
        torch.testing.assert_close(masked.float().mean(0), torch.tensor(first, dtype=torch.float), atol=0.01, rtol=0)


def weights_of_the_public_code(attention):
    """Of maps ``(B, heads, L)``: every head stretched to [0, 1], then the mean over the heads, number by number."""
    weights = torch.zeros(attention.shape[0], attention.shape[2])
    for image, heads in enumerate(attention.tolist()):
        for values in heads:
            low, high = min(values), max(values)
            for patch, value in enumerate(values):
                weights[image, patch] += (value - low) / (high - low) / len(heads)
    return weights


@pytest.mark.parametrize("name", ["am", "amt"])
def test_the_configs_draw_from_the_weights_of_the_public_code(build, images, name):
    """A teacher with a sharp and a diffuse head; weights by hand, from softmax(q K^T / sqrt(d)) of the last block."""
    masking = load_config(CONFIGS / f"mae-vitb_400e_{name}.py").model.masking.to_dict()
    model = build(masking=masking, teachers=dict(ema=dict(type="EMATeacher")))
    block = model.teachers["ema"].parts["trunk"].blocks[-1]
    block.attn.qkv.weight.data[:16] *= 40  # queries of the first head
    block.attn.qkv.weight.data[16:32] *= 0.1  # of the second
    encoder = model.teachers["ema"].parts["trunk"]
    x = block.norm1(encoder.blocks[0](encoder.enter(images)))
    q, k, _ = block.attn.qkv(x).unflatten(-1, (3, 2, 16)).permute(2, 0, 3, 1, 4)
    attention = (q @ k.transpose(2, 3) / 4).softmax(dim=-1)[:, :, 0, 1:]
    expected = weights_of_the_public_code(attention)
    model.set_progress(1.0)
    decision = decide_masks(model, images)
    torch.testing.assert_close(decision.score, expected, rtol=1e-4, atol=1e-5)
    policy = model.masking.policy
    torch.testing.assert_close(policy.weights(decision.score), expected.clamp(min=1e-6), rtol=1e-4, atol=1e-5)
    mean = attention.mean(dim=1)
    other = policy.weights(mean - mean.amin(dim=1, keepdim=True))
    assert (other / other.sum(1, keepdim=True) - expected / expected.sum(1, keepdim=True)).abs().max() > 0.02


def test_the_first_epochs_may_mask_another_share_and_throw_nothing(build, images, step_of):
    """24 patches: 18 masked at random up to the start (0.75), then 11 masked and 9 thrown (0.45 and 0.4)."""
    model = model_of(build, dict(type="AMTPolicy", start=0.1025, start_ratio=0.75))
    for progress, numbers in ((0.1, (6, 18)), (0.1025, (6, 18)), (0.105, (4, 11))):
        model.set_progress(progress)
        mask = decide_masks(model, images, torch.Generator().manual_seed(0)).mask
        assert (mask.visible.shape[1], mask.masked.shape[1]) == numbers
        assert mask.throws == (progress > 0.1025)
        assert torch.isfinite(model.loss(images)["loss_reconstruct"])


def test_what_is_thrown_lies_between_masked_and_visible():
    score = uniform(400, seed=1)
    state = AMTPolicy()(Draw(uniform(400), 88, 0.5, GRID, score))
    masked, thrown, visible = (score[state == value].mean().item() for value in (2, 1, 0))
    assert masked - 0.1 > thrown > visible + 0.1


def test_without_attention_or_before_the_start_all_are_equal():
    late = AMTPolicy(start=41 / 400)  # epoch 40 of 400 has progress 41 / 400, epoch 41 has 42 / 400
    assert not late.needs_score_at(88, 41 / 400) and late.needs_score_at(88, 42 / 400)
    noise = uniform()
    early = late(Draw(noise, 88, 0.05, GRID))
    assert torch.equal(early, AMTPolicy()(Draw(noise, 88, 0.5, GRID, torch.full((16, 196), 0.3))))
    assert torch.equal(early == 2, noise > noise.sort(dim=1).values[:, -89:-88])


def test_constant_and_zero_weights_make_no_nan():
    state = AMTPolicy(throw=0.2)(Draw(torch.zeros(4, 196), 100, 0.5, GRID, torch.zeros(4, 196)))
    assert (state == 2).sum(dim=1).tolist() == [100] * 4 and (state == 1).sum(dim=1).tolist() == [39] * 4


def decide(policy, ratio, score, progress=0.5):
    masking = dict(
        score=dict(type="mimseg.PredictedLossScore"), policy=policy, ratio=dict(type="mimseg.FixedRatio", ratio=ratio)
    )
    generator = MODELS.build(dict(type="mimseg.MaskGenerator", **masking))
    images = torch.zeros(len(score), 3, 1, 1).expand(-1, -1, 224, 224)
    step = Step(images, 16, GRID, progress, views={"ema": TeacherView(predicted_loss=score)})
    return generator(step, torch.Generator().manual_seed(0))


def test_thrown_patches_are_neither_visible_nor_predicted():
    mask = decide(dict(type="mimseg.AMTPolicy"), 0.4485, uniform(seed=1))
    assert mask.visible.shape == (16, 30) and mask.masked.shape == (16, 88)
    assert mask.mask.sum(dim=1).tolist() == [166] * 16
    for row, visible, masked in zip(mask.mask, mask.visible.tolist(), mask.masked.tolist(), strict=True):
        assert set(visible) == set(range(196)) - patches(row) and set(masked) < patches(row)


def test_throwing_too_much_is_refused():
    with pytest.raises(
        ValueError, match="masking.ratio=0.75 and masking.policy.throw=0.4 leave no patch visible; lower"
    ):
        decide(dict(type="mimseg.AMTPolicy"), 0.75, uniform())
    with pytest.raises(ValueError, match="3 masked and 1 thrown of 4 patches leave none visible; lower"):
        AMTPolicy(throw=0.4)(Draw(torch.rand(2, 4), 3, 0.5, (2, 2), torch.rand(2, 4)))


def model_of(build, policy, ratio=0.45):
    return build(
        masking=dict(
            type="MaskGenerator",
            score=dict(type="ClassAttentionScore", teacher="ema"),
            policy=policy,
            ratio=dict(type="FixedRatio", ratio=ratio),
        ),
        teachers=dict(ema=dict(type="EMATeacher")),
    )


def test_the_decoder_reads_no_thrown_patch(build, images):
    """24 patches: 11 masked, 9 thrown, 4 visible; the first decoder block reads the class token, 4 and 11."""
    model = model_of(build, dict(type="AMTPolicy"))
    seen = []
    model.tasks["reconstruct"].decoder.blocks[0].register_forward_hook(lambda _, inputs, output: seen.append(inputs[0]))
    loss = model.loss(images)["loss_reconstruct"]
    loss.backward()
    assert seen[0].shape == (4, 1 + 4 + 11, 32) and torch.isfinite(loss)


@pytest.mark.parametrize("policy", [dict(type="AttMaskPolicy", variant="hint"), dict(type="AMTPolicy")])
def test_a_step_never_waits_for_the_device(build, policy):
    """Meta tensors hold no data: any .item(), bool() or data-dependent shape raises."""
    with torch.device("meta"):
        losses = model_of(build, policy)(torch.randn(4, 3, 16, 24))
        losses["loss_reconstruct"].backward()
    assert losses["loss_reconstruct"].shape == ()


@pytest.mark.parametrize(
    ("policy", "settings", "message"),
    [
        (AttMaskPolicy, dict(variant="hints"), "'high', 'hint' or 'low', got 'hints'; did you mean 'hint'"),
        (AttMaskPolicy, dict(hint=0.0), "hint must lie in"),
        (AMTPolicy, dict(throw=1.0), "throw"),
        (AMTPolicy, dict(start=1.0), "start"),
        (AMTPolicy, dict(start_ratio=0.75), "start_ratio=0.75 must lie in .0, 1. and takes a start above 0"),
        (AMTPolicy, dict(start=0.1, start_ratio=1.0), "start_ratio=1.0 must lie in"),
    ],
)
def test_wrong_settings_are_refused(policy, settings, message):
    with pytest.raises(ValueError, match=message):
        policy(**settings)
