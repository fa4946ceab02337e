"""Files of Swin as its public code, SimMIM, FastMIM and timm write them."""

import pytest
import timm
import torch
import torch.nn.functional as F

from mimseg.apis import convert
from mimseg.checkpoints import load_weights

ARCH = dict(embed_dim=8, depths=(2, 2, 1), num_heads=(1, 2, 2))
SWIN = dict(type="DenseSwin", arch=ARCH, image_size=64, window_size=4)


@pytest.fixture
def reference(shaken):
    """timm's Swin with random weights, for images of 64 px."""
    return shaken(timm.models.SwinTransformer(img_size=64, window_size=4, num_classes=5, **ARCH))


def official(model):
    """A Swin of timm under the names of the public code: merging patches ends a stage; buffers are saved, too."""
    state = {}
    for name, tensor in model.state_dict().items():
        words = name.split(".")
        if words[0] == "layers" and words[2] == "downsample":
            words[1] = str(int(words[1]) - 1)
        name = ".".join(words).replace("head.fc.", "head.")
        state[name] = tensor
        if name.endswith("bias_table"):
            state[name.replace("bias_table", "index")] = torch.zeros(16, 16, dtype=torch.long)
    state["layers.0.blocks.1.attn_mask"] = torch.zeros(16, 16, 16)
    return state


def under(prefix, state):
    return {prefix + name: tensor for name, tensor in state.items()}


def features(model, images):
    return model.forward_features(images).flatten(1, 2).detach()


@pytest.mark.parametrize("naming", ["official", "timm"])
def test_a_supervised_swin_computes_the_same(reference, extractor, saved, pictures, quiet, naming):
    state = official(reference) if naming == "official" else reference.state_dict()
    ours = extractor(SWIN)
    report = load_weights(ours, saved(dict(model=state)), log=quiet)
    assert list(report.missing) == ["encoder.mask_token"]
    torch.testing.assert_close(ours.encoder(pictures(64)).tokens, features(reference, pictures(64)), rtol=0, atol=1e-5)


@pytest.mark.parametrize("naming", ["official", "timm"])
def test_its_classifier_is_the_same_function(reference, classifier, saved, pictures, quiet, naming):
    state = official(reference) if naming == "official" else reference.state_dict()
    ours = classifier(SWIN, norm=None)
    load_weights(ours, saved(dict(model=state)), log=quiet)
    torch.testing.assert_close(ours(pictures(64)), reference(pictures(64)), rtol=0, atol=1e-5)


@pytest.mark.parametrize("naming", ["official", "timm"])
def test_it_goes_into_timms_network_too(reference, extractor, saved, pictures, quiet, naming):
    options = dict(window_size=4, embed_dim=8, depths=(2, 2, 1), num_heads=(1, 2, 2))
    ours = extractor(
        dict(type="DenseBackbone", backbone="swin_tiny_patch4_window7_224", image_size=64, options=options)
    )
    state = official(reference) if naming == "official" else reference.state_dict()
    report = load_weights(ours, saved(dict(model=state)), log=quiet)
    assert list(report.missing) == ["encoder.mask_token"]
    torch.testing.assert_close(ours.encoder(pictures(64)).tokens, features(reference, pictures(64)), rtol=0, atol=1e-5)


def test_simmim_goes_on_pretraining_with_its_decoder(reference, pretext, saved, pictures, quiet):
    """Its decoder is a 1 x 1 convolution and a pixel shuffle."""
    state = {name: tensor for name, tensor in official(reference).items() if not name.startswith("head")}
    weight, bias, token = torch.randn(16**2 * 3, 32, 1, 1), torch.randn(16**2 * 3), torch.randn(1, 1, 8)
    path = saved(
        dict(
            model={
                **under("encoder.", {**state, "mask_token": token}),
                "decoder.0.weight": weight,
                "decoder.0.bias": bias,
            },
            epoch=3,
        )
    )
    ours = pretext(SWIN, decoder=dict(type="LinearDecoder"))
    report = load_weights(ours, path, log=quiet)
    assert report.coverage == 1 and not report.ignored
    assert torch.equal(ours.encoder.mask_token, token)
    tokens = features(reference, pictures(64))
    expected = F.pixel_shuffle(F.conv2d(tokens.transpose(1, 2).unflatten(2, (4, 4)), weight, bias), 16)
    predicted = ours.tasks["reconstruct"].decoder.head(ours.encoder(pictures(64)).tokens)
    rows = predicted.unflatten(1, (4, 4)).unflatten(3, (16, 16, 3)).permute(0, 5, 1, 3, 2, 4).flatten(4).flatten(2, 3)
    torch.testing.assert_close(rows, expected, rtol=0, atol=2e-5)


def test_fastmims_swin_has_a_token_of_pixels_and_a_decoder_beside_it(reference, pretext, saved, pictures, quiet):
    state = {name: tensor for name, tensor in official(reference).items() if not name.startswith("head")}
    ours = pretext({**SWIN, "mask_at": "pixels"}, neck=dict(type="ProjectionNeck", width=32))
    decoder = {"decoder_embed.weight": torch.randn(32, 32), "decoder_embed.bias": torch.randn(32)}
    for name, tensor in ours.tasks["reconstruct"].decoder.state_dict().items():
        decoder[f"decoder_{name.replace('head', 'pred')}"] = torch.randn(tensor.shape)
    token = torch.randn(1, 3, 1, 1)
    path = saved(dict(model={**under("encoder.", state), **decoder, "mask_token": token}))
    report = load_weights(ours, path, log=quiet)
    assert report.coverage == 1 and not report.ignored
    assert torch.equal(ours.encoder.mask_token, token)
    assert torch.equal(ours.neck.project.weight, decoder["decoder_embed.weight"])
    assert torch.equal(ours.tasks["reconstruct"].decoder.head.bias, decoder["decoder_pred.bias"])
    torch.testing.assert_close(ours.encoder(pictures(64)).tokens, features(reference, pictures(64)), rtol=0, atol=1e-5)


def test_windows_of_another_size_are_resized(reference, extractor, saved, quiet):
    ours = extractor({**SWIN, "image_size": 112, "window_size": 7})
    report = load_weights(ours, saved(official(reference)), log=quiet)
    assert "window 4 -> 7 (bicubic)" in str(report)


def test_swins_of_other_parts_are_refused_without_talk_of_sizes(reference, extractor, saved, quiet):
    state = {**official(reference), "absolute_pos_embed": torch.randn(1, 256, 8)}
    with pytest.raises(ValueError, match=r"read as Swin \(\d+ tensors: patch_embed.*absolute_pos_embed") as error:
        load_weights(extractor(SWIN), saved(state), scope="encoder.", least=0.9, log=quiet)
    assert "another architecture" not in str(error.value) and "\n" not in str(error.value)
    other = extractor(dict(type="SparseViT", arch=dict(embed_dim=32, depth=2, num_heads=2)))
    with pytest.raises(ValueError, match=r"read as Swin .*of another architecture: its encoder has"):
        load_weights(other, saved(official(reference)), scope="encoder.", least=0.9, log=quiet)


def test_swin_v2_is_another_network(extractor, saved, pictures, shaken, quiet):
    model = shaken(timm.models.SwinTransformerV2(img_size=64, window_size=4, num_classes=5, **ARCH))
    with pytest.raises(ValueError, match=r"read as Swin .*its encoder has encoder.layers.0.blocks.0.attn") as error:
        load_weights(extractor(SWIN), saved(dict(model=official(model))), log=quiet)
    assert "\n" not in str(error.value)
    options = dict(window_size=4, **ARCH)
    encoder = dict(type="DenseBackbone", backbone="swinv2_tiny_window8_256", image_size=64, options=options)
    ours = extractor(encoder)
    load_weights(ours, saved(dict(model=official(model))), log=quiet)
    torch.testing.assert_close(ours.encoder(pictures(64)).tokens, features(model, pictures(64)), rtol=0, atol=1e-5)


def test_it_becomes_a_file_of_this_project(reference, extractor, saved, pictures, quiet, tmp_path):
    report = convert(saved(dict(model=official(reference))), tmp_path / "ours.pth", "mimseg")
    assert not report.left_out
    ours = extractor(SWIN)
    loaded = load_weights(ours, tmp_path / "ours.pth", log=quiet)
    assert loaded.label == "mimseg, student"
    torch.testing.assert_close(ours.encoder(pictures(64)).tokens, features(reference, pictures(64)), rtol=0, atol=1e-5)
