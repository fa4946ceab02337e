"""Leaving a process group."""

import weakref
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mimseg.engine import MIMRunner, distributed


@pytest.fixture
def group(tmp_path):
    """A gloo group of this process alone."""
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    yield
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


class Run:
    """A run with hooks that know it: only the garbage collector frees such a cycle."""

    def __init__(self):
        self.model = distributed.wrap_for_cpu(nn.Linear(2, 2), find_unused_parameters=False)
        self.itself = self


def test_no_model_of_an_ended_run_outlives_the_group(group):
    """One that holds the group keeps its threads running while the interpreter ends, which aborts some processes."""
    model = weakref.ref(Run().model)
    assert model() is not None
    distributed._leave()
    assert model() is None
    assert not torch.distributed.is_initialized()


@pytest.mark.skipif(torch.cuda.is_available(), reason="SyncBN works there")
def test_on_cpu_every_process_normalises_by_its_own_images(group):
    """SyncBN knows GPUs only, and would end the first step."""
    told = []
    logger = SimpleNamespace(warning=told.append)
    runner = SimpleNamespace(distributed=True, logger=logger, cfg={})
    model = MIMRunner.wrap_model(runner, None, nn.Sequential(nn.Conv2d(3, 4, 1), nn.SyncBatchNorm(4)))
    assert not any(isinstance(part, nn.SyncBatchNorm) for part in model.modules())
    model(torch.randn(2, 3, 4, 4)).sum().backward()
    assert len(told) == 1 and told[0].startswith("SyncBN needs GPUs")
