"""To and from timm's own VisionTransformer."""

import pytest
import timm
import torch

from mimseg.apis import convert
from mimseg.checkpoints import load_weights

SIZES = [((16, 16), (4, 4)), ((8, 24), (2, 6))]


def timm_vit(image_size=(16, 16), classes=0, channels=3, seed=3, **options):
    torch.manual_seed(seed)
    options = dict(patch_size=4, embed_dim=32, depth=2, num_heads=2, num_classes=classes, **options)
    model = timm.create_model("vit_base_patch16_224", img_size=image_size, in_chans=channels, **options)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.15)
    return model.eval()


def built_from(report):
    """The model that a conversion tells how to build and load."""
    build, load = (hint for hint in report.hints if hint.startswith("model"))
    names = {"timm": timm, "torch": torch}
    exec(build, names)
    exec(load, names)
    return names["model"].eval()


@pytest.mark.parametrize(("image_size", "grid"), SIZES)
def test_our_export_has_the_same_features_in_timm(mim, saved, images, tmp_path, image_size, grid):
    model = mim()
    source = saved({"state_dict": model.state_dict(), "meta": {"mimseg": {"patch_size": 4, "in_channels": 3}}})
    report = convert(source, tmp_path / "timm.pth", "timm", image_size=image_size, num_heads=2)
    theirs = built_from(report)
    pictures = images(grid)
    torch.testing.assert_close(theirs.forward_features(pictures), model.encoder(pictures).tokens, rtol=0, atol=1e-5)
    torch.testing.assert_close(theirs(pictures), model.extract_features(pictures), rtol=0, atol=1e-5)
    assert set(report.written) == {name for name in model.state_dict() if name.startswith("encoder.")}
    assert set(report.left_out) == model.state_dict().keys() - set(report.written)


@pytest.mark.parametrize(("image_size", "grid"), SIZES)
@pytest.mark.parametrize("pool", ["cls", "avg"])
def test_a_timm_classifier_gives_the_same_logits_here_and_again_there(
    vit, saved, images, quiet, tmp_path, image_size, grid, pool
):
    """Learned positions and head; pool='avg' is the layout of MAE's fine-tuned classifiers."""
    theirs = timm_vit(image_size, classes=5, global_pool="token" if pool == "cls" else "avg")
    path = saved({"model": theirs.state_dict()})
    ours = vit(
        classes=5, pool=pool, norm="layer" if pool == "avg" else None, positions="learned", image_size=image_size
    )
    load_weights(ours, path, log=quiet)
    pictures = images(grid)
    torch.testing.assert_close(ours(pictures), theirs(pictures), rtol=0, atol=1e-5)
    assert torch.equal(ours.encoder.positions.table, theirs.pos_embed[0])
    again = built_from(convert(path, tmp_path / "again.pth", "timm", image_size=image_size, num_heads=2))
    assert all(torch.equal(again.state_dict()[name], tensor) for name, tensor in theirs.state_dict().items())


def test_a_learned_table_is_resized_to_the_models_grid(vit, saved, images, quiet):
    theirs = timm_vit((16, 16))
    ours = vit(positions="learned", image_size=(8, 24))
    report = load_weights(ours, saved(theirs.state_dict()), log=quiet)
    assert report.resized == {"encoder.positions.table": "grid 4x4 -> 2x6 (bicubic)"}
    theirs.set_input_size(
        (8, 24)
    )  # timm resizes its own with antialiasing; here MAE's transfer is followed, which has none
    assert torch.equal(ours.encoder.positions.table[0], theirs.pos_embed[0, 0])
    assert ours.encoder.positions.table.shape == theirs.pos_embed[0].shape


def test_a_learned_table_without_a_place_is_told_or_refused(vit, saved, quiet):
    path = saved(timm_vit().state_dict())
    load_weights(vit(), path, scope="encoder.", least=0.9, log=quiet)
    assert "model.encoder.positions=learned" in quiet[0]
    with pytest.raises(ValueError, match="model.encoder.positions=learned"):
        load_weights(vit(), path, log=quiet)


def test_a_non_square_learned_table_needs_the_models_grid(vit, saved, quiet):
    path = saved(timm_vit((8, 24)).state_dict())
    load_weights(vit(positions="learned", image_size=(8, 24)), path, log=quiet)
    with pytest.raises(ValueError, match="12 rows besides the class token's, which is no square grid"):
        load_weights(vit(positions="learned", image_size=(16, 24)), path, log=quiet)


def test_a_fixed_table_starts_a_learned_one_at_any_size(plain_mae, vit, saved, images, quiet):
    """Computed for the model's grid where that is wanted; see test_fixed_positions for the default."""
    plain = plain_mae()
    ours = vit(positions="learned", image_size=(8, 24))
    path = saved({name: tensor for name, tensor in plain.state_dict().items() if "decoder" not in name})
    load_weights(ours, path, scope="encoder.", least=0.9, fixed_positions="computed", log=quiet)
    expected = plain_mae((2, 6)).pos_embed[0]
    torch.testing.assert_close(ours.encoder.positions.table.detach(), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "extra"),
    [
        (dict(init_values=0.1), "its encoder has .*ls1.gamma.*layer_scale"),
        (dict(reg_tokens=2), r"its ViT has 2 register tokens \(reg_token\)"),
        (dict(qk_norm=True), "its encoder has .*q_norm"),
    ],
)
def test_a_vit_with_more_parts_than_ours_is_refused(vit, saved, quiet, options, extra):
    theirs = timm_vit(**options)
    with pytest.raises(ValueError, match=extra) as error:
        load_weights(vit(positions="learned", image_size=16), saved(theirs.state_dict()), least=0.5, log=quiet)
    assert "of another architecture" not in str(error.value)  # of the same sizes, with other parts


def test_safetensors_can_be_written_and_read(vit, saved, quiet, tmp_path):
    ours = vit()
    meta = {"mimseg": {"patch_size": 4, "in_channels": 3, "heads": {"encoder": 2}}}
    source = saved({"state_dict": ours.state_dict(), "meta": meta})
    convert(source, tmp_path / "timm.safetensors", "timm", image_size=(16, 16))
    other = vit(seed=8)
    load_weights(other, tmp_path / "timm.safetensors", log=quiet)
    assert all(torch.equal(a, b) for a, b in zip(ours.state_dict().values(), other.state_dict().values(), strict=True))
