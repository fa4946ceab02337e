"""No tool writes over what it reads, nor, unasked, over anything else."""

import os

import pytest
import torch
from hostile_making import honest, save

from mimseg.apis import convert
from mimseg.places import check_output


@pytest.fixture
def source(tmp_path):
    save({"model": honest(), "optimizer": {}}, tmp_path / "epoch_4.pth")
    return tmp_path / "epoch_4.pth"


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("way", ["itself", "dots", "link", "hard link", "linked folder"])
def test_a_conversion_never_replaces_its_source(source, tmp_path, way, overwrite, monkeypatch):
    before, target = source.read_bytes(), tmp_path / "other.pth"
    if way == "link":
        target.symlink_to(source)
    elif way == "hard link":
        os.link(source, target)
    elif way == "linked folder":
        (tmp_path / "there").symlink_to(tmp_path)
        target = tmp_path / "there" / source.name
    else:
        target = source if way == "itself" else tmp_path / ".." / tmp_path.name / source.name
    with pytest.raises(ValueError, match=r"is read: writing it would destroy .*name another target"):
        convert(source, target, "mimseg", overwrite=overwrite)
    assert source.read_bytes() == before


def test_a_folder_is_a_source_with_all_its_files(tmp_path):
    (tmp_path / "hf").mkdir()
    save(honest(), tmp_path / "hf" / "pytorch_model.bin")
    with pytest.raises(ValueError, match="is read"):
        convert(tmp_path / "hf", tmp_path / "hf" / "pytorch_model.bin", "mimseg", overwrite=True)


def test_what_exists_is_replaced_only_when_asked(source, tmp_path):
    target = tmp_path / "out.pth"
    target.write_text("precious")
    with pytest.raises(ValueError, match=r"out.pth exists; name another target, or replace it with --overwrite"):
        convert(source, target, "mimseg")
    assert target.read_text() == "precious"
    convert(source, target, "mimseg", overwrite=True)
    assert target.stat().st_size > 1000
    (tmp_path / "dangling.pth").symlink_to("nowhere")
    with pytest.raises(ValueError, match="exists"):
        check_output(tmp_path / "dangling.pth", [source])
    with pytest.raises(ValueError, match="is a folder"):
        check_output(tmp_path, [source], overwrite=True)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (dict(num_heads=7), "--num-heads 7: an encoder of width 32 cannot be divided"),
        (dict(num_heads=0), "--num-heads 0: there must be at least 1"),
        (dict(num_heads=-2), "--num-heads -2"),
        (dict(num_heads=2, image_size=(0, 0)), "--image-size 0 0: both sides must be at least 1"),
    ],
)
def test_numbers_that_make_no_model_are_refused(source, tmp_path, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        convert(source, tmp_path / "hf", "hf-vit", **options)
    assert not (tmp_path / "hf").exists()


def test_weights_that_are_not_finite_are_not_converted(tmp_path):
    state = honest()
    state["norm.bias"] = torch.tensor([0.0] * 31 + [float("inf")])  # not in place: the weights are kept for other tests
    save(state, tmp_path / "file.pth")
    with pytest.raises(ValueError, match=r"file.pth: its encoder.norm.bias has 0 NaN and 1 infinite numbers of 32"):
        convert(tmp_path / "file.pth", tmp_path / "out.pth", "timm")
