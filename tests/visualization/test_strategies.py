import numpy as np
import pytest
import torch

from mimseg.visualization import Masks, Strategy, draw_strategies

MEAN, STD = torch.zeros(1, 1, 1), torch.ones(1, 1, 1)
LONG = "attmask/amt_throwing_vit-base_patch16_with-a-very-long-name_100epochs"


def masks_of(batch, grid, score="", units=None, adaptive=False, thrown=0) -> Masks:
    """Random masks; the units' grid divides the patches'."""
    generator = torch.Generator().manual_seed(0)
    units = units or grid
    number = units[0] * units[1]
    masked = torch.arange(batch) % 3 * adaptive + number // 2
    order = torch.rand(batch, number, generator=generator).argsort(dim=1)
    k = grid[0] // units[0]

    def to_patches(mask):
        return mask.view(batch, *units).repeat_interleave(k, 1).repeat_interleave(k, 2).flatten(1)

    values = torch.rand(batch, number, generator=generator) if score else None
    return Masks(to_patches(order < masked[:, None]), to_patches(order < thrown), grid, values, units, score)


def draw(batch, shape, strategies, names=None):
    images = torch.rand(batch, 1, *shape, generator=torch.Generator().manual_seed(0)) * 255
    return draw_strategies(images, strategies, MEAN, STD, "masking strategies   ·   masks of seed 0", names)


def headings(figure) -> list[str]:
    return [axes.get_title().replace("\n", " ") for axes in figure.axes if axes.get_title()]


def words(figure) -> list[str]:
    return [text.get_text() for text in figure.texts]


def picture(figure, column: int, row: int = 0, layer: int = 0) -> np.ndarray:
    return np.asarray(figure.axes[row * len(headings(figure)) + column].images[layer].get_array())


def test_each_strategy_has_its_columns_under_its_label():
    scored = Strategy("sbam/vitb", masks_of(2, (4, 4), "salience"), origin="run/epoch_6.pth")
    plain = Strategy("mae/vitb", masks_of(2, (2, 2)), doubt="random weights")
    figure = draw(2, (16, 16), [scored, plain])
    assert headings(figure) == ["image", "score: salience", "mask", "masked image", "mask", "masked image"]
    written = words(figure)
    assert {"sbam/vitb", "50 % hidden   ·   run/epoch_6.pth", "mae/vitb", "50 % hidden", "random weights"} <= {*written}
    labels = {text.get_text(): text.get_position()[0] for text in figure.texts}
    # label and first column of a group begin at the same place
    assert labels["sbam/vitb"] == pytest.approx(figure.axes[1].get_position().x0)
    assert labels["mae/vitb"] == pytest.approx(figure.axes[4].get_position().x0)


def test_pictures_show_the_strategy_of_their_group():
    images = torch.tensor([51.0, 102.0, 153.0, 204.0]).view(1, 1, 2, 2)
    coarse = Masks(torch.tensor([[True]]), torch.tensor([[False]]), (1, 1), torch.tensor([[3.0]]), (1, 1), "a")
    fine = Masks(
        torch.tensor([[True, False, True, False]]),
        torch.tensor([[False, False, True, False]]),
        (2, 2),
        torch.tensor([[1.0, 5.0, 3.0, 2.0]]),
        (2, 2),
        "b",
    )
    figure = draw_strategies(images, [Strategy("coarse", coarse), Strategy("fine", fine)], MEAN, STD, "")
    grey, black, white = 0.55, 0, 1
    expected = {
        0: [[0.2, 0.4], [0.6, 0.8]],
        2: [[grey, grey], [grey, grey]],
        3: [[grey, grey], [grey, grey]],
        5: [[grey, white], [black, white]],
        6: [[grey, 0.4], [black, 0.8]],
    }
    for column, values in expected.items():
        assert picture(figure, column)[..., 0] == pytest.approx(np.array(values)), column
    assert picture(figure, 1, layer=1) == pytest.approx(np.zeros((2, 2)))  # a constant score
    assert picture(figure, 4, layer=1) == pytest.approx(np.array([[0, 1], [0.5, 0.25]]))


def test_adaptive_ratios_stand_under_their_masks():
    adaptive = Strategy("amr", masks_of(3, (4, 4), adaptive=True))
    figure = draw(3, (16, 16), [Strategy("mae", masks_of(3, (4, 4))), adaptive])
    captions = [[axes.get_xlabel() for axes in figure.axes[row * 5 : row * 5 + 5]] for row in range(3)]
    assert captions == [["", "", "", share, ""] for share in ("50 % hidden", "56 % hidden", "62 % hidden")]
    assert "56 % hidden on average" in words(figure)


@pytest.mark.parametrize(
    ("number", "batch", "shape"), [(1, 1, (32, 32)), (8, 1, (32, 32)), (2, 3, (32, 96)), (4, 1, (96, 32))]
)
def test_no_text_is_cut_off_or_covers_another(check_layout, number, batch, shape):
    grid = (shape[0] // 8, shape[1] // 8)
    kinds = [
        Strategy("mae/vitb", masks_of(batch, grid), "random weights, not read"),
        Strategy(LONG, masks_of(batch, grid, "class attention of the last block", thrown=3), "amt_seed0/epoch_6.pth"),
        Strategy(
            "sbam/amr", masks_of(batch, grid, "salience", adaptive=True), doubt="random weights: scores mean nothing"
        ),
        Strategy("simmim/unit16", masks_of(batch, grid, units=(grid[0] // 2, grid[1] // 2)), "x" * 80),
    ]
    names = [f"{'a very long name of a file_' * index}{index}.png" for index in range(batch)]
    figure = draw(batch, shape, [kinds[index % 4] for index in range(number)], names)
    check_layout(figure)
    assert figure.get_size_inches()[0] < 30


def test_wrong_counts_are_refused():
    strategy = Strategy("mae", masks_of(2, (2, 2)))
    with pytest.raises(ValueError, match="at least one"):
        draw(2, (8, 8), [])
    with pytest.raises(ValueError, match="3 images, 2 masks"):
        draw(3, (8, 8), [strategy])
    with pytest.raises(ValueError, match="2 images, 2 and 2 masks, 1 names"):
        draw(2, (8, 8), [strategy, strategy], ["a.png"])
