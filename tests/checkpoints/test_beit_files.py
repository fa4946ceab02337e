"""Files of BEiT (official, timm) and SimMIM's ViT, whose tables of relative positions are shared or one a block."""

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope
from timm.models.beit import Beit

from mimseg.checkpoints import load_weights
from mimseg.registry import MODELS

SIZE = dict(embed_dim=32, depth=2, num_heads=2)
VIT = dict(type="DenseViT", arch=SIZE, patch_size=4, image_size=16)


def beit(shaken, **options):
    sizes = dict(img_size=16, patch_size=4, num_classes=5, init_values=0.1, **SIZE)
    shared = dict(global_pool="token", use_shared_rel_pos_bias=True, use_abs_pos_emb=False)
    return shaken(Beit(**{**sizes, **shared, **options}))


@pytest.fixture
def shared(shaken):
    """timm's BEiT with one table for all blocks and a final norm, as BEiT and SimMIM pre-train it."""
    return beit(shaken)


@pytest.fixture
def of_blocks(shaken):
    """A fine-tuned one: a table a block, and the norm behind the pooling."""
    return beit(shaken, global_pool="avg", use_shared_rel_pos_bias=False, use_rel_pos_bias=True)


def body(model):
    return {name: tensor for name, tensor in model.state_dict().items() if not name.startswith("head")}


def official(model):
    """With the buffers that public files have."""
    index = {"rel_pos_bias.relative_position_index": torch.zeros(17, 17, dtype=torch.long)}
    return {**body(model), **index, "mask_token": torch.randn(1, 1, 32)}


def dense_backbone(**options):
    init_default_scope("mimseg")
    encoder = dict(VIT, positions="learned", layer_scale=1.0)
    return MODELS.build(
        {**dict(type="ViTBackbone", encoder=encoder, relative="table", class_token=True, final_norm=True), **options}
    ).eval()


def test_beit_of_pretraining_computes_the_same(shared, extractor, saved, pictures, quiet):
    ours = extractor(VIT)
    path = saved(dict(model={**official(shared), "lm_head.weight": torch.randn(9, 32)}))
    report = load_weights(ours, path, log=quiet)
    assert report.coverage == 1 and report.ignored == ("lm_head.weight",)
    expected = shared.forward_features(pictures(16))
    torch.testing.assert_close(ours.encoder(pictures(16)).tokens, expected, rtol=0, atol=1e-5)


def test_queries_and_values_have_biases_and_keys_none(shared, extractor, saved, quiet):
    ours = extractor(VIT)
    load_weights(ours, saved(official(shared)), scope="encoder.", log=quiet)
    query, key, value = ours.encoder.blocks[1].attn.qkv.bias.chunk(3)
    assert torch.equal(query, shared.blocks[1].attn.q_bias) and torch.equal(value, shared.blocks[1].attn.v_bias)
    assert not key.any()
    without = {name: tensor for name, tensor in official(shared).items() if not name.endswith(("q_bias", "v_bias"))}
    load_weights(ours, saved(without), scope="encoder.", log=quiet)
    assert not ours.encoder.blocks[1].attn.qkv.bias.any()


def test_simmims_vit_goes_on_pretraining(shared, pretext, saved, pictures, quiet):
    weight, bias = torch.randn(4**2 * 3, 32, 1, 1), torch.randn(4**2 * 3)
    encoder = {f"encoder.{name}": tensor for name, tensor in official(shared).items()}
    path = saved(dict(model={**encoder, "decoder.0.weight": weight, "decoder.0.bias": bias}))
    ours = pretext(VIT, decoder=dict(type="LinearDecoder"))
    report = load_weights(ours, path, log=quiet)
    assert report.coverage == 1 and not report.ignored
    latent = ours.encoder(pictures(16))
    expected = F.pixel_shuffle(F.conv2d(latent.patch_tokens.transpose(1, 2).unflatten(2, (4, 4)), weight, bias), 4)
    predicted = ours.tasks["reconstruct"].decoder.head(latent.patch_tokens)
    rows = predicted.unflatten(1, (4, 4)).unflatten(3, (4, 4, 3)).permute(0, 5, 1, 3, 2, 4).flatten(4).flatten(2, 3)
    torch.testing.assert_close(rows, expected, rtol=0, atol=2e-5)


def test_a_fine_tuned_beit_is_the_same_function(of_blocks, classifier, saved, pictures, quiet):
    ours = classifier(dict(VIT, relative_sharing="block"))
    report = load_weights(ours, saved(dict(model=of_blocks.state_dict())), log=quiet)
    assert set(report.missing) == {"encoder.mask_token"}
    torch.testing.assert_close(ours(pictures(16)), of_blocks(pictures(16)), rtol=0, atol=1e-5)


def test_a_shared_table_starts_that_of_every_block(shared, extractor, saved, pictures, quiet):
    ours = extractor(dict(VIT, relative_sharing="block"))
    load_weights(ours, saved(official(shared)), scope="encoder.", log=quiet)
    expected = shared.forward_features(pictures(16))
    torch.testing.assert_close(ours.encoder(pictures(16)).tokens, expected, rtol=0, atol=1e-5)


def test_tables_of_blocks_have_no_place_where_blocks_share_one(of_blocks, extractor, saved, quiet):
    for encoder, fix in ((VIT, "encoder.relative_sharing=block"), (dict(VIT, positions="learned"), "='block', image")):
        with pytest.raises(ValueError, match=f"every block of the file's encoder has a table.*{fix}") as error:
            load_weights(extractor(encoder), saved(official(of_blocks)), scope="encoder.", least=0.1, log=quiet)
        assert "another architecture" not in str(error.value)


def test_a_table_a_block_goes_into_a_backbone_with_as_many(of_blocks, saved, pictures, quiet):
    of_blocks.fc_norm, of_blocks.norm = torch.nn.Identity(), torch.nn.LayerNorm(32, eps=1e-6)
    torch.nn.init.normal_(of_blocks.norm.weight)
    ours = dense_backbone()
    report = load_weights(ours, saved(dict(model=official(of_blocks))), log=quiet)
    assert torch.equal(ours.relative[1].table, of_blocks.blocks[1].attn.relative_position_bias_table)
    assert "zero: the file's positions are relative" in str(report)
    expected = of_blocks.forward_features(pictures(16))[:, 1:].transpose(1, 2).unflatten(2, (4, 4))
    torch.testing.assert_close(ours(pictures(16))[0], expected, rtol=0, atol=1e-5)


def test_tables_of_blocks_and_positions_both_go_into_a_backbone(shaken, saved, pictures, quiet, extractor):
    model = beit(shaken, use_shared_rel_pos_bias=False, use_rel_pos_bias=True, use_abs_pos_emb=True)
    path, ours = saved(official(model)), dense_backbone()
    load_weights(ours, path, log=quiet)
    expected = model.forward_features(pictures(16))[:, 1:].transpose(1, 2).unflatten(2, (4, 4))
    torch.testing.assert_close(ours(pictures(16))[0], expected, rtol=0, atol=1e-5)
    for encoder in (VIT, dict(VIT, positions="learned")):
        with pytest.raises(ValueError, match="has both a learned position table and relative positions"):
            load_weights(extractor(encoder), path, scope="encoder.", least=0.1, log=quiet)


def test_shared_windows_cannot_take_a_table_a_block(of_blocks, saved, quiet):
    ours = dense_backbone(relative_sharing="model", window=2, global_blocks=(1,), class_token=False)
    with pytest.raises(ValueError, match="has a table .*set model.backbone.relative_sharing=block"):
        load_weights(ours, saved(official(of_blocks)), scope="encoder.", least=0.1, log=quiet)


def test_without_positions_in_the_tokens_a_classifier_keeps_its_norm(shaken, classifier, saved, pictures, quiet):
    model = beit(shaken, global_pool="avg")
    ours = classifier(VIT)
    load_weights(ours, saved(dict(model=model.state_dict())), log=quiet)
    torch.testing.assert_close(ours(pictures(16)), model(pictures(16)), rtol=0, atol=1e-5)


def test_timms_beit_goes_into_a_dense_backbone_as_it_is(of_blocks, extractor, saved, pictures, quiet):
    options = dict(patch_size=4, embed_dim=32, depth=2, num_heads=2, global_pool="avg", init_values=0.1)
    encoder = dict(type="DenseBackbone", backbone="beit_base_patch16_224", image_size=16, options=options)
    ours = extractor(encoder)
    load_weights(ours, saved(dict(model=of_blocks.state_dict())), log=quiet)
    expected = of_blocks.forward_features(pictures(16))
    torch.testing.assert_close(ours.encoder(pictures(16)).tokens, expected, rtol=0, atol=1e-5)


def test_a_table_of_no_square_grid_is_refused(shared, extractor, saved, quiet):
    state = {**official(shared), "rel_pos_bias.relative_position_bias_table": torch.randn(7 * 5 + 3, 2)}
    with pytest.raises(ValueError, match=r"has 38 rows, which are no \(2 h - 1\)\^2 \+ 3"):
        load_weights(extractor(VIT), saved(state), scope="encoder.", log=quiet)
