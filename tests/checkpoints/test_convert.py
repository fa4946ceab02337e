"""Round trips, and what a conversion tells and refuses."""

import os

import pytest
import torch

from mimseg.apis import convert
from mimseg.checkpoints import UntrustedCheckpointError, load_weights
from mimseg.checkpoints.formats import describe
from mimseg.models import predict_loss


def written(model, saved, name="file.pth"):
    return saved({"state_dict": model.state_dict(), "meta": {"mimseg": describe(model)}}, name)


def assert_equal(state, other):
    assert state.keys() == other.keys()
    assert all(torch.equal(tensor, other[name]) for name, tensor in state.items())


@pytest.mark.parametrize("to", ["mae", "mimseg"])
@pytest.mark.parametrize("mean_of", [None, 48])
def test_hpm_comes_back_bit_identical(mim, saved, quiet, tmp_path, to, mean_of):
    model = mim(predictor=True, mean_of=mean_of)
    report = convert(written(model, saved), tmp_path / "there.pth", to, image_size=(8, 24))
    assert not report.left_out and len(report.written) == len(model.state_dict())
    convert(tmp_path / "there.pth", tmp_path / "back.pth", "mimseg")
    for name in ("there.pth", "back.pth"):
        other = mim(predictor=True, mean_of=mean_of, seed=7)
        load_weights(other, tmp_path / name, log=quiet)
        assert_equal(other.state_dict(), model.state_dict())


def test_the_official_layout_is_the_official_one(plain_mae, mim, saved, images, tmp_path):
    """Loaded strictly by the plain implementation, which then computes the same."""
    model = mim(predictor=True)
    convert(written(model, saved), tmp_path / "mae.pth", "mae", image_size=(8, 24))
    checkpoint = torch.load(tmp_path / "mae.pth", weights_only=True)
    plain = plain_mae((2, 6), predictor=True)
    plain.load_state_dict(checkpoint["model"], strict=True)
    pictures = images((2, 6))
    torch.testing.assert_close(plain.encode(pictures), model.encoder(pictures).tokens, rtol=0, atol=1e-5)
    teacher = checkpoint["ema_state_dict"]
    assert not any(name.startswith(("decoder_blocks.", "decoder_pred.")) for name in teacher)  # ours has no such copy
    plain.load_state_dict({**checkpoint["model"], **teacher}, strict=True)
    scores = plain.decode(plain.encode(pictures), ending="_losspred").mean(-1)
    torch.testing.assert_close(predict_loss(model, pictures), scores, rtol=0, atol=1e-5)


@pytest.mark.parametrize("to", ["timm", "mae", "mimseg"])
def test_a_classifier_comes_back_bit_identical(vit, saved, quiet, tmp_path, to):
    model = vit(classes=5, positions="learned", image_size=(8, 24))
    report = convert(written(model, saved), tmp_path / "there.pth", to)  # its table tells the image size
    assert not report.left_out
    other = vit(classes=5, positions="learned", image_size=(8, 24), seed=4)
    load_weights(other, tmp_path / "there.pth", log=quiet)
    assert_equal(other.state_dict(), model.state_dict())


def test_the_ema_teacher_can_be_written_in_the_students_place(mim, vit, saved, quiet, tmp_path):
    model = mim(predictor=True)
    report = convert(written(model, saved), tmp_path / "ema.pth", "mimseg", weights="ema")
    assert "EMA teacher" in report.title and all(name.startswith("teachers.") for name in report.left_out)
    extractor = vit()
    load_weights(extractor, tmp_path / "ema.pth", log=quiet)
    assert_equal(extractor.encoder.state_dict(), model.teachers["ema"].parts["encoder"].state_dict())
    with pytest.raises(ValueError, match="no EMA teacher"):
        convert(tmp_path / "ema.pth", tmp_path / "again.pth", "mimseg", weights="ema")


def test_a_learned_table_is_resized_for_another_image_size(vit, saved, tmp_path):
    model = vit(positions="learned", image_size=(16, 16))
    report = convert(written(model, saved), tmp_path / "timm.pth", "timm", image_size=(8, 24))
    assert "learned" in report.positions
    table = torch.load(tmp_path / "timm.pth", weights_only=True)["pos_embed"][0]
    torch.testing.assert_close(table[0], model.encoder.positions.table[0].detach(), rtol=0, atol=0)
    torch.testing.assert_close(table[1:], model.encoder.positions((2, 6)).detach(), rtol=0, atol=0)


def test_a_probe_head_behind_batch_norm_is_left_out_by_name(vit, saved, tmp_path):
    report = convert(written(vit(classes=5, norm="batch"), saved), tmp_path / "t.pth", "timm", image_size=(16, 16))
    left = {"norm.running_mean", "norm.running_var", "norm.num_batches_tracked", "head.weight", "head.bias"}
    assert set(report.left_out) == left
    assert "left out" in str(report) and "head.* (2 tensors)" in str(report)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (dict(to="timm"), "does not tell an image size; add --image-size H W"),
        (dict(to="timm", image_size=(18, 16)), "18x16 is not a multiple of patch_size=4"),
        (dict(to="onnx"), "--to onnx: known are mimseg, timm, hf, hf-vit, mae, detectron2"),
    ],
)
def test_what_is_not_known_is_asked_for(mim, saved, tmp_path, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        convert(written(mim(), saved), tmp_path / "out.pth", **options)
    assert not (tmp_path / "out.pth").exists()


def test_shapes_alone_do_not_tell_patches_and_heads(mim, saved, tmp_path):
    state = mim().state_dict()
    with pytest.raises(ValueError, match="does not tell its patch size and channels"):
        convert(saved(state), tmp_path / "out.pth", "timm", image_size=(16, 16))
    partial = saved({"state_dict": state, "meta": {"mimseg": {"patch_size": 4, "in_channels": 3}}})
    with pytest.raises(ValueError, match="2 blocks of width 32 are no standard ViT; add --num-heads N"):
        convert(partial, tmp_path / "out.pth", "timm", image_size=(16, 16))


class Payload:
    def __reduce__(self):
        return os.mkdir, ("/tmp/mimseg-payload-ran",)


def test_a_hostile_source_runs_nothing(saved, tmp_path):
    with pytest.raises(UntrustedCheckpointError, match="--trust-checkpoint"):
        convert(saved({"model": {"payload": Payload()}}), tmp_path / "out.pth", "mimseg")
    folder = tmp_path / "hf"
    folder.mkdir()
    torch.save({"payload": Payload()}, folder / "pytorch_model.bin")
    with pytest.raises(UntrustedCheckpointError):
        convert(folder, tmp_path / "out.pth", "mimseg")
    assert not os.path.exists("/tmp/mimseg-payload-ran")
