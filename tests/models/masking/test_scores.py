"""Salience of tokens that are smaller than the patches."""

import pytest
import torch

from mimseg.models import SalienceScore, Step
from mimseg.models.backbones.dense_swin import DenseSwin
from mimseg.ops.salience import salience


def step_with(tokens, grid, patch_size, positions=None):
    images = torch.zeros(len(tokens), 3, grid[0] * patch_size, grid[1] * patch_size)
    return Step(images, patch_size, grid, 0.5, tokens=tokens, positions=positions)


@pytest.mark.parametrize(("cell", "k"), [(4, 1), (8, 2), (16, 4), (32, 8)])
def test_tokens_are_averaged_over_cells_before_the_products(cell, k):
    """Tokens of 4 px on a 16 x 24 grid, below a patch grid of 2 x 3; cell by cell."""
    tokens = torch.randn(2, 16 * 24, 5, generator=torch.Generator().manual_seed(0))
    positions = torch.randn(16 * 24, 5, generator=torch.Generator().manual_seed(1))
    grid = (tokens + positions).view(2, 16, 24, 5)
    cells = [grid[:, y : y + k, x : x + k].reshape(2, -1, 5).mean(1) for y in range(0, 16, k) for x in range(0, 24, k)]
    score = SalienceScore(cell=cell)(step_with(tokens, (2, 3), 32, positions))
    assert score.shape == (2, 16 * 24 // k**2)
    torch.testing.assert_close(score, salience(torch.stack(cells, dim=1)))


def test_without_a_cell_tokens_are_as_they_are():
    tokens = torch.randn(2, 24, 5)
    torch.testing.assert_close(SalienceScore()(step_with(tokens, (2, 3), 32)), salience(tokens))


def test_tokens_are_normalised_after_they_are_averaged():
    tokens = torch.randn(2, 24, 5)
    cells = tokens.view(2, 2, 2, 3, 2, 5).mean(dim=(2, 4)).flatten(1, 2)
    normed = torch.nn.functional.layer_norm(cells, (5,))
    score = SalienceScore(cell=32, prenorm=True)(step_with(tokens, (2, 3), 32))
    torch.testing.assert_close(score, salience(normed))


def test_the_embedding_of_a_swin_gives_scores_of_16_px():
    swin = DenseSwin(64, 2, dict(embed_dim=16, depths=(1, 1, 1, 1), num_heads=(1, 1, 2, 2)))
    pictures = torch.randn(2, 3, 64, 96)
    tokens = swin.embed(pictures)
    step = Step(
        pictures, swin.patch_size, swin.grid_of(pictures), 0.5, tokens=tokens, positions=swin.position_table((2, 3))
    )
    score = SalienceScore(cell=16)(step)
    cells = tokens.view(2, 4, 4, 6, 4, 16).mean(dim=(2, 4)).flatten(1, 2)
    torch.testing.assert_close(score, salience(cells.detach()))


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (6, "masking.score.cell=6 px is not a multiple of the encoder's 4 px tokens"),
        (2, "masking.score.cell=2 px is not a multiple of the encoder's 4 px tokens"),
        (12, "masking.score.cell=12 px does not divide an image of 64x96 px"),
    ],
)
def test_cells_that_do_not_fit_are_refused(cell, message):
    with pytest.raises(ValueError, match=message):
        SalienceScore(cell=cell)(step_with(torch.zeros(2, 16 * 24, 5), (2, 3), 32))


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match="cell is a side in pixels, got 0"):
        SalienceScore(cell=0)
    with pytest.raises(ValueError, match="direction of the salience must be 'outgoing' or 'incoming'"):
        SalienceScore(direction="sideways")


def test_the_incoming_direction_leaves_all_tokens_equal():
    tokens = torch.randn(2, 24, 5)
    assert (SalienceScore(direction="incoming")(step_with(tokens, (2, 3), 32)) == 1).all()
