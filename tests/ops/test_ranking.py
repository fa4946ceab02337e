import math

import numpy as np
import pytest
import torch

from mimseg.ops.ranking import absolute_loss, relative_loss


def brute_force(predicted, target):
    """HPM Eq. 5 to 7, pair by pair in double precision: (sum, number of valid ordered pairs) of each image."""
    out = []
    for p, t in zip(predicted.double().numpy(), target.double().numpy(), strict=True):
        total, pairs = 0.0, 0
        for i in range(len(p)):
            for j in range(len(p)):
                if t[i] == t[j]:
                    continue
                probability = 1 / (1 + math.exp(-(p[i] - p[j])))
                total -= math.log(probability if t[i] > t[j] else 1 - probability)
                pairs += 1
        out.append((total, pairs))
    return np.array(out)


@pytest.fixture
def pair():
    generator = torch.Generator().manual_seed(0)
    predicted = torch.randn(3, 9, generator=generator)
    target = torch.rand(3, 9, generator=generator)
    target[0, 3] = target[0, 4] = target[0, 5]  # ties
    return predicted, target


def test_relative_loss_against_the_equation(pair):
    sums = brute_force(*pair)
    assert relative_loss(*pair).item() == pytest.approx(sums[:, 0].sum() / sums[:, 1].sum(), rel=1e-6)
    assert relative_loss(*pair, norm="image").item() == pytest.approx((sums[:, 0] / sums[:, 1]).mean(), rel=1e-6)
    assert relative_loss(*pair, norm="sum").item() == pytest.approx(sums[:, 0].mean(), rel=1e-6)


def test_constant_predictions_score_ln_2(pair):
    loss = relative_loss(torch.full((3, 9), 5.0), pair[1])
    print(f"relative loss of constant predictions: {loss.item():.6f} (ln 2 = {math.log(2):.6f})")
    assert loss.item() == pytest.approx(math.log(2), rel=1e-6)


def test_relative_loss_invariances(pair):
    predicted, target = pair
    loss = relative_loss(predicted, target)
    torch.testing.assert_close(relative_loss(predicted + 7, target), loss)
    torch.testing.assert_close(relative_loss(predicted, torch.exp(3 * target) - 2), loss)
    assert relative_loss(100 * target, target) < loss < relative_loss(-100 * target, target)


def test_relative_loss_stays_finite_and_keeps_its_gradient_at_large_logits():
    predicted = torch.tensor([[-300.0, 300.0]], requires_grad=True)
    loss = relative_loss(predicted, torch.tensor([[1.0, 0.0]]))
    loss.backward()
    assert loss.item() == pytest.approx(600) and predicted.grad.tolist() == [[-1.0, 1.0]]


def test_all_ties_give_zero_not_nan():
    assert relative_loss(torch.randn(2, 5), torch.ones(2, 5)).item() == 0


def test_the_target_gets_no_gradient(pair):
    predicted, target = (x.clone().requires_grad_() for x in pair)
    (relative_loss(predicted, target) + absolute_loss(predicted, target)).backward()
    assert target.grad is None and predicted.grad is not None


def test_losses_are_fp32_inside_autocast(pair):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert relative_loss(*pair).dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = absolute_loss(*pair)
    torch.testing.assert_close(inside, absolute_loss(*pair))


def test_absolute_loss_against_numpy(pair):
    predicted, target = (x.double().numpy() for x in pair)
    standard = (target - target.mean(1, keepdims=True)) / np.sqrt(target.var(1, ddof=1, keepdims=True) + 1e-6)
    assert absolute_loss(*pair).item() == pytest.approx(((predicted - standard) ** 2).mean(), rel=1e-5)
    assert absolute_loss(*pair, standardized=False).item() == pytest.approx(
        ((predicted - target) ** 2).mean(), rel=1e-5
    )


def test_standardised_absolute_loss_ignores_positive_affine_maps(pair):
    predicted, target = pair
    torch.testing.assert_close(
        absolute_loss(predicted, 50 * target - 3), absolute_loss(predicted, target), rtol=1e-4, atol=0
    )
