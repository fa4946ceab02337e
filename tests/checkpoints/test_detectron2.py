"""To and from detectron2's ViTDet, which cannot be installed here: against its names, and a plain ViTDet."""

import math

import pytest
import torch
from torch import nn

from mimseg.apis import convert
from mimseg.checkpoints import describe, load_weights
from mimseg.models import FeatureExtractor
from mimseg.models.transfer import ViTBackbone

ARCH = dict(embed_dim=32, depth=2, num_heads=2)
BLOCK = {
    "norm1.weight": (32,), "norm1.bias": (32,), "attn.qkv.weight": (96, 32), "attn.qkv.bias": (96,),
    "attn.proj.weight": (32, 32), "attn.proj.bias": (32,), "norm2.weight": (32,), "norm2.bias": (32,),
    "mlp.fc1.weight": (128, 32), "mlp.fc1.bias": (128,), "mlp.fc2.weight": (32, 128), "mlp.fc2.bias": (32,),
}  # fmt: skip
SHAPES = {
    "backbone.net.pos_embed": (1, 17, 32),
    "backbone.net.patch_embed.proj.weight": (32, 3, 4, 4),
    "backbone.net.patch_embed.proj.bias": (32,),
    **{f"backbone.net.blocks.{i}.{name}": shape for i in range(2) for name, shape in BLOCK.items()},
}


class PlainAttention(nn.Module):
    """Attention on maps with decomposed relative positions, one pair of tokens after the other."""

    def __init__(self, dim, heads, side):
        super().__init__()
        self.heads, self.side = heads, side
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        if side:
            self.rel_pos_h = nn.Parameter(torch.zeros(2 * side - 1, dim // heads))
            self.rel_pos_w = nn.Parameter(torch.zeros(2 * side - 1, dim // heads))

    def forward(self, x):
        batch, height, width, dim = x.shape
        qkv = self.qkv(x).reshape(batch, height * width, 3, self.heads, dim // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        logits = query @ key.transpose(2, 3) / math.sqrt(dim // self.heads)
        if self.side:
            logits = logits + self.relative(query, height, width)
        mixed = (logits.softmax(-1) @ value).transpose(1, 2)
        return self.proj(mixed.reshape(batch, height, width, dim))

    def relative(self, query, height, width):
        places = [(y, x) for y in range(height) for x in range(width)]
        columns = []
        for key_y, key_x in places:
            down = torch.stack([self.rel_pos_h[y - key_y + self.side - 1] for y, _ in places])
            right = torch.stack([self.rel_pos_w[x - key_x + self.side - 1] for _, x in places])
            columns.append((query * (down + right)).sum(-1))
        return torch.stack(columns, dim=-1)


class PlainBlock(nn.Module):
    def __init__(self, dim, heads, side):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim, eps=1e-6), nn.LayerNorm(dim, eps=1e-6)
        self.attn = PlainAttention(dim, heads, side)
        self.mlp = nn.Module()
        self.mlp.fc1, self.mlp.fc2 = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp.fc2(nn.functional.gelu(self.mlp.fc1(self.norm2(x))))


class PlainViTDet(nn.Module):
    """ViTDet's ViT with global attention only, under detectron2's names; ``side`` of its relative positions."""

    def __init__(self, dim=32, depth=2, heads=2, patch=4, side=0):
        super().__init__()
        net = nn.Module()
        net.patch_embed = nn.Module()
        net.patch_embed.proj = nn.Conv2d(3, dim, patch, patch)
        net.pos_embed = nn.Parameter(torch.zeros(1, 17, dim))
        net.blocks = nn.ModuleList(PlainBlock(dim, heads, side) for _ in range(depth))
        self.backbone = nn.Module()
        self.backbone.net = net

    def forward(self, images):
        net = self.backbone.net
        x = net.patch_embed.proj(images).permute(0, 2, 3, 1)
        side = math.isqrt(net.pos_embed.shape[1] - 1)
        table = net.pos_embed[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
        if table.shape[2:] != x.shape[1:3]:
            table = nn.functional.interpolate(table, size=x.shape[1:3], mode="bicubic", align_corners=False)
        x = x + table.permute(0, 2, 3, 1)
        for block in net.blocks:
            x = block(x)
        return x.permute(0, 3, 1, 2)


def file_of(model, saved, name="file.pth"):
    return saved({"state_dict": model.state_dict(), "meta": {"mimseg": describe(model)}}, name)


def backbone(image_size, **options):
    encoder = dict(type="SparseViT", arch=ARCH, patch_size=4, positions="learned", image_size=image_size)
    return ViTBackbone(encoder, **options).eval()


@pytest.fixture
def written(mim, saved, tmp_path):
    """A pre-trained HPM, its conversion's report, and the file."""
    model = mim(predictor=True)
    report = convert(file_of(model, saved), tmp_path / "vitdet.pth", "detectron2", image_size=(16, 16))
    return model, report, tmp_path / "vitdet.pth"


def test_names_and_shapes_are_vitdets(written):
    model, report, path = written
    checkpoint = torch.load(path, weights_only=True)
    assert list(checkpoint) == ["model"]
    assert {name: tuple(tensor.shape) for name, tensor in checkpoint["model"].items()} == SHAPES
    gone = {name for name in model.state_dict() if not name.startswith("encoder.")}
    assert set(report.left_out) == gone | {"encoder.cls_token", "encoder.norm.weight", "encoder.norm.bias"}
    assert "num_heads=2" in str(report) and "pretrain_img_size=16, pretrain_use_cls_token=True" in str(report)


def test_a_plain_vitdet_computes_the_same(written, images):
    model, _, path = written
    plain = PlainViTDet()
    plain.load_state_dict(torch.load(path, weights_only=True)["model"], strict=True)
    pictures = images((4, 4))
    encoder = model.encoder
    x = encoder.enter(pictures)[:, 1:]
    for block in encoder.blocks:
        x = block(x)
    torch.testing.assert_close(plain(pictures).flatten(2).transpose(1, 2), x, rtol=0, atol=1e-5)


def test_read_back_it_is_the_encoder_that_was_written(written, vit, quiet, tmp_path):
    model, _, path = written
    extractor = vit(seed=9)
    report = load_weights(extractor, path, scope="encoder.", least=0.9, log=quiet)
    assert report.label.startswith("detectron2 ViTDet")
    assert set(report.missing) == {"encoder.cls_token", "encoder.norm.weight", "encoder.norm.bias"}
    for name, tensor in model.encoder.blocks.state_dict().items():
        assert torch.equal(extractor.encoder.blocks.state_dict()[name], tensor)
    assert torch.equal(extractor.encoder.patch_embed.weight, model.encoder.patch_embed.weight)
    convert(path, tmp_path / "again.pth", "detectron2", num_heads=2)
    again, first = (torch.load(file, weights_only=True)["model"] for file in (tmp_path / "again.pth", path))
    assert again.keys() == first.keys() and all(torch.equal(again[name], first[name]) for name in first)


def test_fixed_positions_of_such_a_file_are_resized_as_vitdet_resizes_them(written, images, quiet):
    """14 x 14 to 64 x 64 in small: 4 x 4 to 6 x 6."""
    _, _, path = written
    plain = PlainViTDet()
    plain.load_state_dict(torch.load(path, weights_only=True)["model"], strict=True)
    ours, pictures = backbone(24), images((6, 6))
    load_weights(ours, path, scope="encoder.", least=0.9, fixed_positions="resized", log=quiet)
    torch.testing.assert_close(ours(pictures)[-1], plain(pictures), rtol=0, atol=1e-5)


@pytest.mark.parametrize("class_row", [True, False])
def test_a_trained_vitdet_loads_with_its_relative_positions(saved, images, quiet, class_row):
    torch.manual_seed(3)
    plain = PlainViTDet(side=4)
    with torch.no_grad():
        for parameter in plain.parameters():
            parameter.normal_(std=0.15)
    tensors = {**plain.state_dict(), "proposal_generator.rpn_head.conv.weight": torch.ones(1)}
    if not class_row:
        tensors["backbone.net.pos_embed"] = tensors["backbone.net.pos_embed"][:, 1:]
    ours = backbone(16, relative="decomposed")
    report = load_weights(ours, saved({"model": tensors}), scope="encoder.", least=0.9, log=quiet)
    assert report.ignored == ("proposal_generator.rpn_head.conv.weight",)
    pictures = images((4, 4))
    torch.testing.assert_close(ours(pictures)[-1], plain(pictures), rtol=0, atol=1e-5)


def test_what_vitdet_cannot_hold_is_refused_and_leaves_nothing(written, mim, saved, tmp_path):
    _, _, path = written
    out = tmp_path / "out.pth"
    with pytest.raises(ValueError, match="not a 2x6 patch grid; give a square --image-size"):
        convert(file_of(mim(), saved), out, "detectron2", image_size=(8, 24))
    encoder = dict(type="DenseViT", arch=ARCH, patch_size=4, positions="learned", image_size=16)
    scaled = FeatureExtractor(dict(type="ImagePreprocessor", mean=[0.0] * 3, std=[1.0] * 3), encoder)
    with pytest.raises(ValueError, match="it has encoder.blocks.0.ls1.gamma, for which ViTDet has no place"):
        convert(file_of(scaled, saved), out, "detectron2")
    with pytest.raises(ValueError, match="it holds no class token, which --to timm has"):
        convert(path, out, "timm", num_heads=2)
    assert not out.exists()
