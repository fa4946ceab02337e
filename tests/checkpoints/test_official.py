"""Official MAE and HPM checkpoints against a plain implementation of their forward passes."""

import pytest
import torch

from mimseg.checkpoints import load_weights
from mimseg.models import predict_loss

GRIDS = [(4, 4), (2, 6)]


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("norm_pix", [True, False])
def test_mae_has_the_same_loss_and_features(plain_mae, mim, saved, images, noise, quiet, grid, norm_pix):
    plain, draws, pictures = plain_mae(grid), noise(grid), images(grid)
    model = mim(draws, normalize=norm_pix)
    report = load_weights(model, saved({"model": plain.state_dict(), "epoch": 3}), log=quiet)
    masked = draws.shape[1] - draws.shape[1] // 4
    expected, _ = plain(pictures, draws, masked, norm_pix)
    assert model.loss(pictures)["loss_reconstruct"].item() == pytest.approx(expected.item(), abs=1e-5)
    torch.testing.assert_close(model.encoder(pictures).tokens, plain.encode(pictures), rtol=0, atol=1e-5)
    assert report.coverage == 1 and not report.missing and not report.resized and not report.ignored


@pytest.mark.parametrize("mean_of", [None, 48])
def test_hpm_has_the_same_losses_for_both_kinds_of_loss_head(plain_mae, mim, saved, images, noise, quiet, mean_of):
    plain, draws, pictures = plain_mae(predictor=True), noise(), images()
    teacher = plain_mae(predictor=True)
    teacher.load_state_dict({name: tensor * 1.1 if "pos_embed" not in name else tensor
                             for name, tensor in plain.state_dict().items()})  # fmt: skip
    wrapped = {f"module.{name}": tensor for name, tensor in plain.state_dict().items()}
    checkpoint = {"state_dict": wrapped, "ema_state_dict": teacher.state_dict(), "model": "mae_vit_base", "epoch": 9}
    model = mim(draws, normalize=False, predictor=True, mean_of=mean_of)
    report = load_weights(model, saved(checkpoint), log=quiet)
    rec, rel = plain(pictures, draws, 12, False)
    model.set_progress(0.01)  # the mask does not ask the teacher yet
    losses = model.loss(pictures)
    assert losses["loss_reconstruct"].item() == pytest.approx(rec.item(), abs=1e-5)
    assert losses["loss_predict_loss"].item() == pytest.approx(rel.item(), abs=1e-5)
    scores = teacher.decode(teacher.encode(pictures), ending="_losspred").mean(-1)
    torch.testing.assert_close(predict_loss(model, pictures), scores, rtol=0, atol=1e-5)
    assert report.teachers
    averaged = {name for name in report.resized if ".head." in name}
    assert len(averaged) == (4 if mean_of is None else 0)  # weight and bias, of the student and of the teacher
    assert set(report.resized) == averaged


def test_the_teachers_weights_can_be_the_students(plain_mae, mim, saved, images, quiet):
    plain, teacher = plain_mae(predictor=True), plain_mae(predictor=True)
    with torch.no_grad():
        for parameter in teacher.parameters():
            if parameter.requires_grad:
                parameter.mul_(0.7)
    path = saved({"state_dict": plain.state_dict(), "ema_state_dict": teacher.state_dict()})
    model = mim(predictor=True)
    load_weights(model, path, weights="ema", log=quiet)
    torch.testing.assert_close(model.encoder(images()).tokens, teacher.encode(images()), rtol=0, atol=1e-5)
    assert "EMA teacher" in quiet[0]
    with pytest.raises(ValueError, match="no EMA teacher; use weights='student'"):
        load_weights(model, saved(plain.state_dict()), weights="ema", log=quiet)


def test_encoder_only_files_start_a_training(plain_mae, mim, saved, images, quiet):
    """As the published encoders are: no decoder, no mask token."""
    plain = plain_mae()
    state = {
        name: tensor for name, tensor in plain.state_dict().items() if "decoder" not in name and "mask" not in name
    }
    model = mim()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items() if not name.startswith("encoder.")}
    report = load_weights(model, saved({"model": state}), scope="encoder.", least=0.9, log=quiet)
    torch.testing.assert_close(model.encoder(images()).tokens, plain.encode(images()), rtol=0, atol=1e-5)
    assert report.missing.keys() == before.keys()
    after = model.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    with pytest.raises(ValueError, match="at least 100% are needed; missing are neck.mask_token, neck.project.weight"):
        load_weights(mim(), saved({"model": state}), log=quiet)
