"""Position tables of other windows, grids and image sizes, by way of whole files."""

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope
from timm.models.vision_transformer import VisionTransformer
from torch import nn

from mimseg.apis.run.config import check_keys
from mimseg.checkpoints import load_weights
from mimseg.checkpoints.geometric import resize_geometric
from mimseg.models.backbones.cmt import CMT
from mimseg.registry import MODELS

SWIN = dict(type="DenseSwin", arch=dict(embed_dim=8, depths=(1, 1, 2, 1), num_heads=(1, 1, 2, 2)))
TABLES = [
    f"encoder.layers.{i}.blocks.{j}.attn.relative_position_bias_table" for i, j in ((0, 0), (2, 0), (2, 1), (3, 0))
]
CMT_ARCH = dict(stem_dim=2, embed_dims=(2, 2, 2, 4), depths=(1, 1, 1, 1), num_heads=(1, 1, 2, 2), mlp_ratio=2.0)


def extractor(seed, **encoder):
    init_default_scope("mimseg")
    torch.manual_seed(seed)
    preprocessor = dict(type="ImagePreprocessor", mean=[0.0] * 3, std=[1.0] * 3)
    return randomized(MODELS.build(dict(type="FeatureExtractor", data_preprocessor=preprocessor, encoder=encoder)))


def randomized(model):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model.eval()


def swin(seed, size, window):
    return extractor(seed, **SWIN, image_size=size, window_size=window)


class Wrapped(nn.Module):
    """A model whose encoder wraps a backbone of any kind."""

    def __init__(self, backbone, seed):
        super().__init__()
        torch.manual_seed(seed)
        self.encoder = nn.Module()
        self.encoder.backbone = backbone
        self.encoder.mask_token = nn.Parameter(torch.zeros(1, 3, 1, 1))
        randomized(self)


class PVTPositions(nn.Module):
    """What the pyramid ViT of MMDetection adds behind a stage's patch embedding."""

    def __init__(self, shape, dim):
        super().__init__()
        self.pos_shape = shape
        self.pos_embed = nn.Parameter(torch.zeros(1, shape[0] * shape[1], dim))


class BiasedWindows(nn.Module):
    def __init__(self, window, heads, extra=0):
        super().__init__()
        self.window_size = window
        rows = (2 * window[0] - 1) * (2 * window[1] - 1) + extra
        self.relative_position_bias_table = nn.Parameter(torch.zeros(rows, heads))
        area = window[0] * window[1]
        self.register_buffer("relative_position_index", torch.zeros(area, area, dtype=torch.long))


def bicubic(image, size):
    return F.interpolate(image[None], size=size, mode="bicubic", align_corners=False)[0]


def resized_table(table, old, new):
    """Rows of distances (h * w, heads), by hand as an image."""
    return bicubic(table.t().reshape(-1, *old), new).flatten(1).t()


def test_tables_of_windows_are_resized_bicubically(saved, quiet):
    source, model = swin(0, 128, 4), swin(1, 224, 7)
    report = load_weights(model, saved(source.state_dict()), log=quiet)
    old, new = source.state_dict(), model.state_dict()
    assert set(TABLES) < set(report.resized) and set(report.resized.values()) == {"window 4 -> 7 (bicubic)"}
    assert "5 of them adapted: window 4 -> 7 (bicubic)" in quiet[0] and report.coverage == 1
    for name in TABLES:
        torch.testing.assert_close(new[name], resized_table(old[name], (7, 7), (13, 13)), rtol=0, atol=1e-6)
    others = [name for name in old if name not in report.resized]
    assert all(torch.equal(old[name], new[name]) for name in others)
    assert model.extract_features(torch.randn(1, 3, 224, 224)).isfinite().all()


def test_tables_of_windows_are_resized_geometrically(saved, quiet):
    source, model = swin(0, 128, 4), swin(1, 224, 7)
    load_weights(model, saved(source.state_dict()), position_tables="geometric", log=quiet)
    assert "5 of them adapted: window 4 -> 7 (geometric)" in quiet[0]
    for name in TABLES:
        old, new = source.state_dict()[name], model.state_dict()[name]
        torch.testing.assert_close(new, resize_geometric(old, (7, 7), (13, 13)))
        assert (new - resized_table(old, (7, 7), (13, 13))).abs().max() > 0.01
        torch.testing.assert_close(new[84], old[24], rtol=0, atol=1e-6)  # no distance


def test_tables_of_windows_can_stay_as_initialised(saved, quiet):
    source, model = swin(0, 128, 4), swin(1, 224, 7)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    report = load_weights(model, saved(source.state_dict()), position_tables="reinit", log=quiet)
    assert all(torch.equal(model.state_dict()[name], before[name]) for name in TABLES)
    assert report.coverage == 1 and not report.resized
    assert "5 missing (kept as initialised: window 4 -> 7)" in quiet[0]
    assert torch.equal(model.encoder.norm.weight, source.encoder.norm.weight)


def test_windows_that_fit_are_taken_as_they_are(saved, quiet):
    source, model = swin(0, 128, 4), swin(1, 256, 4)
    for method in ("bicubic", "geometric", "reinit"):
        report = load_weights(model, saved(source.state_dict()), position_tables=method, log=quiet)
        assert not report.resized and not report.missing
        assert all(torch.equal(model.state_dict()[name], source.state_dict()[name]) for name in TABLES)


@pytest.mark.parametrize("method", ["bicubic", "geometric"])
def test_the_class_tokens_rows_stay(method, saved, quiet):
    """A DenseViT's shared table, and BEiT's."""
    vit = dict(type="DenseViT", arch=dict(embed_dim=16, depth=1, num_heads=2), patch_size=16)
    pairs = [
        (
            extractor(0, **vit, image_size=64),
            extractor(1, **vit, image_size=96),
            "encoder.relative_position_bias.table",
        ),
        (
            Wrapped(BiasedWindows((4, 4), 2, extra=3), 0),
            Wrapped(BiasedWindows((6, 6), 2, extra=3), 1),
            "encoder.backbone.relative_position_bias_table",
        ),
    ]
    for source, model, name in pairs:
        load_weights(model, saved(source.state_dict()), position_tables=method, log=quiet)
        old, new = source.state_dict()[name], model.state_dict()[name]
        assert torch.equal(new[-3:], old[-3:])
        resize = resized_table if method == "bicubic" else resize_geometric
        torch.testing.assert_close(new[:-3], resize(old[:-3], (7, 7), (11, 11)), rtol=0, atol=1e-6)
        assert f"({method})" in quiet[-1]


def test_windows_need_not_be_square(saved, quiet):
    source, model = Wrapped(BiasedWindows((2, 4), 2), 0), Wrapped(BiasedWindows((4, 8), 2), 1)
    report = load_weights(model, saved(source.state_dict()), log=quiet)
    table = source.encoder.backbone.relative_position_bias_table.detach()
    expected = resized_table(table, (3, 7), (7, 15))
    torch.testing.assert_close(model.encoder.backbone.relative_position_bias_table.detach(), expected)
    assert list(report.resized.values()) == ["window 2x4 -> 4x8 (bicubic)"]


def test_a_window_that_cannot_be_told_is_one_line(saved, quiet):
    path, model = saved(Wrapped(BiasedWindows((2, 3), 2), 0).state_dict()), Wrapped(BiasedWindows((7, 7), 2), 1)
    for method in ("bicubic", "geometric"):
        with pytest.raises(
            ValueError, match="15 rows in the file and 169 in the model.*no window can be told"
        ) as error:
            load_weights(model, path, position_tables=method, log=quiet)
        assert "\n" not in str(error.value)
    report = load_weights(model, path, position_tables="reinit", log=quiet)  # as the message says
    assert list(report.missing.values()) == ["kept as initialised: 15 -> 169 rows"]


def test_biases_of_cmt_are_resized_as_images(saved, quiet):
    source, model = Wrapped(CMT(CMT_ARCH, 128), 0), Wrapped(CMT(CMT_ARCH, 224), 1)
    report = load_weights(model, saved(source.state_dict()), log=quiet)
    for i, queries in enumerate((3136, 784, 196, 49)):
        old, new = (part.encoder.backbone.stages[i].relative_position_bias.detach() for part in (source, model))
        torch.testing.assert_close(new, bicubic(old, (queries, 49)), rtol=0, atol=1e-6)
    name = "encoder.backbone.stages.0.relative_position_bias"
    assert report.resized[name] == "queries x keys 1024x16 -> 3136x49 (bicubic)" and len(report.resized) == 4
    report = load_weights(model, saved(source.state_dict()), position_tables="geometric", log=quiet)
    assert report.resized[name].endswith("(bicubic, it has no distances)")


def test_a_cmt_for_224_px_starts_as_the_one_for_128_px_computes_there(saved, quiet):
    source, model = Wrapped(CMT(CMT_ARCH, 32), 0), Wrapped(CMT(CMT_ARCH, 64), 1)
    load_weights(model, saved(source.state_dict()), log=quiet)
    images = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(model.encoder.backbone(images), source.encoder.backbone(images))


@pytest.mark.parametrize("options", [{}, dict(class_token=False, global_pool="avg"), dict(reg_tokens=2)])
def test_learned_positions_of_timm_models_follow_the_grid(options, saved, quiet):
    def vit(size, seed):
        return Wrapped(VisionTransformer(size, 8, embed_dim=8, depth=1, num_heads=2, num_classes=0, **options), seed)

    source, model = vit(32, 0), vit((48, 24), 1)
    report = load_weights(model, saved(source.state_dict()), log=quiet)
    old, new = (part.encoder.backbone.pos_embed[0].detach() for part in (source, model))
    prefix = source.encoder.backbone.num_prefix_tokens
    assert torch.equal(new[:prefix], old[:prefix])
    torch.testing.assert_close(new[prefix:], resized_table(old[prefix:], (4, 4), (6, 3)))
    assert report.resized == {"encoder.backbone.pos_embed": "grid 4x4 -> 6x3 (bicubic)"}


def test_positions_of_every_stage_of_a_pyramid_follow_the_grid(saved, quiet):
    def pyramid(sides, seed):
        return Wrapped(nn.ModuleList(PVTPositions((side, side), 3) for side in sides), seed)

    source, model = pyramid((8, 4), 0), pyramid((14, 7), 1)
    report = load_weights(model, saved(source.state_dict()), log=quiet)
    for i, (old, new) in enumerate(((8, 14), (4, 7))):
        tables = [part.encoder.backbone[i].pos_embed[0].detach() for part in (source, model)]
        torch.testing.assert_close(tables[1], resized_table(tables[0], (old, old), (new, new)))
    assert sorted(report.resized.values()) == ["grid 4x4 -> 7x7 (bicubic)", "grid 8x8 -> 14x14 (bicubic)"]


def test_a_grid_that_cannot_be_told_is_one_line(saved, quiet):
    path = saved(Wrapped(PVTPositions((3, 2), 3), 0).state_dict())
    with pytest.raises(ValueError, match="backbone.pos_embed has 6 rows in the file and 16 in the model") as error:
        load_weights(Wrapped(PVTPositions((4, 4), 3), 1), path, log=quiet)
    assert "\n" not in str(error.value)


def test_what_follows_from_windows_is_the_models_own(saved, quiet):
    """Index buffers of MMDetection's Swin are in its checkpoints."""
    source, model = Wrapped(BiasedWindows((4, 4), 1), 0), Wrapped(BiasedWindows((2, 2), 1), 1)
    model.encoder.backbone.relative_position_index.fill_(5)
    report = load_weights(model, saved(source.state_dict()), log=quiet)
    assert report.coverage == 1 and not report.missing and not report.ignored
    assert model.encoder.backbone.relative_position_index.unique().tolist() == [5]


@pytest.mark.parametrize("method", ["bicubic", "geometric", "reinit"])
def test_tables_of_other_heads_are_of_another_architecture(method, saved, quiet):
    path = saved(Wrapped(BiasedWindows((4, 4), 2), 0).state_dict())
    with pytest.raises(ValueError, match=r"bias_table is \(49, 2\) in the file and \(169, 4\) in the model") as error:
        load_weights(Wrapped(BiasedWindows((7, 7), 4), 1), path, position_tables=method, log=quiet)
    assert "\n" not in str(error.value)


def test_tables_of_other_heads_or_widths_are_not_resized(vit, saved, quiet):
    """Not even a single head or channel, which would fit any number by broadcasting."""

    def dense(size, heads):
        arch = dict(embed_dim=16, depth=1, num_heads=heads)
        return extractor(0, type="DenseViT", arch=arch, patch_size=16, image_size=size)

    def learned(size, dim):
        return vit(image_size=size, dim=dim, positions="learned")

    pairs = [
        (dense(64, 1), dense(96, 2), r"relative_position_bias.table is \(52, 1\) in the file and \(124, 2\)"),
        (learned(16, 32), learned(24, 16), r"\(1, 1, 32\) in the file and \(1, 1, 16\) in the model"),
        (Wrapped(CMT(CMT_ARCH, 32), 0), Wrapped(CMT({**CMT_ARCH, "num_heads": (2, 1, 2, 2)}, 64), 0), r"\(1, 64, 1\)"),
        (Wrapped(PVTPositions((2, 2), 1), 0), Wrapped(PVTPositions((3, 3), 4), 0), r"\(1, 4, 1\) in the file"),
    ]
    for source, model, complaint in pairs:
        path, before = saved(source.state_dict()), {name: t.clone() for name, t in model.state_dict().items()}
        for method in ("bicubic", "geometric", "reinit"):
            with pytest.raises(ValueError, match=complaint) as error:
                load_weights(model, path, position_tables=method, log=quiet)
            assert "\n" not in str(error.value)
        assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_other_ways_are_refused_in_one_line(saved, quiet):
    path = saved(swin(0, 128, 4).state_dict())
    with pytest.raises(ValueError, match="position_tables must be 'bicubic', .* got 'cubic'") as error:
        load_weights(swin(1, 224, 7), path, position_tables="cubic", log=quiet)
    assert "\n" not in str(error.value) and not quiet


def test_configs_may_choose():
    check_keys(dict(load_options=dict(weights="ema", least=0.6, position_tables="geometric")))
    with pytest.raises(ValueError, match=r"load_options.tables is read by nothing"):
        check_keys(dict(load_options=dict(tables="geometric")))


@pytest.mark.parametrize("method", ["bicubic", "reinit"])
def test_our_own_learned_table(method, vit, saved, quiet):
    options = dict(positions="learned")
    source, model = vit(image_size=16, **options), vit(image_size=(8, 24), seed=2, **options)
    before = model.encoder.positions.table.detach().clone()
    load_weights(model, saved(source.state_dict()), position_tables=method, log=quiet)
    old, new = source.encoder.positions.table.detach(), model.encoder.positions.table.detach()
    if method == "reinit":
        assert torch.equal(new, before) and "kept as initialised: grid 4x4 -> 2x6" in quiet[0]
    else:
        assert torch.equal(new[0], old[0])
        torch.testing.assert_close(new[1:], resized_table(old[1:], (4, 4), (2, 6)))
