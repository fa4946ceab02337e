import json

import pytest

from mimseg.evaluation import merge_metrics, read_metrics, replace_metrics


def test_merges_deeply_and_new_numbers_win(tmp_path):
    assert read_metrics(tmp_path) == {}
    merge_metrics(tmp_path, {"knn": {"start": {"top1_k10": 20.0}}, "loss": 1.0})
    path = merge_metrics(tmp_path, {"knn": {"start": {"top1_k10": 21.0}, "end": {"top1_k10": 40.0}}})
    assert path == tmp_path / "metrics.json"
    expected = {"knn": {"start": {"top1_k10": 21.0}, "end": {"top1_k10": 40.0}}, "loss": 1.0}
    assert json.loads(path.read_text()) == read_metrics(tmp_path) == expected


@pytest.mark.parametrize("text", ["{", "[1]", ""])
def test_a_broken_file_is_named_and_kept(tmp_path, text):
    (tmp_path / "metrics.json").write_text(text)
    with pytest.raises(ValueError, match=r"metrics\.json .*move it away"):
        merge_metrics(tmp_path, {"a": 1})
    assert (tmp_path / "metrics.json").read_text() == text


def test_a_replaced_part_forgets_its_old_numbers(tmp_path):
    merge_metrics(tmp_path, {"knn": {"end": {"top1_k10": 40.0}}, "test": {"knn/best": 1.0}})
    replace_metrics(tmp_path, "test", {"accuracy/top1": 2.0})
    assert read_metrics(tmp_path) == {"knn": {"end": {"top1_k10": 40.0}}, "test": {"accuracy/top1": 2.0}}
