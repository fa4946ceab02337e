"""How many patches are masked, and how, in every epoch of a run, against exact fractions."""

from fractions import Fraction
from math import floor

import pytest
import torch

from mimseg.models import AdaptiveRatio, Draw, EasyToHardPolicy, FixedRatio, NoisyPolicy, SoftToHardPolicy

SHARES = {
    "easy to hard": (Fraction(0), Fraction(1, 2)),
    "to all hard": (Fraction(0), Fraction(1)),
    "hard to easy": (Fraction(1, 2), Fraction(0)),
    "all hard": (Fraction(1), Fraction(1)),
    "all random": (Fraction(0), Fraction(0)),
}


@pytest.mark.parametrize("shares", SHARES.values(), ids=SHARES)
@pytest.mark.parametrize("epochs", [200, 800])
@pytest.mark.parametrize("masked", [98, 147, 177])  # of 196, at 0.5, 0.75 and 0.9
def test_hard_patches_of_hpm_in_every_epoch(shares, epochs, masked):
    """floor(M alpha), alpha from one share to the other at (e + 1) / E (Table 2, public code)."""
    policy = EasyToHardPolicy(*map(float, shares))
    counts = [policy.hard(masked, (epoch + 1) / epochs) for epoch in range(epochs)]
    alphas = [shares[0] + Fraction(epoch + 1, epochs) * (shares[1] - shares[0]) for epoch in range(epochs)]
    assert counts == [floor(masked * alpha) for alpha in alphas]
    each = [policy.hard(torch.tensor([masked, 7]), (epoch + 1) / epochs).tolist() for epoch in range(epochs)]
    assert each == [[floor(masked * alpha), floor(7 * alpha)] for alpha in alphas]
    read = [policy.needs_score_at(masked, (epoch + 1) / epochs) for epoch in range(epochs)]
    assert read == [count > 0 for count in counts]


@pytest.mark.parametrize(
    ("hard", "soft"),
    [
        ((0, 0.5), (0.5, 0)),
        ((0, 0.5), (0.3, 0)),
        ((0, 0.5), (0.3, 0.3)),
        ((0, 0.5), (0, 0)),
        ((0, 0.5), (1, 0)),
        ((0, 0.5), (1, 1)),
        ((0, 0), (0.5, 0)),
        ((0, 1), (0.5, 0)),
        ((1, 1), (0.5, 0)),
    ],
)
@pytest.mark.parametrize("epochs", [200, 300, 800])
@pytest.mark.parametrize("masked", [98, 147, 177])
def test_sorted_and_drawn_patches_of_gpa_in_every_epoch(hard, soft, epochs, masked):
    """floor of both shares at e / E, drawn ones no more than are left (Eq. 6, Tables 3 and 4, public code)."""
    policy = SoftToHardPolicy(*hard, *soft)
    (h0, h1), (s0, s1) = ([Fraction(str(value)) for value in pair] for pair in (hard, soft))
    for epoch in range(epochs):
        t = Fraction(epoch, epochs)
        sorted_ = floor(masked * (h0 + t * (h1 - h0)))
        drawn = min(floor(masked * (s0 + t * (s1 - s0))), masked - sorted_)
        assert policy.counts(masked, epoch / epochs) == (sorted_, drawn)


@pytest.mark.parametrize(
    ("ratio", "spread"), [("0.75", "0.15"), ("0.75", "0.05"), ("0.75", "0.1"), ("0.75", "0.2"), ("0.6", "0.15")]
)
@pytest.mark.parametrize("length", [196, 64, 49])
def test_the_adaptive_number_of_every_number_of_salient_patches(ratio, spread, length):
    """L - floor(L (1 - R)), R = r - d + 2 d k / L (Eq. 7)."""
    r, d = Fraction(ratio), Fraction(spread)
    scores = (torch.arange(length) < torch.arange(length).unsqueeze(1)).float()  # k patches of 1, from 0 to L - 1
    wanted = [length - floor(length * (1 - (r - d + 2 * d * k / length))) for k in range(length)]
    found = AdaptiveRatio(float(r), float(d), threshold=0.1)(length, scores)
    assert found.tolist() == wanted
    assert AdaptiveRatio(float(r), float(d)).usual(length) == length - floor(length * (1 - r))


@pytest.mark.parametrize(
    ("ratio", "length", "masked"),
    [(0.75, 196, 147), (0.5, 196, 98), (0.9, 196, 177), (0.4485, 196, 88), (78 / 196, 196, 78), (0.6, 49, 30)]
    + [(0.6, 36, 22), (0.75, 64, 48), (0.65, 64, 42), (0.85, 64, 55), (0.75, 16, 12), (0.4, 196, 79), (0.75, 256, 192)],
)
def test_numbers_of_the_papers(ratio, length, masked):
    """MAE, HPM, GPA, AMT, MaskFeat, SimMIM at 224 and 192 px, FastMIM's grids, PASS, ViT-H's."""
    assert FixedRatio(ratio)(length) == masked


def test_noise_of_half_the_range_turns_what_is_nearer_than_that_and_nothing_else():
    """One patch stands 0.4 above the others, or 0.6: U[0, 0.5) hides it often, or always (SBAM, section 3)."""
    noise = torch.rand(4000, 8, generator=torch.Generator().manual_seed(0))
    for gap, certain in ((0.6, True), (0.4, False)):
        score = torch.tensor([1.0, 0.0, *[1.0 - gap] * 6]).expand(4000, 8)
        hidden = NoisyPolicy(amplitude=0.5)(Draw(noise, 1, 1.0, (2, 4), score))[:, 0].float().mean()
        assert (hidden == 1) == certain and hidden > 0.9
    # of six at 0.6 + U[0, 0.5) the highest passes 1 + U[0, 0.5) with the integral below
    u = torch.linspace(0, 1, 100001, dtype=torch.float64)
    passes = 1 - (u + 0.8).clamp(max=1).pow(6).mean().item()
    assert 1 - hidden.item() == pytest.approx(passes, abs=0.01)
