import numpy as np
import pytest
import torch

from mimseg.ops.patches import normalize_patches, patch_grid, patchify, scatter_rows, unpatchify


@pytest.mark.parametrize(("channels", "patch", "size"), [(1, 4, (8, 12)), (3, 16, (32, 48)), (16, 8, (24, 8))])
def test_patchify_order_is_row_column_channel(channels, patch, size):
    images = torch.randn(2, channels, *size)
    got = patchify(images, patch)
    array = images.numpy()
    rows, columns = size[0] // patch, size[1] // patch
    expected = np.stack(
        [
            np.stack(
                [
                    array[b, :, y * patch : (y + 1) * patch, x * patch : (x + 1) * patch].transpose(1, 2, 0).ravel()
                    for y in range(rows)
                    for x in range(columns)
                ]
            )
            for b in range(2)
        ]
    )
    np.testing.assert_array_equal(got.numpy(), expected)
    assert torch.equal(unpatchify(got, patch, (rows, columns)), images)


def test_sizes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"30x32 is not a multiple of patch_size=16.*16x32"):
        patch_grid(30, 32, 16)
    with pytest.raises(ValueError, match="5 patches do not fill a grid of 2x3"):
        unpatchify(torch.zeros(1, 5, 48), 4, (2, 3))


def test_normalize_patches_against_numpy():
    patches = torch.randn(3, 5, 48) * 4 + 2
    array = patches.double().numpy()
    expected = (array - array.mean(-1, keepdims=True)) / np.sqrt(array.var(-1, ddof=1, keepdims=True) + 1e-6)
    np.testing.assert_allclose(normalize_patches(patches).numpy(), expected, rtol=1e-4, atol=1e-5)
    assert torch.equal(normalize_patches(torch.ones(1, 1, 48)), torch.zeros(1, 1, 48))  # a flat patch is not NaN


def test_scatter_rows_fills_the_rest():
    out = scatter_rows(torch.tensor([[1.0, 2.0]]), torch.tensor([[3, 0]]), 4, float("nan"))
    assert out[0, [3, 0]].tolist() == [1.0, 2.0] and out[0, [1, 2]].isnan().all()
