"""The sheet of what models with different targets predict."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mimseg.visualization import Gradients, Masks, Prediction, draw_hog, draw_predictions

MEAN, STD = torch.zeros(1, 1, 1), torch.ones(1, 1, 1)
SETTINGS = "cells of 8 px, 9 orientations"


def masks_of(batch=2, grid=(2, 3), seed=0, thrown=False) -> Masks:
    hidden = torch.zeros(batch, grid[0] * grid[1], dtype=torch.bool)
    for row, generator in enumerate([torch.Generator().manual_seed(seed + b) for b in range(batch)]):
        hidden[row, torch.randperm(hidden.shape[1], generator=generator)[:4]] = True
    thrown = hidden & (torch.arange(hidden.shape[1]) == hidden.int().argmax(1, keepdim=True)) & thrown
    return Masks(hidden, thrown, grid, None, grid, "")


def images_of(batch=2, grid=(2, 3)):
    return torch.rand(batch, 3, grid[0] * 16, grid[1] * 16, generator=torch.Generator().manual_seed(0)) * 255


def pixel_model(masks, label="pixels", note=""):
    return Prediction(label, "run/epoch_1.pth", masks, pixels=images_of().flip(0), note=note)


def hog_model(masks, label="hog", settings=SETTINGS, seed=0):
    generator = torch.Generator().manual_seed(seed)
    truth, predicted = (torch.rand(2, 27, 4, 6, generator=generator) - 0.2 for _ in range(2))
    return Prediction(label, "run/epoch_2.pth", masks, gradients=Gradients(truth.clamp(min=0), predicted, 9, settings))


def draw(predictions, names=None):
    return draw_predictions(images_of(), predictions, MEAN, STD, "predictions   ·   masks of seed 0", names)


def headings(figure) -> list[str]:
    return [axes.get_title().replace("\n", " ") for axes in figure.axes if axes.get_title()]


def picture(figure, column, row=0):
    return np.asarray(figure.axes[row * len(headings(figure)) + column].images[0].get_array())


def test_columns_have_the_order_of_figure_10(check_layout):
    masks = masks_of()
    figure = draw([hog_model(masks), pixel_model(masks)], names=["a.jpg", "b.jpg"])
    hog = f"HOG: {SETTINGS}"
    assert headings(figure) == ["masked image (67 % hidden)", "image", "predicted pixels", hog, "predicted HOG"]
    check_layout(figure)


def test_what_is_shared_is_drawn_once():
    masks, others = masks_of(), masks_of(seed=9)
    same = headings(draw([hog_model(masks), hog_model(masks, seed=1), hog_model(masks, settings="other")]))
    assert sum(title.startswith("masked image") for title in same) == 1
    assert [title for title in same if "HOG" in title] == [
        f"HOG: {SETTINGS}",
        "predicted HOG",
        "predicted HOG",
        "HOG: other",
        "predicted HOG",
    ]
    different = headings(draw([pixel_model(masks), hog_model(others)]))
    assert different[0] == "image" and sum(title.startswith("masked image") for title in different) == 2


def test_pictures_are_those_of_the_models():
    masks = masks_of()
    model = hog_model(masks)
    figure = draw([pixel_model(masks), model])
    images = images_of()
    hidden = masks.hidden.view(2, 2, 3).repeat_interleave(16, 1).repeat_interleave(16, 2).numpy()
    expected = images.permute(0, 2, 3, 1).numpy() / 255
    np.testing.assert_allclose(picture(figure, 1, row=1), expected[1], rtol=1e-5)
    np.testing.assert_allclose(picture(figure, 0, row=1), np.where(hidden[1, ..., None], 0.55, expected[1]), rtol=1e-5)
    np.testing.assert_allclose(picture(figure, 2, row=1), expected[0], rtol=1e-5)
    mean = model.gradients.truth[1].view(3, 9, 4, 6).mean(0)
    white = np.quantile(mean.numpy(), 0.99)
    for column, histograms in ((3, model.gradients.truth), (4, model.gradients.predicted)):
        drawn = picture(figure, column, row=1)
        assert drawn.shape == (64, 96, 3)
        strokes = (draw_hog(histograms, 9)[1] / white).clip(0, 1)
        np.testing.assert_allclose(drawn, np.repeat(strokes[..., None], 3, axis=-1), atol=1e-5)


def test_thrown_patches_are_black_in_predictions():
    masks = masks_of(thrown=True)
    figure = draw([pixel_model(masks), hog_model(masks)])
    row, column = divmod(int(masks.thrown[0].int().argmax()), 3)
    assert masks.thrown[0].any()
    for index, side in ((2, 16), (4, 32)):
        patch = picture(figure, index)[row * side : (row + 1) * side, column * side : (column + 1) * side]
        assert patch.max() == 0
        assert picture(figure, index).max() > 0
    assert any("thrown away" in text.get_text() for text in figure.texts)


def test_a_flat_image_has_no_strokes():
    model = hog_model(masks_of())
    flat = replace(model.gradients, truth=torch.zeros(2, 27, 4, 6), predicted=torch.zeros(2, 27, 4, 6))
    assert picture(draw([replace(model, gradients=flat)]), 2).max() == 0


def test_notes_say_what_undid_a_normalised_target():
    masks = masks_of()
    figure = draw([pixel_model(masks, note="the image's own mean undoes it")])
    assert "predicted pixels *" in headings(figure)
    written = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
    assert "* the image's own mean undoes it." in written and "HOG" not in written


def test_wrong_counts_are_refused():
    masks = masks_of()
    with pytest.raises(ValueError, match="at least one model"):
        draw([])
    with pytest.raises(ValueError, match="2 images, 2 and 3 masks, 2 names"):
        draw([pixel_model(masks), pixel_model(masks_of(batch=3))])
    with pytest.raises(ValueError, match="3 names"):
        draw([pixel_model(masks)], names=["a", "b", "c"])
