"""Files of mmpretrain: its own models' weights in ours."""

import pytest
import torch
from mmpretrain.registry import MODELS as THEIRS

from mimseg.checkpoints import load_weights

SIZE = dict(embed_dim=32, depth=2, num_heads=2)
ARCH = dict(embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=128)
SPARSE = dict(type="SparseViT", arch=SIZE, patch_size=4)
LEARNED = dict(type="DenseViT", arch=SIZE, patch_size=4, image_size=16, positions="learned", layer_scale=None)
RELATIVE = dict(type="DenseViT", arch=SIZE, patch_size=4, image_size=16)
SWIN = dict(
    type="DenseSwin", arch=dict(embed_dim=8, depths=(2, 2, 1), num_heads=(1, 2, 2)), image_size=64, window_size=4
)
LOSS = dict(type="mmpretrain.CrossEntropyLoss")


def theirs(kind, **options):
    return THEIRS.build(dict(type=f"mmpretrain.{kind}", **options))


def vit(kind, shaken, **options):
    return shaken(theirs(kind, arch=ARCH, img_size=16, patch_size=4, **options))


def swin(shaken, kind="SwinTransformer", **options):
    arch = dict(embed_dims=8, depths=[2, 2, 1], num_heads=[1, 2, 2])
    return shaken(
        theirs(
            kind,
            arch=arch,
            img_size=64,
            stage_cfgs=dict(block_cfgs=dict(window_size=4)),
            **{"out_indices": (2,), **options},
        )
    )


def part(name, module):
    return {f"{name}.{key}": tensor for key, tensor in module.state_dict().items()}


def file_of(**parts):
    """What MMEngine's runner saves of an algorithm with these parts."""
    state = {key: tensor for name, module in parts.items() for key, tensor in part(name, module).items()}
    return dict(state_dict=state, meta=dict(epoch=1, iter=9, dataset_meta=dict(classes=("a", "b"))))


def halves_swapped(tokens):
    """mmpretrain's fixed positions have the row in the first half of the channels, ours the column."""
    return torch.cat([tokens[..., 16:], tokens[..., :16]], dim=-1)


def masked_by(draws):
    """mmpretrain's random masking with given noise: what is kept, the mask, and where each patch went."""

    def mask(x, mask_ratio):
        order, kept = draws.argsort(dim=1), int(x.shape[1] * (1 - mask_ratio))
        restore = order.argsort(dim=1)
        return x.gather(1, order[:, :kept, None].expand(-1, -1, x.shape[2])), (restore >= kept).float(), restore

    return mask


def test_mae_goes_on_pretraining(shaken, mim, saved, pictures, noise, quiet):
    encoder = vit("MAEViT", shaken)
    encoder.init_weights()
    shaken(encoder.layers)
    sizes = dict(num_patches=16, patch_size=4, embed_dim=32, decoder_embed_dim=32, decoder_depth=2, decoder_num_heads=2)
    decoder = theirs("MAEPretrainDecoder", **sizes)
    decoder.init_weights()
    for module in (encoder.ln1, decoder.decoder_blocks, decoder.ln1, decoder.decoder_embed, decoder.decoder_pred):
        shaken(module)
    decoder.mask_token.data.normal_()
    draws = noise(batch=2)
    ours = mim(draws, normalize=False)
    report = load_weights(ours, saved(file_of(backbone=encoder, neck=decoder)), log=quiet)
    assert report.coverage == 1 and not report.ignored and "mmpretrain ViT" in report.label
    assert "halves of all channels changed places" in str(report)
    images, expected = pictures(16), encoder(pictures(16), mask=None)[0]
    torch.testing.assert_close(ours.encoder(images).tokens, halves_swapped(expected), rtol=0, atol=1e-5)
    encoder.random_masking = masked_by(draws)
    latent, mask, restore = encoder(images, mask=True)
    patches = images.unflatten(3, (4, 4)).unflatten(2, (4, 4)).permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)
    errors = ((decoder(latent, restore) - patches) ** 2).mean(-1)
    assert ours.loss(images)["loss_reconstruct"].item() == pytest.approx((errors * mask).sum().item() / 24, abs=1e-5)


def test_a_classifier_reads_the_reordered_channels(shaken, classifier, saved, pictures, quiet):
    encoder = vit("MAEViT", shaken)
    encoder.init_weights()
    shaken(encoder.layers)
    head = shaken(theirs("LinearClsHead", num_classes=5, in_channels=32, loss=LOSS))
    ours = classifier(SPARSE, pool="cls", norm=None)
    load_weights(ours, saved(file_of(backbone=encoder, head=head)), log=quiet)
    expected = head.fc(encoder(pictures(16), mask=None)[0][:, 0])
    torch.testing.assert_close(ours(pictures(16)), expected, rtol=0, atol=1e-5)


def test_maskfeat_goes_on_pretraining(shaken, pretext, saved, pictures, quiet):
    encoder = vit("MaskFeatViT", shaken)
    neck = theirs("LinearNeck", in_channels=32, out_channels=48, norm_cfg=None)
    ours = pretext(LEARNED, decoder=dict(type="LinearDecoder"))
    report = load_weights(ours, saved(file_of(backbone=encoder, neck=neck)), log=quiet)
    assert report.coverage == 1 and not report.ignored
    expected = encoder(pictures(16), mask=None)[0]
    torch.testing.assert_close(ours.encoder(pictures(16)).tokens, expected, rtol=0, atol=1e-5)
    assert torch.equal(ours.encoder.mask_token, encoder.mask_token)
    assert torch.equal(ours.tasks["reconstruct"].decoder.head.weight, neck.fc.weight)


@pytest.mark.parametrize("out", ["cls_token", "avg_featmap"])
def test_a_vit_with_its_classifier_is_the_same_function(shaken, classifier, saved, pictures, quiet, out):
    encoder = vit("VisionTransformer", shaken, out_type=out, final_norm=out == "cls_token")
    kind = "VisionTransformerClsHead" if out == "cls_token" else "LinearClsHead"
    head = shaken(theirs(kind, num_classes=5, in_channels=32, loss=LOSS))
    options = dict(pool="cls", norm=None) if out == "cls_token" else dict(pool="avg")
    ours = classifier(LEARNED, **options)
    load_weights(ours, saved(file_of(backbone=encoder, head=head)), log=quiet)
    expected = head(encoder(pictures(16)))
    torch.testing.assert_close(ours(pictures(16)), expected, rtol=0, atol=1e-5)


def test_layer_scale_of_a_vit(shaken, extractor, saved, pictures, quiet):
    encoder = vit("VisionTransformer", shaken, layer_scale_init_value=0.1, out_type="raw")
    ours = extractor(dict(LEARNED, layer_scale=1.0))
    load_weights(ours, saved(file_of(backbone=encoder)), log=quiet)
    expected = encoder(pictures(16))[0]
    torch.testing.assert_close(ours.encoder(pictures(16)).tokens, expected, rtol=0, atol=1e-5)


def test_beit_of_pretraining(shaken, extractor, saved, pictures, quiet):
    encoder = vit("BEiTPretrainViT", shaken)
    ours = extractor(RELATIVE)
    load_weights(ours, saved(file_of(backbone=encoder)), scope="encoder.", log=quiet)
    expected = encoder(pictures(16), mask=None)[0]
    torch.testing.assert_close(ours.encoder(pictures(16)).tokens, expected, rtol=0, atol=1e-5)
    assert torch.equal(ours.encoder.mask_token, encoder.mask_token)


def test_a_fine_tuned_beit_has_a_table_a_block(shaken, classifier, saved, pictures, quiet):
    encoder = vit("BEiTViT", shaken, out_type="avg_featmap", final_norm=False)
    head = shaken(theirs("LinearClsHead", num_classes=5, in_channels=32, loss=LOSS))
    path = saved(file_of(backbone=encoder, head=head))
    ours = classifier(dict(RELATIVE, relative_sharing="block"))
    load_weights(ours, path, log=quiet)
    torch.testing.assert_close(ours(pictures(16)), head(encoder(pictures(16))), rtol=0, atol=1e-5)
    with pytest.raises(ValueError, match="read as mmpretrain ViT .*every block of the file's encoder has a table"):
        load_weights(classifier(RELATIVE), path, scope="encoder.", least=0.1, log=quiet)


def test_swin_merges_channels_first(shaken, classifier, saved, pictures, quiet):
    encoder, head = swin(shaken), shaken(theirs("LinearClsHead", num_classes=5, in_channels=32, loss=LOSS))
    ours = classifier(SWIN, norm=None)
    load_weights(ours, saved(file_of(backbone=encoder, head=head)), log=quiet)
    maps = encoder(pictures(64))[0]
    torch.testing.assert_close(ours.encoder(pictures(64)).tokens, maps.flatten(2).transpose(1, 2), rtol=0, atol=1e-5)
    torch.testing.assert_close(ours(pictures(64)), head.fc(maps.mean((2, 3))), rtol=0, atol=1e-5)


def test_simmim_goes_on_pretraining(shaken, pretext, saved, pictures, quiet):
    encoder = swin(shaken, "SimMIMSwinTransformer")
    neck = shaken(theirs("SimMIMLinearDecoder", in_channels=32, encoder_stride=16))
    ours = pretext(SWIN, decoder=dict(type="LinearDecoder"))
    report = load_weights(ours, saved(file_of(backbone=encoder, neck=neck)), log=quiet)
    assert report.coverage == 1 and not report.ignored
    assert torch.equal(ours.encoder.mask_token, encoder.mask_token)
    tokens = ours.encoder(pictures(64)).tokens
    expected = neck(tokens.transpose(1, 2).unflatten(2, (4, 4)))
    predicted = ours.tasks["reconstruct"].decoder.head(tokens).unflatten(1, (4, 4)).unflatten(3, (16, 16, 3))
    rows = predicted.permute(0, 5, 1, 3, 2, 4).flatten(4).flatten(2, 3)
    torch.testing.assert_close(rows, expected, rtol=0, atol=2e-5)


def test_norms_of_a_detectors_stages_are_read(shaken, saved, pictures, quiet):
    from mimseg.registry import MODELS

    encoder = swin(shaken, out_indices=(0, 1, 2))
    ours = MODELS.build(dict(type="mimseg.HierarchicalBackbone", encoder=SWIN)).eval()
    load_weights(ours, saved(file_of(backbone=encoder)), log=quiet)
    for got, expected in zip(ours(pictures(64)), encoder(pictures(64)), strict=True):
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-5)


def test_names_without_backbone_and_old_files_of_one_dict(shaken, extractor, saved, pictures, quiet):
    encoder = vit("VisionTransformer", shaken, out_type="raw")
    for state in (encoder.state_dict(), dict(model=part("module.backbone", encoder))):
        ours = extractor(LEARNED)
        load_weights(ours, saved(state), log=quiet)
        torch.testing.assert_close(ours.encoder(pictures(16)).tokens, encoder(pictures(16))[0], rtol=0, atol=1e-5)


def test_clip_normalises_first_and_is_refused(shaken, extractor, saved, quiet):
    path = saved(file_of(backbone=vit("VisionTransformer", shaken, pre_norm=True)))
    with pytest.raises(ValueError, match="its encoder has encoder.pre_norm.weight") as error:
        load_weights(extractor(LEARNED), path, scope="encoder.", least=0.9, log=quiet)
    assert "another architecture" not in str(error.value)
