import numpy as np
import pytest
import torch

from mimseg.evaluation import rankme


def reference(features: np.ndarray) -> float:
    values = np.linalg.svd(features.astype(np.float64), compute_uv=False)
    share = values / np.abs(values).sum() + 1e-7
    return float(np.exp(-np.sum(share * np.log(share))))


@pytest.mark.parametrize("shape", [(500, 32), (20, 64), (1, 5)])
def test_agrees_with_numpy(shape):
    features = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    features *= np.linspace(1, 9, shape[1], dtype=np.float32)
    assert rankme(torch.from_numpy(features)) == pytest.approx(reference(features), rel=1e-9)
    assert rankme(torch.from_numpy(1000 * features)) == pytest.approx(reference(features), rel=1e-6)


def test_known_ranks():
    """Orthogonal directions of equal strength count one each; a collapsed set has rank 1."""
    assert rankme(torch.eye(16)) == pytest.approx(16, rel=1e-4)
    assert rankme(torch.cat([torch.eye(16), torch.zeros(16, 16)], dim=1)) == pytest.approx(16, rel=1e-4)
    assert rankme(torch.ones(50, 16)) == pytest.approx(1, rel=1e-4)
    # shares 3/4 and 1/4: the entropy is 2 ln 2 - 0.75 ln 3 = 0.5623
    assert rankme(torch.diag(torch.tensor([3.0, 1.0]))) == pytest.approx(np.exp(0.562335), rel=1e-5)


@pytest.mark.parametrize(
    ("features", "complaint"),
    [
        (torch.ones(3), r"\(N, D\)"),
        (torch.ones(0, 4), r"\(N, D\)"),
        (torch.tensor([[1.0, 2.0], [float("nan"), 1.0]]), "1 of 2 images are not finite"),
        (torch.zeros(3, 4), "all features of 3 images are zero"),
    ],
)
def test_bad_features_are_named(features, complaint):
    with pytest.raises(ValueError, match=complaint):
        rankme(features)
