"""OpenAI's CLIP as teacher: from its own file, with its own activation."""

import pytest
import timm
import torch
import torch.nn.functional as F
from torch import nn

from mimseg.models import FrozenTeacher

NAME = "vit_base_patch16_clip_quickgelu_224.openai"
SIZES = dict(embed_dim=32, depth=2, num_heads=4, img_size=32, num_classes=16)


class QuickGELU(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(1.702 * x)


class ResidualAttentionBlock(nn.Module):
    """A block with the parameter names of OpenAI's file."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.ln_1, self.ln_2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.mlp = nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(dim, 4 * dim))
        self.mlp.add_module("gelu", QuickGELU())
        self.mlp.add_module("c_proj", nn.Linear(4 * dim, dim))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.ln_2(x))


class Visual(nn.Module):
    """CLIP's image tower (Radford et al. 2021), with LayerNorm and projection on all tokens, as HPM reads it."""

    def __init__(self, dim: int = 32, depth: int = 2, heads: int = 4, side: int = 32, out: int = 16) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, dim, 16, 16, bias=False)
        self.class_embedding = nn.Parameter(torch.randn(dim))
        self.positional_embedding = nn.Parameter(torch.randn(1 + (side // 16) ** 2, dim))
        self.ln_pre, self.ln_post = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.transformer = nn.Module()
        self.transformer.resblocks = nn.Sequential(*(ResidualAttentionBlock(dim, heads) for _ in range(depth)))
        self.proj = nn.Parameter(torch.randn(dim, out) / dim**0.5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.conv1(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_embedding.expand(len(x), 1, -1), x], dim=1) + self.positional_embedding
        x = self.transformer.resblocks(self.ln_pre(x))
        return self.ln_post(x) @ self.proj


class Clip(nn.Module):
    """What is published: the image tower beside a text tower and a temperature."""

    def __init__(self) -> None:
        super().__init__()
        self.visual = Visual()
        self.token_embedding = nn.Embedding(5, 8)
        self.logit_scale = nn.Parameter(torch.ones([]))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.visual(images) * self.logit_scale + self.token_embedding.weight.sum()


@pytest.fixture
def clip():
    torch.manual_seed(0)
    model = Clip()
    with torch.no_grad():
        for parameter in model.visual.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))  # norms and biases, too
    return model.eval()


@pytest.fixture
def images():
    return torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("kind", ["state", "archive"])
def test_it_gives_openais_features(clip, images, tmp_path, kind):
    """From the state dict that HPM's code takes, and from the TorchScript archive that OpenAI publishes."""
    path = tmp_path / "ViT-B-16.pt"
    if kind == "state":
        torch.save(clip.state_dict(), path)
    else:
        torch.jit.save(torch.jit.script(clip), str(path))
    teacher = FrozenTeacher(NAME, str(path), project=True, options=SIZES)
    seen = teacher.look(images, frozenset({"features"})).features
    torch.testing.assert_close(seen, clip.visual(images)[:, 1:].detach(), rtol=1e-4, atol=1e-5)


def test_a_half_precision_archive_is_read_in_fp32(clip, images, tmp_path):
    path = tmp_path / "ViT-B-16.pt"
    torch.jit.save(torch.jit.script(clip.half()), str(path))
    teacher = FrozenTeacher(NAME, str(path), project=True, options=SIZES)
    seen = teacher.look(images, frozenset({"features"})).features
    assert seen.dtype == torch.float32
    torch.testing.assert_close(seen, clip.float().visual(images)[:, 1:].detach(), rtol=1e-4, atol=1e-5)


def test_gelu_would_give_something_else(clip, images):
    exact = clip.visual(images)
    clip.visual.transformer.resblocks.apply(lambda part: part.register_forward_hook(gelu))
    assert (clip.visual(images) - exact).abs().max() > 1e-3


def gelu(module, inputs, output):
    return F.gelu(inputs[0]) if isinstance(module, QuickGELU) else None


def test_openais_weights_in_a_model_with_gelu_are_refused(tmp_path):
    with pytest.raises(ValueError) as error:
        FrozenTeacher("vit_base_patch16_clip_224.openai", str(tmp_path / "any.pt"), project=True)
    assert str(error.value) == (
        "teacher model 'vit_base_patch16_clip_224.openai' computes GELU, but OpenAI's weights were trained with "
        "QuickGELU; set model='vit_base_patch16_clip_quickgelu_224.openai'"
    )


def test_a_teacher_in_any_wrapping_is_found_and_no_weights_are_one_line(images, tmp_path):
    """DINO's full checkpoint has teacher and student, each behind a prefix."""
    torch.manual_seed(0)
    options = dict(embed_dim=32, depth=1, num_heads=2, img_size=32)
    network = timm.create_model("vit_tiny_patch16_224", num_classes=0, **options)
    named = {f"module.backbone.{name}": value for name, value in network.state_dict().items()}
    other = {name: value + 1 for name, value in named.items()}
    torch.save({"student": other, "teacher": named, "epoch": 3}, tmp_path / "dino.pth")
    teacher = FrozenTeacher("vit_tiny_patch16_224", str(tmp_path / "dino.pth"), options=options)
    expected = network.eval().forward_features(images)[:, 1:]
    torch.testing.assert_close(teacher.look(images, frozenset({"features"})).features, expected)
    (tmp_path / "empty.pth").touch()
    torch.save([1], tmp_path / "list.pth")
    for name in ("empty.pth", "list.pth"):
        with pytest.raises(ValueError, match=f"teacher checkpoint .*{name}") as error:
            FrozenTeacher("vit_tiny_patch16_224", str(tmp_path / name), options=options)
        assert "\n" not in str(error.value)
