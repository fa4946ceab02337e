import torch

from mimseg.datasets.sampler import mix_seed
from mimseg.selection.noise import noise_at


def test_noise_is_a_function_of_seed_round_and_index():
    """Against the scalar mixing of Python's whole numbers."""
    indices = torch.tensor([3, 0, 1_281_166])
    noise = noise_at(7, 2, indices, 5)
    for row, index in zip(noise.tolist(), indices.tolist(), strict=True):
        state = mix_seed(mix_seed(mix_seed(0, 7), 2), index)
        assert row == [(mix_seed(state, column) >> 40) / 2**24 for column in range(5)]
    assert noise.dtype == torch.float32
    assert torch.equal(noise_at(7, 2, indices[1:], 5), noise[1:])
    assert not torch.isin(noise_at(8, 2, indices, 5), noise).any()
    assert not torch.isin(noise_at(7, 3, indices, 5), noise).any()
    assert noise_at(7, 2, indices, 0).shape == (3, 0)


def test_noise_is_uniform_and_uncorrelated():
    noise = noise_at(0, 1, torch.arange(20_000), 3).double()
    assert torch.allclose(noise.mean(dim=0), torch.full((3,), 0.5).double(), atol=0.01)
    assert torch.allclose(noise.var(dim=0), torch.full((3,), 1 / 12).double(), atol=2e-3)
    assert (torch.corrcoef(torch.cat([noise[1:], noise[:-1]], dim=1).T) - torch.eye(6)).abs().max() < 0.03
    assert noise.min() >= 0 and noise.max() < 1
