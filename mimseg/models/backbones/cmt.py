"""CMT, a hierarchical network of convolutions and attention."""

from typing import TypedDict

from torch import Tensor, nn

from ...ops.patches import patch_grid
from ...registry import MODELS
from .archs import find_arch
from .cmt_blocks import CMTStage
from .init import init_normal


class CMTArch(TypedDict):
    """Size of a CMT: width of the stem; width, blocks and heads of each stage; how much wider the IRFFN is inside."""

    stem_dim: int
    embed_dims: tuple[int, ...]
    depths: tuple[int, ...]
    num_heads: tuple[int, ...]
    mlp_ratio: float


def _arch(stem_dim: int, embed_dim: int, depths: tuple[int, ...], mlp_ratio: float) -> CMTArch:
    dims, heads = (tuple(first * 2**stage for stage in range(4)) for first in (embed_dim, 1))
    return {"stem_dim": stem_dim, "embed_dims": dims, "depths": depths, "num_heads": heads, "mlp_ratio": mlp_ratio}


ARCHS: dict[str, CMTArch] = {
    "tiny": _arch(16, 46, (2, 2, 10, 2), 3.6),
    "xsmall": _arch(16, 52, (3, 3, 12, 3), 3.77),
    "small": _arch(32, 64, (3, 3, 16, 3), 4.0),
    "base": _arch(38, 76, (4, 4, 20, 4), 4.0),
}


def resolve_cmt_arch(arch: str | CMTArch) -> CMTArch:
    """Find an architecture by its name, or take one that is spelled out.

    Raises:
        ValueError: unknown name, other keys than those of :class:`CMTArch`, not as many widths as depths and heads, or
            heads that do not divide a width.
    """
    size = find_arch(arch, ARCHS, "CMT")
    dims, depths, heads = size["embed_dims"], size["depths"], size["num_heads"]
    if not len(dims) == len(depths) == len(heads):
        raise ValueError(
            f"a CMT has as many embed_dims as depths and num_heads, got {list(dims)}, {list(depths)} and {list(heads)}"
        )
    for stage, (dim, number) in enumerate(zip(dims, heads, strict=True)):
        if dim % number:
            raise ValueError(f"width {dim} of stage {stage} of a CMT is no multiple of {number} heads")
    return size


@MODELS.register_module()
class CMT(nn.Module):
    """The trunk of CMT (Guo et al., CVPR 2022): a convolutional stem and four stages, without final norm or classifier.

    As in the paper's public code, positions are a free number for every pair of a query and a key; the pairs of an
    image of another size get theirs by bicubic resizing of the ``(N, N / r^2)`` matrix. Public classifiers, FastMIM's
    included, continue with a 1 x 1 convolution to 1280 channels, BatchNorm, Swish, mean, dropout and a linear layer
    (``Classifier(expand=1280, dropout=0.1)``); FastMIM's pre-training continues with a LayerNorm
    (``DenseBackbone(add_norm=True)``).

    Args:
        arch: 'tiny', 'xsmall', 'small', 'base', or a dict of stem_dim, embed_dims, depths, num_heads, mlp_ratio.
        image_size: (H, W) or one side of the images that the position biases are for.
        in_channels: C.
        drop_path: stochastic depth rate of the last block.

    Attributes:
        stride: side in pixels of a cell of the last stage: 32 with four stages.
        embed_dim: width D of the last stage.

    Raises:
        ValueError: unknown or contradictory arch, or an image size that is no multiple of the stride.
    """

    def __init__(
        self,
        arch: str | CMTArch = "small",
        image_size: int | tuple[int, int] = 224,
        in_channels: int = 3,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        size = resolve_cmt_arch(arch)
        stem, dims, depths = size["stem_dim"], size["embed_dims"], size["depths"]
        self.embed_dim, self.stride = dims[-1], 2 ** (len(dims) + 1)
        grid = patch_grid(*((image_size, image_size) if isinstance(image_size, int) else image_size), self.stride)
        self.stem = nn.Sequential(
            *_stem_layer(in_channels, stem, 2), *_stem_layer(stem, stem), *_stem_layer(stem, stem)
        )
        rates = [drop_path * i / max(1, sum(depths) - 1) for i in range(sum(depths))]
        stages = []
        for i, (dim, depth, heads) in enumerate(zip(dims, depths, size["num_heads"], strict=True)):
            reduction, before = 2 ** (len(dims) - 1 - i), sum(depths[:i])
            stages.append(
                CMTStage(
                    in_dim=dims[i - 1] if i else stem,
                    dim=dim,
                    num_heads=heads,
                    reduction=reduction,
                    hidden=int(dim * size["mlp_ratio"]),
                    rates=rates[before : before + depth],
                    grid=(grid[0] * reduction, grid[1] * reduction),
                )
            )
        self.stages = nn.ModuleList(stages)
        self.apply(_init)

    def forward(self, images: Tensor) -> Tensor:
        """Images ``(B, C, H, W)`` to ``(B, D, H / 32, W / 32)``.

        Raises:
            ValueError: a side is no multiple of the stride.
        """
        return self.stage_maps(images)[-1]

    def stage_maps(self, images: Tensor) -> list[Tensor]:
        """Compute the map ``(B, D, h, w)`` of every stage.

        Raises:
            ValueError: a side is no multiple of the stride.
        """
        patch_grid(images.shape[2], images.shape[3], self.stride)
        maps, x = [], self.stem(images)
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps


def _stem_layer(in_dim: int, dim: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(in_dim, dim, 3, stride=stride, padding=1), nn.GELU(), nn.BatchNorm2d(dim)]


def _init(part: nn.Module) -> None:
    """Linear layers from a normal(0, 0.02), convolutions from Kaiming's normal by fan-out, biases 0, as published."""
    if isinstance(part, nn.Linear):
        init_normal(part.weight, 0.02)
    elif isinstance(part, nn.Conv2d):
        nn.init.kaiming_normal_(part.weight, mode="fan_out")
    if isinstance(part, nn.Linear | nn.Conv2d) and part.bias is not None:
        nn.init.zeros_(part.bias)
