import pytest
import torch
from mmengine.registry import init_default_scope

from mimseg.registry import MODELS


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def randomized(model, seed=0):
    """Weights of which every one matters: no zero biases, no unit scales, no empty tables."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.2)
    return model.eval()


@pytest.fixture
def backbone():
    """Build a backbone with random weights, as a detector's config does."""
    init_default_scope("mmengine")

    def build(kind="ViTBackbone", seed=0, **options):
        return randomized(MODELS.build(dict(type=f"mimseg.{kind}", **options)), seed)

    return build
