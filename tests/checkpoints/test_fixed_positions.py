"""Fixed sine-cosine positions of a file in a model of another grid, and the grid that a file tells."""

import pytest
import torch
from torch.nn.functional import interpolate

from mimseg.apis import check_keys, convert
from mimseg.checkpoints import describe, load_weights, refer_positions
from mimseg.registry import MODELS

ENCODER = dict(scope="encoder.", least=0.9)


def resized(table, old, new):
    """Patch rows ``(L, D)`` as an image, bicubically between cell centres (MAE's interpolate_pos_embed)."""
    image = table.reshape(*old, -1).permute(2, 0, 1)[None]
    return interpolate(image, size=new, mode="bicubic", align_corners=False)[0].permute(1, 2, 0).flatten(0, 1)


def trained(model, side, channels=3):
    """A checkpoint of a model that was trained on images of a side, and then shown larger ones, as by a hook."""
    model.train()
    model.encoder(torch.randn(1, channels, side, side))
    model.eval()
    model.encoder(torch.randn(1, channels, 2 * side, 2 * side))
    return {"state_dict": model.state_dict(), "meta": {"mimseg": describe(model)}}


@pytest.fixture
def fastmim():
    """Build a FastMIM of a grid of 8 x 8 patches of 4 px."""

    def build(seed=0, **encoder):
        torch.manual_seed(seed)
        arch = dict(embed_dim=32, depth=2, num_heads=2)
        dense = dict(type="DenseViT", arch=arch, patch_size=4, image_size=32, layer_scale=None, positions="sincos")
        return MODELS.build(
            dict(
                type="MaskedImageModel",
                data_preprocessor=dict(type="ImagePreprocessor", mean=[120.0] * 3, std=[60.0] * 3),
                encoder=dict(dense, mask_at="pixels", init="xavier", **encoder),
                neck=dict(type="ProjectionNeck", width=32),
                masking=dict(
                    type="MaskGenerator",
                    policy=dict(type="RandomPolicy"),
                    ratio=dict(type="FixedRatio", ratio=0.75),
                ),
                tasks=dict(
                    reconstruct=dict(
                        type="Task",
                        decoder=dict(type="TransformerDecoder", depth=1, num_heads=2),
                        target=dict(type="PixelTarget", normalize=False),
                        loss=dict(type="PatchMSE"),
                    )
                ),
            )
        )

    return build


@pytest.mark.parametrize("source", ["ours", "official"])
def test_a_classifier_starts_from_the_files_positions_resized(mim, plain_mae, vit, saved, quiet, source):
    """8 x 8 to 14 x 14, FastMIM's 128 and 224 px: patch rows bicubically, the class token's row as it is."""
    plain = plain_mae((8, 8))
    checkpoint = {"model": plain.state_dict()} if source == "official" else trained(mim(), 32)
    model = vit(classes=3, positions="learned", image_size=56)
    load_weights(model, saved(checkpoint), **ENCODER, log=quiet)
    table = model.encoder.positions.table.detach()
    expected = resized(plain.pos_embed[0, 1:], (8, 8), (14, 14))
    assert table.shape == (197, 32) and not table[0].any()
    torch.testing.assert_close(table[1:], expected, rtol=0, atol=1e-6)
    assert "grid 8x8 -> 14x14 (bicubic)" in quiet[0]


def test_equal_grids_need_no_resizing(mim, vit, plain_mae, saved, quiet):
    model = vit(classes=3, positions="learned", image_size=32)
    load_weights(model, saved(trained(mim(), 32)), **ENCODER, log=quiet)
    torch.testing.assert_close(model.encoder.positions.table.detach(), plain_mae((8, 8)).pos_embed[0])


def test_positions_can_be_computed_anew(mim, vit, plain_mae, saved, quiet):
    model = vit(classes=3, positions="learned", image_size=56)
    load_weights(model, saved(trained(mim(), 32)), **ENCODER, fixed_positions="computed", log=quiet)
    torch.testing.assert_close(model.encoder.positions.table.detach(), plain_mae((14, 14)).pos_embed[0])


def test_a_file_that_does_not_tell_its_grid_can_be_told(mim, vit, saved, quiet):
    path = saved({"state_dict": mim().state_dict()})
    model = vit(classes=3, positions="learned", image_size=56)
    load_weights(model, path, **ENCODER, log=quiet)
    assert "does not tell the image size" in quiet[0] and "set load_options.image_size" in quiet[0]
    load_weights(model, path, **ENCODER, image_size=32, log=quiet)
    assert "grid 8x8 -> 14x14" in quiet[1] and "does not tell" not in quiet[1]
    load_weights(model, path, **ENCODER, image_size=[16, 32], log=quiet)
    assert "grid 4x8 -> 14x14" in quiet[2]


def test_what_a_user_tells_goes_before_what_a_file_does(mim, vit, saved, quiet):
    """Files of older versions tell the grid of the last image that any hook showed."""
    checkpoint = trained(mim(), 32)
    checkpoint["meta"]["mimseg"]["grid"] = [14, 14]
    model = vit(classes=3, positions="learned", image_size=56)
    load_weights(model, saved(checkpoint), **ENCODER, image_size=32, log=quiet)
    assert "grid 8x8 -> 14x14" in quiet[0] and "8x8; the file tells 14x14" in quiet[0]


def test_an_encoder_with_fixed_positions_keeps_the_files(mim, vit, saved, quiet):
    """Features of larger images are those of the transfer: the same as of a learned table."""
    path = saved(trained(mim(), 32))
    fixed, learned, anew = vit(), vit(positions="learned", image_size=56), vit(positions="sincos_per_grid")
    for model in (fixed, learned, anew):
        load_weights(model, path, **ENCODER, log=quiet)
    images = torch.randn(2, 3, 56, 56)
    torch.testing.assert_close(fixed.encoder(images).tokens, learned.encoder(images).tokens)
    assert (fixed.encoder(images).tokens - anew.encoder(images).tokens).abs().max() > 0.01
    load_weights(other := vit(), path, **ENCODER, fixed_positions="computed", log=quiet)
    torch.testing.assert_close(other.encoder(images).tokens, anew.encoder(images).tokens)


def test_pre_training_that_goes_on_at_another_size_says_what_becomes_of_positions(fastmim, saved, quiet):
    path = saved(trained(fastmim(), 32))
    same, larger, anew = fastmim(seed=1), fastmim(seed=1, image_size=56), fastmim(seed=1, image_size=56)
    load_weights(same, path, **ENCODER, log=quiet)
    load_weights(larger, path, **ENCODER, log=quiet)
    load_weights(anew, path, **ENCODER, fixed_positions="computed", log=quiet)
    images = torch.randn(1, 3, 56, 56)
    torch.testing.assert_close(larger.encoder(images).tokens, same.encoder(images).tokens)
    assert (larger.encoder(images).tokens - anew.encoder(images).tokens).abs().max() > 0.01
    assert "fixed positions" not in quiet[0] and "fixed positions" not in quiet[2]
    assert (
        "of grid 8x8, resized for other images (bicubic); for those of 14x14 set load_options.fixed_positions"
        in quiet[1]
    )
    assert describe(larger)["grid"] == [8, 8] == describe(larger)["reference"]


def test_the_ema_teacher_sees_the_positions_of_the_student(mim, saved, quiet):
    model = mim(predictor=True)
    load_weights(model, saved(trained(mim(), 32)), **ENCODER, log=quiet)
    images = torch.randn(1, 3, 56, 56)
    teacher = model.teachers["ema"].parts["encoder"].eval()
    torch.testing.assert_close(teacher(images).tokens, model.eval().encoder(images).tokens)


def test_a_file_tells_the_grid_of_training(mim, fastmim):
    """Not that of a hook which showed larger images in between or afterwards."""
    assert trained(mim(), 32)["meta"]["mimseg"]["grid"] == [8, 8]
    assert "grid" not in describe(mim())
    model = fastmim(image_size=32)
    assert trained(model, 40)["meta"]["mimseg"] | {"heads": {}} == dict(
        patch_size=4, in_channels=3, grid=[8, 8], reference=[8, 8], heads={}
    ) | {"normalize": False}
    anew = fastmim(positions="sincos_per_grid")
    assert trained(anew, 40)["meta"]["mimseg"]["grid"] == [10, 10] and "reference" not in describe(anew)


def test_only_fixed_positions_that_may_be_resized_get_a_reference(fastmim, vit):
    anew, learned = fastmim(positions="sincos_per_grid"), vit(positions="learned", image_size=16)
    for model in (anew, learned):
        refer_positions(model, (3, 3))
    assert anew.encoder.positions.reference is None and learned.encoder.positions.own_grid == (4, 4)


def test_squares_smaller_than_a_patch_do_not_change_the_patch(fastmim, vit, saved, quiet):
    """FastMIM's Table 10b masks squares of 8 px in patches of 16."""
    source = fastmim(mask_size=2)
    checkpoint = trained(source, 32)
    assert checkpoint["meta"]["mimseg"]["patch_size"] == 4
    for told in (4, 2):  # the latter by older versions
        checkpoint["meta"]["mimseg"]["patch_size"] = told
        model = vit(classes=3, positions="learned", image_size=56)
        report = load_weights(model, saved(checkpoint), **ENCODER, log=quiet)
        assert torch.equal(model.encoder.patch_embed.weight, source.encoder.patch_embed.weight)
        assert "encoder.patch_embed.weight" in report.loaded


def test_a_conversion_resizes_them_for_another_image_size(mim, plain_mae, saved, tmp_path):
    convert(saved(trained(mim(), 32)), tmp_path / "timm.pth", "timm", image_size=(56, 56))
    table = torch.load(tmp_path / "timm.pth", weights_only=True)["pos_embed"][0]
    torch.testing.assert_close(
        table[1:], resized(plain_mae((8, 8)).pos_embed[0, 1:], (8, 8), (14, 14)), rtol=0, atol=1e-6
    )
    assert not table[0].any()


@pytest.fixture
def released(plain_mae):
    """A file with the names and shapes of FastMIM's public pre-training of ViT: MAE's, and a token of pixels."""
    state = {name: tensor for name, tensor in plain_mae((8, 8)).state_dict().items() if name != "decoder_pos_embed"}
    state = {name: tensor for name, tensor in state.items() if not name.startswith("decoder_blocks.1.")}
    return state | {"mask_token": torch.tensor([0.3, -0.2, 0.1]).view(1, 3, 1, 1)}


def test_fastmims_own_vit_goes_on_with_its_mask_token(released, fastmim, saved, quiet, tmp_path):
    model = fastmim(seed=3)
    released["decoder_pred.weight"], released["decoder_pred.bias"] = torch.randn(48, 32), torch.randn(48)
    report = load_weights(model, saved({"model": released}), log=quiet)
    assert torch.equal(model.encoder.mask_token, released["mask_token"])
    assert torch.equal(model.neck.project.weight, released["decoder_embed.weight"])
    assert report.coverage == 1 and not report.missing and not report.ignored
    assert "official FastMIM" in report.label
    assert any("shapes do not tell attention heads" in note and "6" in note for note in report.notes)
    convert(saved({"model": released}), tmp_path / "again.pth", "mae")
    again = torch.load(tmp_path / "again.pth", weights_only=True)["model"]
    assert torch.equal(again["mask_token"], released["mask_token"])


def test_maes_mask_token_stays_the_decoders(mim, plain_mae, saved, quiet):
    plain = plain_mae()
    load_weights(model := mim(), saved({"model": plain.state_dict()}), log=quiet)
    assert torch.equal(model.neck.mask_token, plain.mask_token)
    assert "heads" not in quiet[0]


def test_settings_are_checked(mim, vit, saved, quiet):
    check_keys(dict(load_options=dict(fixed_positions="computed", image_size=128)))
    path = saved(mim().state_dict())
    model = vit(classes=3, positions="learned", image_size=56)
    for options, complaint in (
        (dict(fixed_positions="resize"), "load_options.fixed_positions must be 'computed' or 'resized', got 'resize'"),
        (dict(image_size="large"), "load_options.image_size is 'large'; use a side in pixels or"),
        (dict(image_size=(32, 32, 32)), r"load_options.image_size is \(32, 32, 32\)"),
        (dict(image_size=30), "image size 30x30 is not a multiple of patch_size=4"),
    ):
        with pytest.raises(ValueError, match=complaint) as error:
            load_weights(model, path, **ENCODER, **options, log=quiet)
        assert "\n" not in str(error.value)
