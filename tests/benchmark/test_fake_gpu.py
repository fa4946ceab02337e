import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mimseg.benchmark.fake_gpu import LiveBytes, autocast, fake_gpu, run_backward, to_fake_gpu
from mimseg.ops.bf16 import attention


@pytest.fixture
def perceptron():
    with torch.device("meta"):
        return nn.Sequential(nn.Linear(64, 128, bias=False), nn.GELU(), nn.Linear(128, 64, bias=False))


def kept(model, precision: str) -> tuple[LiveBytes, torch.Tensor, torch.Tensor]:
    """What is alive after the forward pass of 32 rows."""
    to_fake_gpu(model)
    with LiveBytes(model.parameters()) as live:
        rows = torch.empty(32, 64, device="cuda")
        with autocast(precision):
            loss = model(rows).square().mean()
    return live, rows, loss


def test_what_a_perceptron_keeps_in_fp32(perceptron):
    with fake_gpu():
        live, *_ = kept(perceptron, "fp32")
        # rows, GELU's input, its output, the square's input: 32 rows of 64, 128, 128, 64 numbers of 4 bytes; the loss
        assert live.now == 8192 + 16384 + 16384 + 8192 + 512
        assert live.copies == 0


def test_what_a_perceptron_keeps_in_bf16(perceptron):
    with fake_gpu():
        live, *_ = kept(perceptron, "bf16")
        assert live.copies == 64 * 128 * 2  # of the second weight in bf16; no gradient goes through the first
        # rows in fp32 and bf16; GELU's input and output in bf16; squares are computed in fp32 on a GPU, so their input
        # is kept as such; the loss
        assert live.now - live.copies == 8192 + 4096 + 8192 + 8192 + 8192 + 512


def test_the_backward_pass_lets_go_of_all_but_the_gradients(perceptron):
    with fake_gpu():
        live, _rows, loss = kept(perceptron, "bf16")
        with live:
            gradients = run_backward(loss, live.leave_out)
        assert live.now == 8192 + 512  # rows and loss
        assert [gradient.shape for gradient in gradients.values()] == [(64, 128), (128, 64)]
        assert {gradient.dtype for gradient in gradients.values()} == {torch.float32}


def test_the_peak_is_seen_though_nothing_of_it_stays(perceptron):
    with fake_gpu(), torch.no_grad():
        live, *_ = kept(perceptron, "fp32")
        assert live.now == 8192 + 512
        # rows, and both sides of GELU at once
        assert live.peak == 8192 + 16384 + 16384


def test_flash_attention_keeps_no_weights_of_pairs():
    with fake_gpu(), LiveBytes([]) as live, autocast("bf16"):
        parts = [torch.empty(2, 2, 128, 64, device="cuda", requires_grad=True) for _ in range(3)]
        before = live.now
        out = attention(*parts)
        # query, key and value in bf16, what they give, and the logarithm of a sum for every query
        once = 2 * 2 * 128 * 64 * 2
        assert 4 * once + 2 * 2 * 128 * 4 <= live.now - before < 4.2 * once
        del out


def test_a_learned_bias_is_kept_once_for_all_images():
    with fake_gpu(), LiveBytes([]) as live:
        parts = [torch.empty(64, 2, 16, 32, device="cuda", dtype=torch.bfloat16, requires_grad=True) for _ in range(3)]
        bias = torch.empty(1, 2, 16, 16, device="cuda", requires_grad=True)
        before = live.now
        out = attention(*parts, bias)
        # the result, 64 images of 2 x 16 x 32 numbers; the bias in bf16; a logarithm (32 at least) for every query
        assert live.now - before < 64 * 2 * 16 * 32 * 2 + 2 * 16 * 16 * 2 + 64 * 2 * 32 * 4 + 4 * 512
        gradients = run_backward(out.float().sum(), live.leave_out)
        assert gradients[bias].shape == bias.shape


def test_backward_gives_autograds_gradients():
    torch.manual_seed(0)
    first, second, shift = (torch.randn(size, requires_grad=True) for size in ((8, 8), (8, 8), (1, 8)))

    def loss():
        x = torch.ones(5, 8) @ first + shift  # broadcast
        for _ in range(2):  # the same weight twice
            x = F.layer_norm(x + (x @ second).relu(), (8,))
        part = x[:, :4].chunk(2, dim=1)
        return (part[0] * part[1]).square().sum()

    expected = torch.autograd.grad(loss(), [first, second, shift])
    gradients = run_backward(loss(), lambda gradient: None)
    for weight, gradient in zip((first, second, shift), expected, strict=True):
        torch.testing.assert_close(gradients[weight], gradient)


def test_shared_weights_stay_shared():
    with torch.device("meta"):
        model = nn.ModuleDict({"a": nn.Linear(4, 4), "b": nn.Linear(4, 4)})
        model["b"].weight = model["a"].weight
        model["a"].bias.requires_grad_(False)
    with fake_gpu():
        to_fake_gpu(model)
        assert model["a"].weight is model["b"].weight
        assert model["a"].weight.is_cuda and not model["a"].bias.requires_grad
