"""Checkpoints of dense encoders: as they are, and for images of another size."""

import pytest
import torch
from mmengine.registry import init_default_scope

from mimseg.apis import convert
from mimseg.checkpoints import describe, load_weights
from mimseg.registry import MODELS

VIT = dict(type="DenseViT", arch=dict(embed_dim=32, depth=2, num_heads=2), patch_size=16, image_size=64)
SWIN = dict(
    type="DenseSwin",
    arch=dict(embed_dim=16, depths=(1, 1, 1, 1), num_heads=(1, 1, 2, 2)),
    image_size=64,
    window_size=2,
)


def mimseg_file(model):
    """What a run of this project saves."""
    return dict(state_dict=model.state_dict(), meta=dict(mimseg=describe(model)))


def extractor(encoder, seed, **changes):
    init_default_scope("mimseg")
    torch.manual_seed(seed)
    preprocessor = dict(type="ImagePreprocessor", mean=[0.0] * 3, std=[1.0] * 3)
    model = MODELS.build(dict(type="FeatureExtractor", data_preprocessor=preprocessor, encoder={**encoder, **changes}))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model.eval()


@pytest.mark.parametrize("encoder", [VIT, SWIN], ids=["vit", "swin"])
def test_a_dense_encoder_comes_back(encoder, tmp_path):
    saved, loaded = extractor(encoder, 0), extractor(encoder, 1)
    torch.save({"state_dict": saved.state_dict()}, tmp_path / "dense.pth")
    report = load_weights(loaded, tmp_path / "dense.pth", log=str)
    assert not report.missing and not report.ignored
    images = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(loaded.extract_features(images), saved.extract_features(images))


def test_relative_positions_follow_the_image_size(tmp_path):
    """A model for 96 px computes on 96 px what the one for 64 px does when it is shown 96 px."""
    saved, larger = extractor(VIT, 0), extractor(VIT, 1, image_size=96)
    torch.save({"state_dict": saved.state_dict()}, tmp_path / "dense.pth")
    report = load_weights(larger, tmp_path / "dense.pth", log=str)
    assert "grid 4x4 -> 6x6" in report.resized["encoder.relative_position_bias.table"]
    assert larger.encoder.relative_position_bias.size.tolist() == [6, 6]
    images = torch.randn(2, 3, 96, 96)
    torch.testing.assert_close(larger.extract_features(images), saved.extract_features(images))


BLOCKS = dict(VIT, relative_sharing="block")
TABLES = [f"encoder.relative_position_bias.{block}.table" for block in (0, 1)]


def test_a_shared_table_starts_the_one_of_every_block(tmp_path):
    """SimMIM's fine-tuning: each block begins with a copy, so that the model computes what pre-training's did."""
    saved, model = extractor(VIT, 0), extractor(BLOCKS, 1)
    torch.save({"state_dict": saved.state_dict()}, tmp_path / "dense.pth")
    report = load_weights(model, tmp_path / "dense.pth", log=str)
    shared = saved.state_dict()["encoder.relative_position_bias.table"]
    assert all(torch.equal(model.state_dict()[name], shared) for name in TABLES)
    assert not report.missing and not report.ignored and report.coverage == 1
    assert "the table that the file's blocks share" in report.resized[TABLES[1]]
    images = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(model.extract_features(images), saved.extract_features(images))
    untouched = extractor(BLOCKS, 2)
    before = [untouched.state_dict()[name].clone() for name in TABLES]
    load_weights(untouched, tmp_path / "dense.pth", position_tables="reinit", log=str)
    assert all(torch.equal(untouched.state_dict()[name], old) for name, old in zip(TABLES, before, strict=True))


@pytest.mark.parametrize("source", [VIT, BLOCKS], ids=["shared", "own"])
def test_tables_of_blocks_follow_the_image_size(source, tmp_path):
    saved, larger = extractor(source, 0), extractor(BLOCKS, 1, image_size=96)
    torch.save({"state_dict": saved.state_dict()}, tmp_path / "dense.pth")
    report = load_weights(larger, tmp_path / "dense.pth", log=str)
    assert "grid 4x4 -> 6x6 (bicubic)" in report.resized[TABLES[0]]
    assert larger.encoder.relative_position_bias[1].size.tolist() == [6, 6]
    images = torch.randn(2, 3, 96, 96)
    torch.testing.assert_close(larger.extract_features(images), saved.extract_features(images))
    geometric = extractor(BLOCKS, 1, image_size=96)
    load_weights(geometric, tmp_path / "dense.pth", position_tables="geometric", log=str)
    assert not torch.equal(geometric.state_dict()[TABLES[0]], larger.state_dict()[TABLES[0]])


def test_tables_of_blocks_come_back_and_have_no_place_in_a_shared_one(tmp_path):
    saved, loaded = extractor(BLOCKS, 0), extractor(BLOCKS, 1)
    torch.save({"state_dict": saved.state_dict()}, tmp_path / "dense.pth")
    report = load_weights(loaded, tmp_path / "dense.pth", log=str)
    assert not report.missing and not report.ignored and not report.resized
    assert all(torch.equal(loaded.state_dict()[name], saved.state_dict()[name]) for name in TABLES)
    assert not torch.equal(*(saved.state_dict()[name] for name in TABLES))
    with pytest.raises(ValueError, match="the model's share one; set model.encoder.relative_sharing=block"):
        load_weights(extractor(VIT, 1), tmp_path / "dense.pth", log=str)


def test_swin_has_no_class_token():
    with pytest.raises(ValueError, match="DenseSwin has no class token; use pool='avg'"):
        extractor(SWIN, 0).extract_features(torch.randn(1, 3, 64, 64), pool="cls")


@pytest.mark.parametrize("to", ["timm", "mae", "hf"])
@pytest.mark.parametrize("encoder", [VIT, SWIN], ids=["vit", "swin"])
def test_other_formats_that_cannot_hold_it_are_refused(encoder, to, tmp_path):
    torch.save(mimseg_file(extractor(encoder, 0)), tmp_path / "dense.pth")
    with pytest.raises(ValueError, match="use --to mimseg"):
        convert(tmp_path / "dense.pth", tmp_path / "out", to, image_size=(64, 64))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("encoder", [VIT, SWIN], ids=["vit", "swin"])
def test_our_own_format_holds_it(encoder, tmp_path):
    saved, loaded = extractor(encoder, 0), extractor(encoder, 1)
    torch.save(mimseg_file(saved), tmp_path / "dense.pth")
    convert(tmp_path / "dense.pth", tmp_path / "out.pth", "mimseg")
    load_weights(loaded, tmp_path / "out.pth", log=str)
    images = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(loaded.extract_features(images), saved.extract_features(images))


def test_a_model_of_another_kind_is_told_which_encoder_the_file_has(tmp_path):
    torch.save(mimseg_file(extractor(VIT, 0)), tmp_path / "dense.pth")
    sparse = extractor(dict(type="SparseViT", arch=VIT["arch"], patch_size=16), 1)
    with pytest.raises(ValueError, match="the file's is a DenseViT with relative positions"):
        load_weights(sparse, tmp_path / "dense.pth", log=str)
