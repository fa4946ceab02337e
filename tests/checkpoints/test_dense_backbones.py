"""Weights of pre-training in backbones of detectors and segmentors."""

import logging

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope

from mimseg.checkpoints import CheckpointError, describe
from mimseg.registry import MODELS

ARCH = dict(embed_dim=32, depth=2, num_heads=2)
SPARSE = dict(type="SparseViT", arch=ARCH, patch_size=4, positions="learned", image_size=64)
DENSE = dict(type="DenseViT", arch=ARCH, patch_size=4, positions="learned", image_size=64, layer_scale=1.0)
SWIN_ARCH = dict(embed_dim=8, depths=(1, 1, 2, 1), num_heads=(1, 1, 2, 2))


@pytest.fixture
def lines(monkeypatch):
    """What is logged while weights are loaded."""
    logged = []
    for module in ("pretrained", "base"):
        monkeypatch.setattr(
            f"mimseg.models.transfer.{module}.print_log", lambda text, logger, level=logging.INFO: logged.append(text)
        )
    return logged


@pytest.fixture
def load():
    """Build a backbone and give it a checkpoint, as a detector does; ``options`` are init_cfg's."""

    def build(checkpoint, encoder=SPARSE, kind="ViTBackbone", backbone=None, **options):
        init_default_scope("mmdet")
        torch.manual_seed(3)
        init = dict(type="MIMPretrained", checkpoint=None if checkpoint is None else str(checkpoint), **options)
        model = MODELS.build(dict(type=f"mimseg.{kind}", encoder=encoder, init_cfg=init, **(backbone or {})))
        model.init_weights()
        init_default_scope("mimseg")
        return model

    return build


def checkpoint_of(model):
    return dict(state_dict=model.state_dict(), meta=dict(mimseg=describe(model)))


def bicubic(table, old, new):
    image = table.t().reshape(1, -1, *old)
    return F.interpolate(image, size=new, mode="bicubic", align_corners=False).flatten(2)[0].t()


def test_the_encoder_of_a_pretext_model_is_taken_and_the_rest_left(mim, saved, load, lines):
    """Fixed positions included, resized as a learned table: 4 x 4 to 16 x 16."""
    source = mim(predictor=True)
    source.encoder.train()(torch.randn(1, 3, 16, 16))  # from then on it knows its grid
    model = load(saved(checkpoint_of(source)), backbone=dict(relative="decomposed", window=3))
    theirs, ours = source.encoder.state_dict(), model.encoder.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs if not name.startswith("norm"))
    fixed = source.encoder.positions((4, 4)).clone()
    torch.testing.assert_close(ours["positions.table"][1:], bicubic(fixed, (4, 4), (16, 16)), rtol=0, atol=1e-6)
    assert not ours["positions.table"][0].any()
    report = lines[0]
    assert (
        len(lines) == 1 and "1 of them adapted: the file's is the fixed sine-cosine table, grid 4x4 -> 16x16" in report
    )
    assert "relative" in report and "4 missing (not in the file)" in report
    for left in ("neck.*", "tasks.reconstruct.*", "tasks.predict_loss.*", "teachers.ema.*"):
        assert left in report
    assert len(report.splitlines()) < 8 and "does not tell" not in report


def test_the_teachers_encoder_can_be_taken_instead(mim, saved, load, lines):
    source = mim(predictor=True)
    model = load(saved(checkpoint_of(source)), weights="ema", image_size=16)
    teacher = source.teachers["ema"].parts.encoder.state_dict()
    name = "blocks.1.mlp.fc2.weight"
    assert torch.equal(model.encoder.state_dict()[name], teacher[name]) and "EMA teacher" in lines[0]


@pytest.mark.parametrize("encoder", [SPARSE, DENSE], ids=["SparseViT", "DenseViT"])
def test_official_mae_tells_the_grid_of_its_fixed_table(plain_mae, encoder, saved, load, lines):
    plain = plain_mae()  # 16 x 16 px images
    model = load(saved(dict(model=plain.state_dict())), encoder)
    expected = bicubic(plain.pos_embed[0, 1:], (4, 4), (16, 16))
    torch.testing.assert_close(model.encoder.positions.table[1:].detach(), expected, rtol=0, atol=1e-6)
    assert torch.equal(model.encoder.blocks[1].attn.qkv.weight, plain.blocks[1].attn.qkv.weight)
    assert ("1 missing (not in the file, and of no use here" in lines[0]) == (encoder is DENSE)  # a mask token
    assert ("1: the file has no LayerScale" in lines[0]) == (encoder is DENSE)


def test_a_table_of_14_x_14_at_64_x_64_is_the_bicubic_reference(saved, load, lines):
    """ViTDet's start: facts of MAE's public checkpoints at 1024 px, patches of 16."""
    arch = dict(embed_dim=16, depth=1, num_heads=1)
    vit = dict(type="SparseViT", arch=arch, positions="learned")
    torch.manual_seed(0)
    source = MODELS.build(dict(type="mimseg.ViTBackbone", encoder=dict(vit, image_size=224)))
    table = torch.randn(197, 16)
    source.encoder.positions.table.data.copy_(table)
    model = load(saved(checkpoint_of(source)), dict(vit, image_size=1024))
    torch.testing.assert_close(
        model.encoder.positions.table.detach(), torch.cat([table[:1], bicubic(table[1:], (14, 14), (64, 64))])
    )
    assert "grid 14x14 -> 64x64 (bicubic)" in lines[0]


def test_fixed_positions_of_a_file_that_does_not_tell_its_size(mim, saved, load, lines):
    source = mim()
    path = saved(dict(state_dict=source.state_dict()))
    model = load(path)
    assert "does not tell the image size" in lines[0] and "set model.backbone.init_cfg.image_size" in lines[0]
    told = load(path, image_size=16)
    assert "does not tell" not in lines[1] and "grid 4x4 -> 16x16" in lines[1]
    fixed = source.encoder.positions((16, 16))
    torch.testing.assert_close(model.encoder.positions.table[1:].detach(), fixed)
    assert (told.encoder.positions.table[1:] - fixed).abs().max() > 0.5
    computed = load(path, image_size=16, fixed_positions="computed")
    torch.testing.assert_close(computed.encoder.positions.table[1:].detach(), fixed)


def test_a_fine_tuned_classifier_starts_a_detector(vit, saved, load, lines):
    source = vit(classes=5, positions="learned", image_size=16)
    model = load(saved(checkpoint_of(source)), backbone=dict(final_norm=True))
    assert torch.equal(model.encoder.norm.weight, source.norm.weight)
    table = source.encoder.positions.table.detach()
    torch.testing.assert_close(model.encoder.positions.table[1:].detach(), bicubic(table[1:], (4, 4), (16, 16)))
    assert "head.*" in lines[0]


def test_relative_tables_of_swin_are_resized_and_stage_norms_reported(saved, load, lines):
    swin = dict(type="DenseSwin", arch=SWIN_ARCH)
    torch.manual_seed(0)
    source = MODELS.build(
        dict(type="mimseg.HierarchicalBackbone", encoder=dict(swin, image_size=128, window_size=4), norms=True)
    )
    torch.nn.init.normal_(source.encoder.norm.weight)
    state = {name: tensor for name, tensor in source.state_dict().items() if name.startswith("encoder.")}
    model = load(saved(dict(state_dict=state)), dict(swin, image_size=256, window_size=7), "HierarchicalBackbone")
    name = "layers.2.blocks.1.attn.relative_position_bias_table"
    tables = [part.encoder.state_dict()[name] for part in (source, model)]
    torch.testing.assert_close(tables[1], bicubic(tables[0], (7, 7), (13, 13)))
    assert torch.equal(model.encoder.norm.weight, source.encoder.norm.weight)
    assert "window 4 -> 7 (bicubic)" in lines[0] and "6 missing (not in the file)" in lines[0]


def test_a_fine_tuned_swin_starts_a_detector(saved, load, lines):
    """FastMIM's Table 5: everything but the classifier's head is taken, the final norm ends the last stage."""
    statistics = dict(type="ImagePreprocessor", mean=[100.0] * 3, std=[50.0] * 3)
    swin = dict(type="DenseSwin", arch=SWIN_ARCH, image_size=64, window_size=2)
    init_default_scope("mimseg")
    classifier = MODELS.build(
        dict(type="Classifier", data_preprocessor=statistics, encoder=swin, num_classes=7, norm=None)
    )
    for parameter in classifier.parameters():
        torch.nn.init.normal_(parameter)
    model = load(saved(checkpoint_of(classifier)), swin, "HierarchicalBackbone")
    theirs, ours = classifier.encoder.state_dict(), model.encoder.state_dict()
    assert theirs.keys() == ours.keys() and all(torch.equal(theirs[key], ours[key]) for key in theirs)
    assert "head.* (2 tensors)" in "\n".join(lines)


@pytest.fixture
def simmim_vit():
    """A ViT with one table of relative positions for all blocks and no absolute ones, for images of 16 px."""
    torch.manual_seed(0)
    vit = MODELS.build(dict(type="mimseg.DenseViT", arch=ARCH, patch_size=4, positions="relative", image_size=16))
    torch.nn.init.normal_(vit.relative_position_bias.table)
    torch.nn.init.normal_(vit.norm.weight)
    return vit.eval()


def test_a_table_that_blocks_share_starts_that_of_every_block(simmim_vit, saved, load, lines):
    """UperNet of a SimMIM checkpoint: the maps are those of pre-training, no absolute positions are made up."""
    path = saved(dict(state_dict={f"encoder.{name}": tensor for name, tensor in simmim_vit.state_dict().items()}))
    encoder = dict(DENSE, image_size=16)
    model = load(path, encoder, backbone=dict(relative="table", class_token=True, final_norm=True)).eval()
    images = torch.randn(2, 3, 16, 16)
    expected = simmim_vit(images).patch_tokens.transpose(1, 2).unflatten(2, (4, 4))
    torch.testing.assert_close(model(images)[0], expected)
    assert "2 of them adapted: the table that the file's blocks share" in lines[0]
    assert "zero: the file's positions are relative" in lines[0]
    larger = load(path, DENSE, backbone=dict(relative="table", class_token=True))
    table = simmim_vit.relative_position_bias.table.detach()
    expected = torch.cat([bicubic(table[:-3], (7, 7), (31, 31)), table[-3:]])
    torch.testing.assert_close(larger.relative[1].table.detach(), expected)
    assert "grid 4x4 -> 16x16 (bicubic)" in lines[1]


def test_tables_of_blocks_start_those_of_a_backbones_blocks(simmim_vit, saved, load, lines):
    """A fine-tuned ViT of SimMIM or BEiT, whose blocks have tables of their own, each to its own block."""
    torch.manual_seed(0)
    encoder = dict(type="mimseg.DenseViT", arch=ARCH, patch_size=4, image_size=16, relative_sharing="block")
    fine_tuned = MODELS.build(encoder).eval()
    for table in fine_tuned.relative_position_bias:
        torch.nn.init.normal_(table.table)
    path = saved(dict(state_dict={f"encoder.{name}": tensor for name, tensor in fine_tuned.state_dict().items()}))
    options = dict(relative="table", class_token=True, final_norm=True)
    model = load(path, dict(DENSE, image_size=16, layer_scale=0.1), backbone=options).eval()
    images = torch.randn(2, 3, 16, 16)
    expected = fine_tuned(images).patch_tokens.transpose(1, 2).unflatten(2, (4, 4))
    torch.testing.assert_close(model(images)[0], expected)
    assert "the file's table of the block" in lines[0] and "zero: the file's positions are relative" in lines[0]


def test_windows_take_the_numbers_of_their_distances(simmim_vit, saved, load, lines):
    path = saved(dict(state_dict={f"encoder.{name}": tensor for name, tensor in simmim_vit.state_dict().items()}))
    sharing = dict(relative="table", relative_sharing="model", global_blocks=(1,))
    model = load(path, DENSE, backbone=dict(window=3, **sharing))
    distances = simmim_vit.relative_position_bias.table[:-3].unflatten(0, (7, 7))[1:6, 1:6]
    assert torch.equal(model.relative["windowed"].table[:-3], distances.flatten(0, 1))
    assert "grid 4x4 -> 3x3, of its distances" in lines[0] and "grid 4x4 -> 16x16 (bicubic)" in lines[0]
    wider = load(path, DENSE, backbone=dict(window=5, **sharing))
    assert "grid 4x4 -> 5x5 (bicubic)" in lines[1] and len(wider.relative["windowed"].table) == 9 * 9 + 3


def test_a_vitdet_names_what_it_lacks_for_a_checkpoint_of_simmim(simmim_vit, saved, load):
    path = saved(dict(state_dict={f"encoder.{name}": tensor for name, tensor in simmim_vit.state_dict().items()}))
    both = "set model.backbone.relative=table model.backbone.encoder.type=DenseViT model.backbone.encoder.layer_scale="
    for encoder, options in ((SPARSE, both), (DENSE, "set model.backbone.relative=table, as configs/coco")):
        with pytest.raises(ValueError, match=options):
            load(path, encoder, backbone=dict(relative="decomposed", window=3))
    shallow = dict(DENSE, arch=dict(ARCH, depth=1))
    with pytest.raises(ValueError, match=r"of another architecture: .* has 2 blocks of width 32, the model's 1 blocks"):
        load(path, shallow, backbone=dict(relative="table", window=3))


def test_random_weights_are_told_in_one_line(load, lines):
    load(None)
    init_default_scope("mmdet")
    model = MODELS.build(dict(type="mimseg.ViTBackbone", encoder=SPARSE))
    model.init_weights()
    model.init_weights()  # once is enough
    assert len(lines) == 2 and lines[0] == lines[1]
    assert "starts from random weights" in lines[0] and "model.backbone.init_cfg.checkpoint" in lines[0]


def test_what_does_not_fit_is_one_line_and_names_the_detectors_keys(mim, vit, saved, load, tmp_path, lines):
    other = saved(dict(state_dict={"layer.weight": torch.zeros(2, 2)}), "other.pth")
    decoder = {name: tensor for name, tensor in mim().state_dict().items() if not name.startswith("encoder.")}
    half = {name: t for name, t in vit().state_dict().items() if "blocks.1" not in name}
    cases = (
        (tmp_path / "none.pth", CheckpointError, "no checkpoint at"),
        (other, ValueError, "named as in no known format: layer.weight"),
        (saved(dict(state_dict=decoder), "decoder.pth"), ValueError, "known format|of the weights under 'encoder.'"),
        (saved(dict(state_dict=half), "half.pth"), ValueError, "set model.backbone.init_cfg.least=0"),
        (saved(dict(state_dict=vit(dim=16).state_dict()), "narrow.pth"), ValueError, "model.backbone.encoder.arch"),
    )
    for path, kind, complaint in cases:
        with pytest.raises(kind, match=complaint) as error:
            load(path)
        assert "\n" not in str(error.value) and "load_options" not in str(error.value)
    assert not lines
