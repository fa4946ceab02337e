"""The schedule of HPM's masks (facts of the paper and its public code)."""

import pytest
import torch

from mimseg.models import EasyToHardPolicy, Step, TeacherView
from mimseg.registry import MODELS


def generator(**policy):
    return MODELS.build(
        dict(
            type="mimseg.MaskGenerator",
            score=dict(type="mimseg.PredictedLossScore"),
            policy=dict(type="mimseg.EasyToHardPolicy", **policy),
            ratio=dict(type="mimseg.FixedRatio", ratio=0.75),
        )
    )


def step(score, progress):
    return Step(
        torch.zeros(len(score), 3, 1, 1).expand(-1, -1, 224, 224),
        16,
        (14, 14),
        progress,
        views={"ema": TeacherView(predicted_loss=score)},
    )


# floor(147 * 0.5 * (e + 1) / 200) for a ViT-B/16 at 224: 147 of 196 patches masked over 200 epochs
@pytest.mark.parametrize(("epoch", "hard"), [(0, 0), (1, 0), (2, 1), (49, 18), (99, 36), (149, 55), (199, 73)])
def test_hard_patches_of_the_default_schedule(epoch, hard):
    progress = (epoch + 1) / 200
    count = EasyToHardPolicy().hard(147, progress)
    print(f"epoch {epoch:3d}: {count} of 147 masked patches are the hardest")
    assert count == hard
    score = torch.randn(16, 196, generator=torch.Generator().manual_seed(epoch))
    mask = generator()(step(score, progress), torch.Generator().manual_seed(0)).mask
    order = score.argsort(dim=1, descending=True)
    assert (mask.sum(1) == 147).all() and mask.gather(1, order[:, :hard]).all()
    # and no more than these are certain: some sample leaves the next hardest visible
    assert not mask.gather(1, order[:, hard : hard + 3]).all()


@pytest.mark.parametrize(
    ("policy", "counts"),
    [
        (dict(alpha_start=0.5, alpha_end=0.0), (73, 36, 0)),  # hard to easy: floor(147 * (0.5 - 0.5 p))
        (dict(alpha_start=1.0, alpha_end=1.0), (147, 147, 147)),
        (dict(alpha_start=0.0, alpha_end=0.0), (0, 0, 0)),
        (dict(alpha_start=0.0, alpha_end=1.0), (0, 73, 147)),
    ],
)
def test_other_schedules(policy, counts):
    assert tuple(EasyToHardPolicy(**policy).hard(147, p) for p in (0.0, 0.5, 1.0)) == counts


def test_shares_that_are_whole_numbers_are_not_lost_to_rounding():
    assert EasyToHardPolicy(0.0, 1.0).hard(100, 0.29) == 29  # 0.29 * 100 is 28.999999999999996


def test_argmin_masks_the_easiest():
    score = torch.randn(8, 196)
    mask = generator(select="min", alpha_start=0.5)(step(score, 1.0)).mask
    assert mask.gather(1, score.argsort(dim=1)[:, :73]).all()


def test_full_share_masks_exactly_the_hardest():
    score = torch.randn(8, 196)
    mask = generator(alpha_start=1.0, alpha_end=1.0)(step(score, 0.3)).mask
    expected = torch.zeros(8, 196, dtype=torch.bool).scatter(1, score.topk(147).indices, True)
    assert torch.equal(mask, expected)


def test_the_same_generator_state_gives_the_same_masks():
    score = torch.randn(8, 196)
    one, two, other = (generator()(step(score, 0.5), torch.Generator().manual_seed(s)).mask for s in (1, 1, 2))
    assert torch.equal(one, two) and not torch.equal(one, other)


def test_a_score_that_was_not_computed_is_an_error_not_a_random_mask():
    with pytest.raises(RuntimeError, match="was not asked for its predicted loss"):
        broken = Step(torch.zeros(1, 3, 224, 224), 16, (14, 14), 1.0, views={"ema": TeacherView()})
        generator()(broken)
