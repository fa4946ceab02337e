"""Plain PyTorch models with the public names of official MAE, HPM and timm checkpoints, written the long way."""

import math

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from torch import nn

from mimseg.models.masking import RandomPolicy
from mimseg.ops.masking import mask_largest
from mimseg.registry import MODELS


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def sincos_table(h, w, dim):
    """(1, 1 + h * w, dim): a zero row for the class token, then one row per patch, number by number."""
    rows = [np.zeros(dim)]
    for y in range(h):
        for x in range(w):
            row = []
            for position in (x, y):
                angles = [position / 10000 ** (i / (dim // 4)) for i in range(dim // 4)]
                row += [math.sin(a) for a in angles] + [math.cos(a) for a in angles]
            rows.append(np.array(row))
    return torch.from_numpy(np.stack(rows)).float()[None]


class PlainAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        batch, length, dim = x.shape
        q, k, v = self.qkv(x).reshape(batch, length, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) / math.sqrt(dim // self.heads)).softmax(dim=-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(batch, length, dim))


class PlainMLP(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x):
        return self.fc2(nn.functional.gelu(self.fc1(x)))


class PlainBlock(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = PlainAttention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = PlainMLP(dim)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PlainPatchEmbed(nn.Module):
    def __init__(self, patch, channels, dim):
        super().__init__()
        self.proj = nn.Conv2d(channels, dim, patch, patch)

    def forward(self, images):
        return self.proj(images).flatten(2).transpose(1, 2)


class PlainMAE(nn.Module):
    """MAE, with HPM's loss predictor where asked for; masks by argsort of noise, per sample."""

    def __init__(self, grid=(4, 4), patch=4, channels=3, dim=32, depth=2, heads=2, predictor=False):
        super().__init__()
        self.patch, self.channels = patch, channels
        self.patch_embed = PlainPatchEmbed(patch, channels, dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(sincos_table(*grid, dim), requires_grad=False)
        self.blocks = nn.ModuleList(PlainBlock(dim, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        width = 32
        self.decoder_embed = nn.Linear(dim, width)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.decoder_pos_embed = nn.Parameter(sincos_table(*grid, width), requires_grad=False)
        for ending in ("", "_losspred") if predictor else ("",):
            setattr(self, f"decoder_blocks{ending}", nn.ModuleList(PlainBlock(width, 2) for _ in range(2)))
            setattr(self, f"decoder_norm{ending}", nn.LayerNorm(width, eps=1e-6))
            setattr(self, f"decoder_pred{ending}", nn.Linear(width, patch * patch * channels))
        randomize(self)

    def encode(self, images, noise=None, masked=0):
        x = self.patch_embed(images) + self.pos_embed[:, 1:]
        if noise is not None:
            order = noise.argsort(dim=1)[:, : x.shape[1] - masked]
            x = torch.stack([sample[index] for sample, index in zip(x, order, strict=True)])
        x = torch.cat([(self.cls_token + self.pos_embed[:, :1]).expand(len(x), -1, -1), x], dim=1)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)

    def decode(self, latent, noise=None, masked=0, ending=""):
        """Predictions of all patches in image order."""
        x = self.decoder_embed(latent)
        if noise is not None:
            tokens = torch.cat([x[:, 1:], self.mask_token.expand(len(x), masked, -1)], dim=1)
            restore = noise.argsort(dim=1).argsort(dim=1)
            tokens = torch.stack([sample[index] for sample, index in zip(tokens, restore, strict=True)])
            x = torch.cat([x[:, :1], tokens], dim=1)
        x = x + self.decoder_pos_embed
        for block in getattr(self, f"decoder_blocks{ending}"):
            x = block(x)
        return getattr(self, f"decoder_pred{ending}")(getattr(self, f"decoder_norm{ending}")(x))[:, 1:]

    def forward(self, images, noise, masked, norm_pix):
        """Loss, and with a loss predictor also HPM's relative loss."""
        batch, channels, height, width = images.shape
        p = self.patch
        patches = images.reshape(batch, channels, height // p, p, width // p, p)
        patches = torch.einsum("nchpwq->nhwpqc", patches).reshape(batch, -1, p * p * channels)
        if norm_pix:
            patches = (patches - patches.mean(-1, keepdim=True)) / (patches.var(-1, keepdim=True) + 1e-6) ** 0.5
        latent = self.encode(images, noise, masked)
        per_patch = ((self.decode(latent, noise, masked) - patches) ** 2).mean(-1)
        hidden = noise.argsort(dim=1)[:, -masked:]
        per_patch = per_patch.gather(1, hidden)
        if not hasattr(self, "decoder_blocks_losspred"):
            return per_patch.mean(), None
        scores = self.decode(latent, noise, masked, "_losspred").mean(-1).gather(1, hidden)
        total, pairs = 0.0, 0
        for score, loss in zip(scores, per_patch.detach(), strict=True):
            for i in range(masked):
                for j in range(masked):
                    if loss[i] != loss[j]:
                        harder = torch.sigmoid(score[i] - score[j])
                        total = total - (harder.log() if loss[i] > loss[j] else (1 - harder).log())
                        pairs += 1
        return per_patch.mean(), total / pairs


def randomize(model, seed=0):
    """Weights of which every one matters: no zero biases, no unit scales."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.15)


class GivenNoise(RandomPolicy):
    """Mask by this noise, whatever the generator drew."""

    def __init__(self, noise):
        super().__init__()
        self.noise = noise

    def forward(self, draw):
        return mask_largest(self.noise, draw.masked)


def decoder(**options):
    return dict(type="TransformerDecoder", depth=2, num_heads=2, **options)


def mim_config(patch=4, channels=3, dim=32, depth=2, normalize=True, predictor=False, mean_of=None):
    config = dict(
        type="MaskedImageModel",
        data_preprocessor=dict(type="ImagePreprocessor", mean=[120.0] * channels, std=[60.0] * channels),
        encoder=dict(type="SparseViT", arch=dict(embed_dim=dim, depth=depth, num_heads=2), patch_size=patch),
        neck=dict(type="MaskTokenNeck", width=32),
        masking=dict(type="MaskGenerator", policy=dict(type="RandomPolicy"), ratio=dict(type="FixedRatio", ratio=0.75)),
        tasks=dict(
            reconstruct=dict(
                type="Task",
                decoder=decoder(),
                target=dict(type="PixelTarget", normalize=normalize),
                loss=dict(type="PatchMSE"),
            )
        ),
    )
    if predictor:
        config["tasks"]["predict_loss"] = dict(
            type="Task",
            decoder=decoder(mean_of=mean_of),
            target=dict(type="PatchLossTarget", task="reconstruct"),
            loss=dict(type="RelativePatchLoss"),
        )
        config["masking"]["score"] = dict(type="PredictedLossScore")
        config["masking"]["policy"] = dict(type="EasyToHardPolicy")
        config["teachers"] = dict(ema=dict(type="EMATeacher"))
    return config


@pytest.fixture
def plain_mae():
    """Build a :class:`PlainMAE`."""
    return PlainMAE


@pytest.fixture
def mim():
    """Build a MaskedImageModel of the size of PlainMAE's defaults; ``noise`` decides its mask."""
    init_default_scope("mimseg")

    def build(noise=None, seed=1, **options):
        torch.manual_seed(seed)
        model = MODELS.build(mim_config(**options))
        randomize(model, seed)
        for teacher in model.teachers.values():
            randomize(teacher.requires_grad_(True), seed + 1)
            teacher.requires_grad_(False)
        if noise is not None:
            model.masking.policy = GivenNoise(noise)
        return model.eval()

    return build


@pytest.fixture
def vit():
    """Build a FeatureExtractor, or a Classifier with ``classes``."""
    init_default_scope("mimseg")

    def build(classes=None, channels=3, norm="layer", pool="avg", seed=1, depth=2, dim=32, **encoder):
        encoder = dict(
            type="SparseViT",
            arch=dict(embed_dim=dim, depth=depth, num_heads=2),
            **{"patch_size": 4, **encoder},
        )
        config = dict(
            type="FeatureExtractor" if classes is None else "Classifier",
            data_preprocessor=dict(type="ImagePreprocessor", mean=[120.0] * channels, std=[60.0] * channels),
            encoder=encoder,
            pool=pool,
        )
        if classes is not None:
            config |= dict(num_classes=classes, norm=norm)
        model = MODELS.build(config)
        randomize(model, seed)
        return model.eval()

    return build


@pytest.fixture
def noise():
    def draw(grid=(4, 4), batch=3, seed=0):
        return torch.rand(batch, grid[0] * grid[1], generator=torch.Generator().manual_seed(seed))

    return draw


@pytest.fixture
def images():
    def draw(grid=(4, 4), batch=3, channels=3, patch=4, seed=5):
        shape = (batch, channels, grid[0] * patch, grid[1] * patch)
        return torch.randn(shape, generator=torch.Generator().manual_seed(seed))

    return draw


@pytest.fixture
def saved(tmp_path):
    """Write a checkpoint; gives its path."""

    def save(checkpoint, name="file.pth"):
        torch.save(checkpoint, tmp_path / name)
        return tmp_path / name

    return save


@pytest.fixture
def quiet():
    """A ``log`` that keeps what it is told."""

    class Log(list):
        def __call__(self, text):
            self.append(text)

    return Log()


@pytest.fixture
def shaken():
    """Give a model weights and statistics that are nowhere zero or one, and no two alike."""

    def shake(model, seed=0):
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name, tensor in model.state_dict().items():
                if tensor.is_floating_point():
                    noise = torch.randn(tensor.shape, generator=generator)
                    tensor.copy_(1 + 0.3 * noise.abs() if name.endswith("running_var") else tensor + 0.1 * noise)
        model.eval()  # mmpretrain's gives nothing back
        return model

    return shake


@pytest.fixture
def pictures():
    """Two images of a side, or of (H, W)."""

    def draw(size):
        shape = (size, size) if isinstance(size, int) else size
        return torch.randn(2, 3, *shape, generator=torch.Generator().manual_seed(5))

    return draw


def built(kind, encoder, **config):
    init_default_scope("mimseg")
    torch.manual_seed(1)
    preprocessor = dict(type="ImagePreprocessor", mean=[0.0] * 3, std=[1.0] * 3)
    return MODELS.build(dict(type=kind, data_preprocessor=preprocessor, encoder=encoder, **config)).eval()


@pytest.fixture
def extractor():
    """Build a FeatureExtractor around an encoder's config."""
    return lambda encoder: built("FeatureExtractor", encoder)


@pytest.fixture
def classifier():
    """Build a Classifier of five classes around an encoder's config."""
    return lambda encoder, **options: built("Classifier", encoder, num_classes=5, **options)


@pytest.fixture
def pretext():
    """Build a MaskedImageModel that predicts pixels around an encoder's config."""

    def build(encoder, neck=None, decoder=None):
        masking = dict(type="MaskGenerator", policy=dict(type="RandomPolicy"), ratio=dict(type="FixedRatio", ratio=0.5))
        task = dict(
            type="Task",
            decoder=decoder or dict(type="TransformerDecoder", depth=1, num_heads=2),
            target=dict(type="PixelTarget", normalize=False),
            loss=dict(type="PatchMSE"),
        )
        return built("MaskedImageModel", encoder, neck=neck, masking=masking, tasks=dict(reconstruct=task))

    return build
