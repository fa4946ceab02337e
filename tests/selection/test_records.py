"""From scores to a ranking, a table and a gallery."""

import csv
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mimseg.selection.records import ends, name_sample, save_table, sides
from mimseg.selection.scoring_pass import keep_first, rank
from mimseg.visualization import draw_gallery


def test_a_ranking_puts_equal_scores_in_order_and_what_is_no_number_last():
    scores = np.array([1, np.nan, 3, -np.inf, 3, 2, np.inf], dtype=np.float32)
    assert rank(scores).tolist() == [6, 2, 4, 5, 0, 3, 1]
    assert keep_first(rank(scores), 4).tolist() == [2, 4, 5, 6]


def test_a_table_has_both_ends_of_a_long_ranking(tmp_path):
    assert ends(5, 3) == [0, 1, 2, 3, 4] and ends(9, 2) == [0, 1, 7, 8]
    scores = np.arange(3000, dtype=np.float32)
    save_table(tmp_path / "table.csv", range(3000), scores, rank(scores), 10)
    rows = list(csv.DictReader((tmp_path / "table.csv").read_text().splitlines()))
    assert [int(row["rank"]) for row in rows] == [*range(1, 1001), *range(2001, 3001)]
    assert [row["kept"] for row in rows].count("yes") == 10
    assert rows[0] == dict(rank="1", score="2999", kept="yes", index="2999", path="sample 2999")
    assert name_sample(SimpleNamespace(get_data_info=lambda index: {"img_path": f"{index}.png"}), 4) == "4.png"


def test_no_dropped_image_is_shown_as_a_kept_one():
    (kept, dropped), headings = sides(np.arange(40), 12)
    assert kept.tolist() == list(range(12)) and dropped.tolist() == list(range(39, 27, -1))
    assert headings == ("kept: ranks 1 to 12", "dropped: ranks 40 to 29")
    assert [len(block) for block in sides(np.arange(1000), 300)[0]] == [20, 20]
    assert sides(np.arange(5), 5)[1] == ("kept: ranks 1 to 5", "kept, too: ranks 5 to 1")
    assert [len(block) for block in sides(np.arange(5), 4)[0]] == [1, 1]


def test_a_gallery_has_as_many_pictures_as_it_is_given():
    zero, one = torch.zeros(3, 1, 1), torch.ones(3, 1, 1)
    images = torch.rand(7, 3, 8, 8) * 255
    captions = [f"{n}.5" for n in range(7)]
    figure = draw_gallery(images, images, (captions, captions), ("high", "low"), zero, one, "title", columns=3)
    drawn = [axes.images[0].get_array() for axes in figure.axes]
    assert len(drawn) == 12  # two rows of three in both blocks
    assert [axes.get_xlabel() for axes in figure.axes][:6] == ["0.5", "1.5", "2.5", "0.5", "1.5", "2.5"]
    np.testing.assert_allclose(drawn[1], images[1].permute(1, 2, 0) / 255, atol=1e-6)
    with pytest.raises(ValueError, match="as many captions as images, in both blocks alike; got \\[6, 7\\]"):
        draw_gallery(images, images[:6], (captions, captions), ("high", "low"), zero, one, "title")
