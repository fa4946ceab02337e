import sys

import pytest
import torch

from mimseg.benchmark.peers import PEERS, PeerError, build_peer

CPU = torch.device("cpu")


def test_a_library_that_is_missing_is_named_in_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(PeerError, match="^hf-vitmae: .*transformers.*; install the library to compare with it$"):
        build_peer("hf-vitmae", (224, 224), CPU)


def test_a_peer_that_breaks_says_why_in_one_line(monkeypatch):
    def broken(name, image_size, device):
        raise TypeError("NoneType\ntakes no arguments")

    monkeypatch.setitem(PEERS, "mmpretrain-mae", broken)
    with pytest.raises(PeerError, match="^mmpretrain-mae: cannot be built here: TypeError: NoneType takes no argum"):
        build_peer("mmpretrain-mae", (224, 224), CPU)


@pytest.mark.slow
@pytest.mark.parametrize("name", PEERS)
def test_every_peer_gives_a_loss_that_trains_encoder_and_decoders(name):
    if name == "hf-vitmae":
        pytest.importorskip("transformers")
    torch.manual_seed(0)
    subject = build_peer(name, (224, 224), CPU)
    loss = subject.loss(torch.randn(1, *subject.image_shape))
    loss.backward()
    assert loss.ndim == 0 and loss.item() > 0
    for part in ("encoder", "decoders"):
        ((module, _),) = subject.parts[part]
        assert any(parameter.grad.abs().sum() > 0 for parameter in module.parameters() if parameter.grad is not None)
