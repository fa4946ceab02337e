"""How weights start: deviations, bounds, and the one random number in 2^24 that stands for minus infinity."""

import math

import pytest
import torch
from mmengine.registry import init_default_scope

from mimseg.models import Classifier
from mimseg.models.backbones.cmt import CMT
from mimseg.models.backbones.init import init_normal
from mimseg.registry import MODELS

STATS = dict(type="mimseg.ImagePreprocessor", mean=[0.0] * 3, std=[1.0] * 3)
SPARSE = dict(type="mimseg.SparseViT", arch=dict(embed_dim=256, depth=1, num_heads=2), patch_size=16)
DENSE = dict(SPARSE, type="mimseg.DenseViT", image_size=32)
SWIN = dict(
    type="mimseg.DenseSwin",
    arch=dict(embed_dim=32, depths=(1, 1, 1, 1), num_heads=(1, 1, 2, 2)),
    image_size=64,
    window_size=2,
)


@pytest.fixture(autouse=True)
def seed():
    init_default_scope("mimseg")
    torch.manual_seed(0)


@pytest.mark.parametrize("head_std", [2e-5, 0.01, 0.02])
def test_a_head_starts_at_the_deviation_that_is_asked_for(head_std):
    """timm's trunc_normal_, as MAE, HPM and SimMIM call it, cuts at -2 and 2 themselves: nothing is cut.

    256,000 numbers tell the deviation to 0.14 %; cut at two deviations it would be 0.8796 of it.
    """
    head = Classifier(STATS, SPARSE, num_classes=1000, head_std=head_std).head
    assert head.weight.std().item() == pytest.approx(head_std, rel=5e-3)
    assert 4 * head_std < head.weight.abs().max() < 6 * head_std
    assert head.weight.mean().abs() < 0.01 * head_std
    beyond = (head.weight.abs() > 2 * head_std).float().mean().item()
    assert beyond == pytest.approx(1 - math.erf(math.sqrt(2)), rel=0.05)
    assert not head.bias.any()


def test_a_vit_may_start_as_timms():
    """Normal(0, 0.02) weights, tokens and positions, zero biases, norms of 1 and 0: what is trained from scratch."""
    encoder = MODELS.build(dict(SPARSE, positions="learned", image_size=224, init="normal"))
    for name, parameter in encoder.named_parameters():
        if "norm" in name:
            assert torch.equal(parameter, torch.full_like(parameter, float(name.endswith("weight"))))
        elif name.endswith("bias"):
            assert not parameter.any()
        else:
            assert parameter.std().item() == pytest.approx(0.02, rel=0.15 if "token" in name else 0.02), name
            assert parameter.abs().max() > 0.04
    assert encoder.positions.table[0].any()  # the class token's, too
    with pytest.raises(ValueError, match="encoder.init must be 'xavier' or 'normal', got 'beit'"):
        MODELS.build(dict(SPARSE, init="beit"))


def test_numbers_are_those_of_torchs_truncated_normal():
    """So that a seed gives the weights that it gave."""
    ours, theirs = torch.empty(1000), torch.empty(1000)
    for bound in (0.02, float("inf")):
        torch.manual_seed(1)
        init_normal(ours, 0.02, bound)
        torch.manual_seed(1)
        torch.nn.init.trunc_normal_(theirs, std=0.02, a=-bound, b=bound)
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda: Classifier(STATS, SPARSE, 7, head_std=2e-5).head.weight, -1.2e-4),
        (lambda: MODELS.build(DENSE).mask_token, -0.02),
        (lambda: MODELS.build(dict(DENSE, init="normal")).mask_token, -0.12),
        (lambda: MODELS.build(SWIN).layers[3].blocks[0].mlp.fc1.weight, -0.12),
        (lambda: MODELS.build(SWIN).layers[3].blocks[0].attn.relative_position_bias_table, -0.12),
        (lambda: CMT("small", image_size=64).stages[0].blocks[0].attn.query.weight, -0.12),
    ],
    ids=["head", "token", "free token", "swin", "swin's tables", "cmt"],
)
def test_the_smallest_random_number_makes_no_weight_of_minus_two(build, expected, monkeypatch):
    """It is drawn for five weights of a Swin-B, and would be -2 (or -inf), a hundred deviations and more."""
    uniform = torch.Tensor.uniform_

    def smallest(self, low=0.0, high=1.0, generator=None):
        return self.fill_(low) if low < 0 else uniform(self, low, high)

    monkeypatch.setattr(torch.Tensor, "uniform_", smallest)
    weights = build()
    torch.testing.assert_close(weights.detach(), torch.full_like(weights, expected))
