import json

import pytest

from mimseg.evaluation import merge_metrics, read_metrics, replace_metrics, set_damaged_aside


def test_merges_deeply_and_new_numbers_win(tmp_path):
    assert read_metrics(tmp_path) == {}
    merge_metrics(tmp_path, {"knn": {"start": {"top1_k10": 20.0}}, "loss": 1.0})
    path = merge_metrics(tmp_path, {"knn": {"start": {"top1_k10": 21.0}, "end": {"top1_k10": 40.0}}})
    assert path == tmp_path / "metrics.json"
    expected = {"knn": {"start": {"top1_k10": 21.0}, "end": {"top1_k10": 40.0}}, "loss": 1.0}
    assert json.loads(path.read_text()) == read_metrics(tmp_path) == expected


@pytest.mark.parametrize("text", ["{", "[1]", "", '{"val": {"epoch_1"'])
@pytest.mark.parametrize("write", [merge_metrics, lambda folder, new: replace_metrics(folder, "a", new["a"])])
def test_a_damaged_file_is_set_aside_and_a_run_goes_on(tmp_path, text, write, monkeypatch):
    lines = []
    monkeypatch.setattr("mimseg.evaluation.metrics_file.print_log", lambda line, *_: lines.append(line))
    (tmp_path / "metrics.json").write_text(text)
    with pytest.raises(ValueError, match=r"metrics\.json .*move it away"):
        read_metrics(tmp_path)
    write(tmp_path, {"a": 1})
    assert read_metrics(tmp_path) == {"a": 1}
    assert (tmp_path / "metrics.json.damaged").read_text() == text
    assert len(lines) == 1 and "moved to metrics.json.damaged, and begun anew" in lines[0]


def test_a_second_damaged_file_does_not_replace_the_first(tmp_path):
    for text in ("{first", "{second"):
        (tmp_path / "metrics.json").write_text(text)
        set_damaged_aside(tmp_path)
    assert (tmp_path / "metrics.json.damaged").read_text() == "{first"
    assert (tmp_path / "metrics.json.damaged1").read_text() == "{second"
    assert set_damaged_aside(tmp_path) is None and not (tmp_path / "metrics.json").exists()


def test_a_replaced_part_forgets_its_old_numbers(tmp_path):
    merge_metrics(tmp_path, {"knn": {"end": {"top1_k10": 40.0}}, "test": {"knn/best": 1.0}})
    replace_metrics(tmp_path, "test", {"accuracy/top1": 2.0})
    assert read_metrics(tmp_path) == {"knn": {"end": {"top1_k10": 40.0}}, "test": {"accuracy/top1": 2.0}}
