"""To and from transformers' ViTMAEForPreTraining and ViTModel; needs the `test` extra."""

import json

import pytest
import torch

from mimseg.apis import convert
from mimseg.checkpoints import DamagedCheckpointError, load_weights
from mimseg.models import reconstruct_hidden

META = {"mimseg": {"patch_size": 4, "in_channels": 3, "normalize": True, "heads": {
    "encoder": 2, "tasks.reconstruct.decoder": 2}}}  # fmt: skip


@pytest.fixture
def vitmae():
    """transformers' class."""
    transformers = pytest.importorskip("transformers", reason="the extra `test` brings transformers")
    return transformers.ViTMAEForPreTraining


def test_exported_folder_gives_the_same_loss_and_logits(vitmae, mim, saved, images, noise, tmp_path):
    draws, pictures = noise(), images()
    model = mim(draws, normalize=True)
    report = convert(
        saved({"state_dict": model.state_dict(), "meta": META}), tmp_path / "hf", "hf", image_size=(16, 16)
    )
    theirs, info = vitmae.from_pretrained(tmp_path / "hf", output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"]
    out = theirs.eval()(pictures, noise=draws)
    assert model.loss(pictures)["loss_reconstruct"].item() == pytest.approx(out.loss.item(), abs=1e-5)
    hidden = out.mask.bool()
    ours = reconstruct_hidden(model, pictures)
    assert torch.equal(ours.mask, hidden)
    predicted = model.tasks["reconstruct"].decoder(model.neck(model.encoder(pictures, mask_of(model, pictures))))
    torch.testing.assert_close(predicted.flatten(0, 1), out.logits[hidden], rtol=0, atol=1e-5)
    assert not report.left_out


@pytest.fixture
def vitmodel():
    """transformers' plain ViT."""
    return pytest.importorskip("transformers", reason="the extra `test` brings transformers").ViTModel


def loaded_strictly(kind, folder):
    """A model of transformers whose file has exactly its weights."""
    theirs, info = kind.from_pretrained(folder, add_pooling_layer=False, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"]
    return theirs.eval()


@pytest.mark.parametrize(("size", "grid"), [((16, 16), (4, 4)), ((8, 24), (2, 6))])
def test_vitmodel_gives_the_same_tokens(vitmodel, mim, saved, images, tmp_path, size, grid):
    """A pre-trained model's fixed positions are written for the image size, square or not."""
    model = mim(predictor=True)
    path = saved({"state_dict": model.state_dict(), "meta": META})
    report = convert(path, tmp_path / "vit", "hf-vit", image_size=size)
    theirs, pictures = loaded_strictly(vitmodel, tmp_path / "vit"), images(grid)
    tokens = theirs(pictures).last_hidden_state
    torch.testing.assert_close(model.encoder(pictures).tokens, tokens, rtol=0, atol=1e-5)
    assert set(report.left_out) == {name for name in model.state_dict() if not name.startswith("encoder.")}
    assert any("add_pooling_layer=False" in hint for hint in report.hints)


def test_vitmodel_with_learned_positions_comes_back_bit_identical(vitmodel, vit, saved, images, tmp_path):
    model = vit(positions="learned", image_size=(8, 24))
    convert(saved({"state_dict": model.state_dict(), "meta": META}), tmp_path / "vit", "hf-vit")
    theirs, pictures = loaded_strictly(vitmodel, tmp_path / "vit"), images((2, 6))
    torch.testing.assert_close(model.encoder(pictures).tokens, theirs(pictures).last_hidden_state, rtol=0, atol=1e-5)
    theirs.save_pretrained(tmp_path / "theirs")
    convert(tmp_path / "theirs", tmp_path / "back.pth", "mimseg")
    back = torch.load(tmp_path / "back.pth", weights_only=True)["state_dict"]
    assert back.keys() == model.state_dict().keys() - {"encoder.positions.size"}
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in back.items())
    assert torch.load(tmp_path / "back.pth", weights_only=True)["meta"]["mimseg"]["grid"] == [2, 6]


def dense_vit(**options):
    from mimseg.models import FeatureExtractor

    arch = dict(embed_dim=32, depth=1, num_heads=2)
    encoder = dict(type="DenseViT", arch=arch, patch_size=4, image_size=16, **options)
    return FeatureExtractor(dict(type="ImagePreprocessor", mean=[0.0] * 3, std=[1.0] * 3), encoder)


def test_what_vitmodel_cannot_hold_is_refused(vit, saved, tmp_path):
    classifier = saved({"state_dict": vit(classes=5).state_dict(), "meta": META})
    with pytest.raises(ValueError, match="its encoder has no final norm, which ViTModel has"):
        convert(classifier, tmp_path / "vit", "hf-vit", image_size=(16, 16))
    scaled, biased = (dense_vit(positions=kind) for kind in ("learned", "relative"))
    with pytest.raises(ValueError, match="--to hf-vit: it has encoder.blocks.0.ls1.gamma, for which"):
        convert(saved({"state_dict": scaled.state_dict(), "meta": META}), tmp_path / "vit", "hf-vit")
    with pytest.raises(ValueError, match="no place for encoder.relative_position_bias.table"):
        convert(saved({"state_dict": biased.state_dict(), "meta": META}), tmp_path / "vit", "hf-vit")
    assert {path.name for path in tmp_path.iterdir()} == {"file.pth"}


def mask_of(model, pictures):
    from mimseg.models import Step

    return model.masking(Step(pictures, 4, (4, 4), 1.0))


@pytest.mark.parametrize("safe", [True, False])
def test_a_saved_folder_loads_here_and_goes_back_bit_identical(vitmae, mim, images, noise, quiet, tmp_path, safe):
    from transformers import ViTMAEConfig

    size = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=128)
    decoder = {f"decoder_{name}": value for name, value in size.items()}
    config = ViTMAEConfig(**size, **decoder, image_size=16, patch_size=4, layer_norm_eps=1e-6, norm_pix_loss=False)
    torch.manual_seed(0)
    theirs = vitmae(config).eval()
    with torch.no_grad():
        for parameter in theirs.parameters():
            if parameter.requires_grad:
                parameter.normal_(std=0.15)
    theirs.decoder.initialize_weights(16)  # transformers zeroes the table that it has just made
    theirs.save_pretrained(tmp_path / "theirs", safe_serialization=safe)
    draws, pictures = noise(), images()
    model = mim(draws, normalize=False)
    report = load_weights(model, tmp_path / "theirs", log=quiet)
    assert report.coverage == 1 and not report.ignored and not report.notes
    loss = theirs(pictures, noise=draws).loss.item()
    assert model.loss(pictures)["loss_reconstruct"].item() == pytest.approx(loss, abs=1e-5)
    convert(tmp_path / "theirs", tmp_path / "again", "hf")
    again = vitmae.from_pretrained(tmp_path / "again").state_dict()
    for name, tensor in theirs.state_dict().items():
        torch.testing.assert_close(again[name], tensor, rtol=0, atol=1e-6 if "pos" in name else 0)
    written = json.loads((tmp_path / "again" / "config.json").read_text())
    expected = config.to_dict()
    assert {name: value for name, value in written.items() if name != "architectures"}.items() <= expected.items()


def test_round_trip_of_ours_is_bit_identical(mim, saved, quiet, tmp_path):
    """Without transformers: our own reader and writer."""
    model = mim()
    path = saved({"state_dict": model.state_dict(), "meta": META})
    convert(path, tmp_path / "hf", "hf", image_size=(16, 16))
    convert(tmp_path / "hf", tmp_path / "back.pth", "mimseg")
    back = torch.load(tmp_path / "back.pth", weights_only=True)
    assert back["state_dict"].keys() == model.state_dict().keys()
    assert all(torch.equal(tensor, back["state_dict"][name]) for name, tensor in model.state_dict().items())
    assert back["meta"] == {"mimseg": {**META["mimseg"], "grid": [4, 4]}}


def test_what_vitmae_cannot_hold_is_refused_and_leaves_nothing(mim, vit, saved, tmp_path):
    path = saved({"state_dict": mim().state_dict(), "meta": META})
    with pytest.raises(ValueError, match="takes square images, not a 2x6 patch grid"):
        convert(path, tmp_path / "hf", "hf", image_size=(8, 24))
    with pytest.raises(ValueError, match="holds no decoder"):
        convert(
            saved({"state_dict": vit().state_dict(), "meta": META}, "vit.pth"),
            tmp_path / "hf",
            "hf",
            image_size=(16, 16),
        )
    assert {path.name for path in tmp_path.iterdir()} == {"file.pth", "vit.pth"}
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "mine.txt").write_text("keep")
    with pytest.raises(ValueError, match="hf exists; name a new one"):
        convert(path, tmp_path / "hf", "hf", image_size=(16, 16))


def test_a_broken_config_is_one_line(mim, saved, quiet, tmp_path):
    path = saved({"state_dict": mim().state_dict(), "meta": META})
    convert(path, tmp_path / "hf", "hf", image_size=(16, 16))
    (tmp_path / "hf" / "config.json").write_text("{")
    with pytest.raises(DamagedCheckpointError, match="config.json is no JSON"):
        load_weights(mim(), tmp_path / "hf", log=quiet)


def test_another_activation_is_refused(mim, saved, quiet, tmp_path):
    convert(saved({"state_dict": mim().state_dict(), "meta": META}), tmp_path / "hf", "hf", image_size=(16, 16))
    config = json.loads((tmp_path / "hf" / "config.json").read_text())
    (tmp_path / "hf" / "config.json").write_text(json.dumps({**config, "hidden_act": "relu"}))
    with pytest.raises(ValueError, match="hidden_act='relu'"):
        load_weights(mim(), tmp_path / "hf", log=quiet)
