"""Bytes and FLOPs against numbers worked out by hand."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mimseg.benchmark.counting import flops_by_part, saved_bytes
from mimseg.benchmark.subject import Subject

BATCH, PIXELS, WIDTH = 4, 3 * 2 * 2, 5
IMAGES = torch.randn(BATCH, 3, 2, 2)


class TwoLayers(nn.Module):
    """relu(x A) B, no bias: the backward pass needs x (the images, A is trained), and relu's output."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(PIXELS, WIDTH, bias=False)
        self.decoder = nn.Linear(WIDTH, WIDTH, bias=False)

    def forward(self, images):
        return self.decoder(F.relu(self.encoder(images.flatten(1)))).sum()


@pytest.fixture
def subject():
    model = TwoLayers()
    parts = {"encoder": [(model.encoder, "forward")], "decoders": [(model.decoder, "forward")]}
    return Subject("two layers", model, (3, 2, 2), model, parts)


def test_every_storage_kept_counts_once_and_parameters_do_not(subject):
    # relu keeps its output and the second layer keeps the same tensor as its input
    saved = saved_bytes(subject, IMAGES, "fp32")
    assert saved.activations == 4 * BATCH * (PIXELS + WIDTH)
    assert saved.weight_copies == 0


def test_bf16_copies_of_weights_are_told_from_activations(subject):
    saved = saved_bytes(subject, IMAGES, "bf16")
    assert saved.activations == 2 * BATCH * (PIXELS + WIDTH)
    assert saved.weight_copies == 2 * WIDTH * WIDTH  # the first layer's is not kept: images need no gradient


def test_flops_go_to_the_parts_that_spend_them(subject):
    counted = flops_by_part(subject, IMAGES, "fp32")
    first, second = 2 * BATCH * PIXELS * WIDTH, 2 * BATCH * WIDTH * WIDTH
    assert counted == {"encoder": first, "decoders": second, "backward": first + 2 * second}


def test_attention_counts_on_a_cpu_too():
    class Attends(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, images):
            tokens = (self.scale * images).flatten(2)  # (B, 3 heads, 4 pixels) -> one number a token
            tokens = tokens.unsqueeze(-1).expand(-1, -1, -1, 8).contiguous()
            return F.scaled_dot_product_attention(tokens, tokens, tokens).sum()

    model = Attends()
    subject = Subject("attention", model, (3, 2, 2), model, {"encoder": [(model, "forward")]})
    product = 2 * BATCH * 3 * 4 * 4 * 8  # queries x keys x width, for every head
    counted = flops_by_part(subject, IMAGES, "fp32")
    assert counted["encoder"] == 2 * product
    assert counted["backward"] == 5 * product  # the scores again, then two products for each of the two
