"""Other channels, patches and loss heads."""

import pytest
import torch

from mimseg.checkpoints import load_weights
from mimseg.checkpoints.adapt import adapt_loss_head, conv_to_linear, fixed_grid, fixed_table, linear_to_conv


def test_kernel_layouts_are_inverse():
    kernel = torch.randn(5, 2, 3, 3)
    assert torch.equal(linear_to_conv(conv_to_linear(kernel), (3, 2)), kernel)
    with pytest.raises(ValueError, match="only square patches"):
        conv_to_linear(torch.randn(5, 2, 3, 4))


def test_grey_images_see_the_sum_of_the_colours_kernels(plain_mae, vit, saved, images, quiet):
    plain, ours = plain_mae(), vit(channels=1)
    report = load_weights(ours, saved(plain.state_dict()), scope="encoder.", least=0.9, log=quiet)
    grey = images(channels=1)
    expected = plain.patch_embed(grey.expand(-1, 3, -1, -1))
    torch.testing.assert_close(ours.encoder.embed(grey), expected, rtol=0, atol=1e-5)
    assert report.resized == {"encoder.patch_embed.weight": "3 channels summed"}
    assert "3 channels summed" in quiet[0]


@pytest.mark.parametrize("channels", [2, 5, 6])
def test_more_channels_repeat_the_kernels_at_the_same_scale(plain_mae, vit, saved, quiet, channels):
    plain, ours = plain_mae(), vit(channels=channels)
    load_weights(ours, saved(plain.state_dict()), scope="encoder.", least=0.9, log=quiet)
    kernel = linear_to_conv(ours.encoder.patch_embed.weight.detach(), (4, channels))
    for channel in range(channels):
        torch.testing.assert_close(kernel[:, channel], plain.patch_embed.proj.weight[:, channel % 3] * 3 / channels)
    assert f"channels 3 -> {channels}" in quiet[0]


def test_larger_patches_of_an_enlarged_image_look_the_same(plain_mae, vit, saved, images, quiet):
    """FlexiViT's promise: exact for images that are enlarged by the resize that was inverted."""
    plain, ours = plain_mae(), vit(patch_size=8)
    report = load_weights(ours, saved(plain.state_dict()), scope="encoder.", least=0.9, log=quiet)
    small = images(grid=(1, 1))
    large = torch.nn.functional.interpolate(small, size=(8, 8), mode="bicubic", antialias=True)
    torch.testing.assert_close(ours.encoder.embed(large), plain.patch_embed(small), rtol=0, atol=1e-4)
    assert report.resized == {"encoder.patch_embed.weight": "patches 4 -> 8 px (FlexiViT)"}


def test_our_own_file_tells_its_patches_and_channels(vit, saved, quiet):
    """48 inputs a patch are 4x4x3 here and 2x2x12 there; only the description tells them apart."""
    state = vit().state_dict()
    described = {"state_dict": state, "meta": {"mimseg": {"patch_size": 4, "in_channels": 3}}}
    report = load_weights(vit(patch_size=2, channels=12), saved(described), log=quiet)
    assert "channels 3 -> 12" in report.resized["encoder.patch_embed.weight"]
    with pytest.raises(ValueError, match=r"patch_embed.weight is \(32, 48\) in the file and \(32, 16\) in the model"):
        load_weights(vit(channels=1), saved({"state_dict": state}), log=quiet)


def test_the_mean_of_a_loss_head_is_the_same_function():
    weight, x = torch.randn(48, 32), torch.randn(7, 32)
    scalar = adapt_loss_head(weight, 1).tensor
    torch.testing.assert_close(x @ scalar.T, (x @ weight.T).mean(1, keepdim=True))
    again = adapt_loss_head(adapt_loss_head(scalar, 768).tensor, 1).tensor
    assert torch.equal(again, scalar)


def test_fixed_tables_are_told_from_learned_ones():
    table = fixed_table((3, 8), 32)
    assert fixed_grid(table) == (3, 8)
    assert fixed_grid(table.half()) == (3, 8)
    table[5, 7] += 1e-3
    assert fixed_grid(table) is None
    assert fixed_grid(fixed_table((4, 4), 32) + 1) is None
