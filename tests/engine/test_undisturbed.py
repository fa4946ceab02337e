import random

import numpy as np
import pytest
import torch
from torch import nn

from mimseg.engine.undisturbed import undisturbed


def draws() -> tuple:
    return random.random(), np.random.rand(), torch.rand(()).item()


def test_random_states_and_modes_come_back():
    model = nn.Sequential(nn.Linear(1, 1), nn.Dropout())
    model.train()
    model[0].eval()  # as a frozen part is
    random.seed(0), np.random.seed(0), torch.manual_seed(0)
    expected = draws()
    random.seed(0), np.random.seed(0), torch.manual_seed(0)
    with undisturbed(model):
        draws()
        assert not any(module.training for module in model.modules())
        assert not model[0](torch.ones(1, 1)).requires_grad
    assert draws() == expected
    assert [model.training, model[0].training, model[1].training] == [True, False, True]


def test_an_error_within_restores_them_too():
    model = nn.Linear(1, 1)
    torch.manual_seed(0)
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError, match="within"), undisturbed(model):
        torch.rand(3)
        raise RuntimeError("within")
    assert model.training and torch.equal(torch.get_rng_state(), before)
