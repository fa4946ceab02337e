from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from mimseg.models import Reconstruction
from mimseg.visualization import Display, draw_sheet, render, save_png
from mimseg.visualization.display import to_pixels

MEAN, STD = torch.tensor([100.0]).view(1, 1, 1), torch.tensor([50.0]).view(1, 1, 1)


def reconstruction_of(
    images: torch.Tensor, grid: tuple[int, int], predicted: bool = True, pixels: bool = True, note: str = ""
) -> Reconstruction:
    generator = torch.Generator().manual_seed(0)
    length = grid[0] * grid[1]
    noise = torch.rand(len(images), length, generator=generator)
    mask = torch.zeros_like(noise, dtype=torch.bool).scatter_(1, noise.topk(length * 3 // 4, 1).indices, True)
    loss = torch.where(mask, torch.rand(noise.shape, generator=generator), torch.nan)
    predicted_loss = torch.rand(noise.shape, generator=generator) if predicted else None
    return Reconstruction(mask, grid, images * 0.5 if pixels else None, loss, predicted_loss, note)


def sheet_of(shape: tuple[int, ...], grid: tuple[int, int], hard=True, title="a run · epoch 3", **parts):
    channels = shape[1]
    images = torch.rand(shape, generator=torch.Generator().manual_seed(1)) * 2 - 1
    mean, std = MEAN.expand(channels, 1, 1), STD.expand(channels, 1, 1)
    names = [f"{index}.png" for index in range(len(images))]
    return draw_sheet(images, reconstruction_of(images, grid, **parts), mean, std, title, names, hard)


def texts(figure) -> list[str]:
    written = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        written += [axes.get_title(), axes.get_ylabel(), axes.get_xlabel()]
    return [text for text in written if text]


def headings(figure) -> list[str]:
    return [axes.get_title().replace("\n", " ") for axes in figure.axes if axes.get_title()]


@pytest.mark.parametrize(
    ("shape", "grid"),
    [
        ((2, 3, 32, 32), (8, 8)),
        ((3, 1, 64, 96), (4, 6)),
        ((1, 7, 96, 32), (6, 2)),
        ((2, 2, 224, 224), (14, 14)),
    ],
)
def test_any_shape_is_drawn_with_every_column(shape, grid):
    figure = sheet_of(shape, grid, note="statistics of the input")
    assert headings(figure) == [
        "image",
        "mask (75 % hidden)",
        "masked image",
        "reconstruction *",
        "error per hidden patch",
        "predicted loss (rank)",
        "hardest patches hidden",
    ]
    rgb = render(figure)
    assert rgb.dtype == np.uint8 and rgb.shape[2] == 3 and rgb.std() > 10
    written = " ".join(texts(figure))
    assert "a run · epoch 3" in written and "0.png" in written and "statistics of the input" in written
    assert ("mean of the" in written) == (shape[1] not in (1, 3))


def test_columns_follow_what_the_model_has():
    without_predictor = headings(sheet_of((1, 3, 32, 32), (4, 4), predicted=False))
    assert "predicted loss (rank)" not in without_predictor and "hardest patches hidden" not in without_predictor
    assert "hardest patches hidden" not in headings(sheet_of((1, 3, 32, 32), (4, 4), hard=False))
    no_pixels = sheet_of((1, 3, 32, 32), (4, 4), pixels=False)
    assert "reconstruction" not in headings(no_pixels)
    assert "not pixels" in " ".join(texts(no_pixels))


def test_undone_statistics_are_marked_and_explained():
    figure = sheet_of((1, 3, 32, 32), (4, 4), note="statistics of the input undo the target")
    (note,) = [line for line in texts(figure) if "statistics of the input" in line]
    assert note.startswith("* ") and "the model itself predicts neither" in note.replace("\n", " ")
    plain = sheet_of((1, 3, 32, 32), (4, 4))
    assert "reconstruction" in headings(plain) and not any("predicts neither" in line for line in texts(plain))


@pytest.mark.parametrize(
    ("shape", "grid", "predicted"),
    [((8, 3, 224, 224), (14, 14), True), ((1, 3, 224, 64), (14, 4), False), ((1, 1, 32, 96), (4, 12), False)],
)
def test_no_text_is_cut_off_or_covers_another(check_layout, shape, grid, predicted):
    note = "mean and std of the visible patches, averaged with weights, undo the normalised-pixel target"
    check_layout(
        sheet_of(shape, grid, predicted=predicted, note=note, title="a config   ·   epoch_1600.pth   ·   " * 4)
    )


def picture(figure, heading: str, row: int = 0, layer: int = 0) -> np.ndarray:
    columns = len(headings(figure))
    return np.asarray(figure.axes[row * columns + headings(figure).index(heading)].images[layer].get_array())


def test_panels_show_the_right_patches():
    images = torch.zeros(1, 1, 4, 4)
    mask = torch.tensor([[True, False, True, True]])
    nan = float("nan")
    loss = torch.tensor([[1.0, nan, 2.0, 3.0]])
    predicted = torch.tensor([[9.0, 7.0, 8.0, 1.0]])
    seen = Reconstruction(mask, (2, 2), torch.ones(1, 1, 4, 4), loss, predicted, "")
    figure = draw_sheet(images, seen, MEAN, STD, "")
    patches = {name: picture(figure, name)[::2, ::2] for name in headings(figure)}
    image, prediction, hidden = 100 / 255, 150 / 255, 0.55
    assert patches["image"][..., 0] == pytest.approx(np.full((2, 2), image))
    assert patches["reconstruction"][..., 0] == pytest.approx(np.full((2, 2), prediction))
    assert patches["masked image"][..., 0] == pytest.approx(np.array([[hidden, image], [hidden, hidden]]))
    # 3 patches are masked, so the 3 of highest predicted loss are hidden: all but the last.
    hardest = np.array([[hidden, hidden], [hidden, image]])
    assert patches["hardest patches hidden"][..., 0] == pytest.approx(hardest)
    error = picture(figure, "error per hidden patch")[::2, ::2]
    assert np.allclose(error, [[1.0, nan], [2.0, 3.0]], equal_nan=True)
    ranks = picture(figure, "predicted loss (rank)", layer=1)[::2, ::2]
    assert ranks == pytest.approx(np.array([[1, 1 / 3], [2 / 3, 0]]))


def test_a_score_comes_before_the_mask_and_is_spread_over_its_units():
    images = torch.zeros(1, 1, 8, 8)
    mask = torch.tensor([[True, True, False, False] * 2 + [True] * 8])
    loss = torch.rand(1, 16).where(mask, torch.nan)
    seen = Reconstruction(
        mask, (4, 4), images, loss, None, "", score=torch.tensor([[5.0, 3.0, 4.0, 7.0]]), units=(2, 2)
    )
    figure = draw_sheet(images, seen, MEAN, STD, "", score_name="salience")
    assert headings(figure)[:4] == ["image", "score: salience", "mask (75 % hidden)", "masked image"]
    # (score - 3) / (7 - 3), each over a square of 4 x 4 pixels, above the grey image
    expected = np.kron(np.array([[0.5, 0], [0.25, 1]]), np.ones((4, 4)))
    assert picture(figure, "score: salience", layer=1) == pytest.approx(expected)
    assert picture(figure, "score: salience", layer=0) == pytest.approx(np.full((8, 8, 3), 100 / 255))
    assert "low" in bar_ends(figure) and "high" in bar_ends(figure)
    unread = replace(seen, score=None)
    assert "score: salience" not in headings(draw_sheet(images, unread, MEAN, STD, "", score_name="salience"))


def bar_ends(figure) -> list[str]:
    return [label.get_text() for axes in figure.axes for label in axes.get_xticklabels()]


def test_thrown_patches_are_black_and_explained():
    images = torch.zeros(1, 1, 4, 4)
    mask, predict = torch.tensor([[True, True, False, False]]), torch.tensor([[False, True, False, False]])
    loss = torch.tensor([[torch.nan, 1.0, torch.nan, torch.nan]])
    seen = Reconstruction(mask, (2, 2), torch.ones(1, 1, 4, 4), loss, None, "", predict=predict)
    figure = draw_sheet(images, seen, MEAN, STD, "")
    hidden, image, prediction = 0.55, 100 / 255, 150 / 255
    expected = {
        "mask (25 % masked, 25 % thrown)": [[0, hidden], [1, 1]],
        "masked image": [[0, hidden], [image, image]],
        "reconstruction": [[0, prediction], [prediction, prediction]],
    }
    for heading, values in expected.items():
        assert picture(figure, heading)[::2, ::2, 0] == pytest.approx(np.array(values)), heading
    assert any("thrown away" in text for text in texts(figure))
    assert not any("thrown" in text for text in texts(sheet_of((1, 3, 32, 32), (4, 4))))


def test_where_the_number_hidden_differs_each_mask_says_its_own():
    images = torch.zeros(2, 1, 4, 4)
    mask = torch.tensor([[True, False, False, False], [True, True, True, False]])
    seen = Reconstruction(mask, (2, 2), images, torch.zeros(2, 4), None, "")
    figure = draw_sheet(images, seen, MEAN, STD, "")
    assert "mask (50 % hidden on average)" in headings(figure)
    assert [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()] == ["25 % hidden", "75 % hidden"]


def test_diverged_losses_still_draw():
    images = torch.zeros(1, 3, 8, 8)
    seen = Reconstruction(torch.tensor([[True] * 3 + [False]]), (2, 2), images, torch.full((1, 4), torch.nan), None, "")
    assert render(draw_sheet(images, seen, MEAN.expand(3, 1, 1), STD.expand(3, 1, 1), "")).size


def test_wrong_counts_are_refused():
    images = torch.zeros(2, 1, 8, 8)
    with pytest.raises(ValueError, match="2 images, 1 masks"):
        draw_sheet(images, reconstruction_of(images[:1], (2, 2)), MEAN, STD, "")
    with pytest.raises(ValueError, match="1 names"):
        draw_sheet(images, reconstruction_of(images, (2, 2)), MEAN, STD, "", ["only one"])


def test_eight_bit_values_are_shown_as_they_are():
    pixels = torch.tensor([0.0, 51.0, 255.0]).view(1, 1, 1, 3)
    display = Display.fit((pixels - MEAN) / STD, MEAN, STD)
    assert display.rgb((pixels - MEAN) / STD)[0, 0, :, 2] == pytest.approx([0, 0.2, 1])
    assert display.notes == []
    assert display.rgb((pixels * 3 - MEAN) / STD).max() == 1.0  # a prediction beyond white stays white


def test_other_ranges_are_stretched_alike_for_input_and_prediction():
    images = torch.linspace(1000, 5000, 101).view(1, 1, 1, 101)
    display = Display.fit((images - MEAN) / STD, MEAN, STD)
    # The 2nd and 98th percentile of 1000, 1040, ..., 5000 are 1080 and 4920.
    assert (display.low, display.high) == pytest.approx((1080, 4920))
    middle = torch.full((1, 1, 1, 1), 3000.0)
    assert display.rgb((middle - MEAN) / STD) == pytest.approx(0.5)
    assert "1080" in display.notes[0] and "4920" in display.notes[0]


def test_patch_values_go_to_their_pixels():
    values = torch.arange(6.0).view(1, 6)
    expected = np.kron(np.arange(6.0).reshape(2, 3), np.ones((2, 4)))
    assert np.array_equal(to_pixels(values, (2, 3), (4, 12))[0], expected)


def test_png_holds_the_pixels(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    path = save_png(rgb, tmp_path / "new" / "a.png")
    assert np.array_equal(np.asarray(Image.open(path)), rgb)
