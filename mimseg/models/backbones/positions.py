"""Position embeddings for whatever grid an image has: fixed, or learned for one grid and resized for others."""

import torch
from torch import Tensor, nn

from ...choices import one_of
from ...ops.patches import patch_grid
from ...ops.posembed import resize_grid, sincos_2d

Grid = tuple[int, int]


class Positions(nn.Module):
    """2-D sine-cosine position embeddings, made once per grid and kept on the module's device.

    The table is no buffer: averages of a model, such as MMEngine's ``EMAHook``, copy buffers, which must keep their
    shape.

    Args:
        dim: width D, a multiple of 4.
        reference: patch grid ``(h, w)`` whose embeddings are resized bicubically for any other, as learned ones are in
            MAE's and FastMIM's transfer: no coordinate lies beyond those of ``reference``. None computes them anew for
            every grid.
        resizes: whether a checkpoint of another grid may set ``reference``.

    Attributes:
        trained: the grid that was last used in training mode; None before.
        place: empty; has the device and type of the module, which the table follows.
    """

    place: Tensor

    def __init__(self, dim: int, reference: Grid | None = None, resizes: bool = True) -> None:
        super().__init__()
        self.dim = dim
        self.reference = reference
        self.resizes = resizes
        self.trained: Grid | None = None
        self.made: tuple[Grid, Grid | None] | None = None
        self.table = torch.empty(0, dim)
        self.register_buffer("place", torch.empty(0), persistent=False)

    @property
    def own_grid(self) -> Grid | None:
        """The grid that weights trained with these embeddings are for; None if not known yet."""
        return self.reference or self.trained

    def forward(self, grid: Grid, index: Tensor | None = None) -> Tensor:
        """Compute the embeddings ``(L, D)`` of a grid, or ``(B, K, D)`` at the patches ``index (B, K)``."""
        if self.training:
            self.trained = grid
        if self.made != (grid, self.reference):
            own = self.reference or grid
            self.table = resize_grid(sincos_2d(own, self.dim), own, grid)
            self.made = grid, self.reference
        self.table = self.table.to(self.place)
        return self.table if index is None else self.table[index]


class LearnedPositions(nn.Module):
    """A trained table that starts as the sine-cosine one; MAE fine-tunes with it (its models_vit).

    Args:
        dim: width D, a multiple of 4.
        grid: patch grid ``(h, w)`` of the table; for images with another one it is resized bicubically.

    Attributes:
        table: ``(1 + h * w, D)``, the class token's row first.
        size: ``[h, w]``, so that a checkpoint tells the table's grid.
    """

    size: Tensor

    def __init__(self, dim: int, grid: Grid) -> None:
        super().__init__()
        self.own_grid = grid
        self.table = nn.Parameter(torch.cat([torch.zeros(1, dim), sincos_2d(grid, dim)]))
        self.register_buffer("size", torch.tensor(grid))

    @property
    def prefix(self) -> Tensor:
        """What is added to the class token ``(1, D)``."""
        return self.table[:1]

    def forward(self, grid: Grid, index: Tensor | None = None) -> Tensor:
        """Compute the embeddings ``(L, D)`` of a grid, or ``(B, K, D)`` at the patches ``index (B, K)``."""
        patches = resize_grid(self.table[1:], self.own_grid, grid)
        return patches if index is None else patches[index]


def make_positions(
    kind: str, dim: int, patch_size: int, image_size: int | tuple[int, int] | None
) -> Positions | LearnedPositions:
    """Make the position embedding that a :class:`SparseViT` is configured with; see there.

    Raises:
        ValueError: unknown kind, or learned positions without an image size.
    """
    one_of("encoder.positions", kind, ("sincos", "sincos_per_grid", "learned"))
    if kind == "sincos_per_grid":
        return Positions(dim, resizes=False)
    if image_size is None:
        if kind == "sincos":
            return Positions(dim)
        raise ValueError("encoder.positions='learned' needs encoder.image_size, the side or (H, W) of the images")
    height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
    grid = patch_grid(height, width, patch_size)
    return Positions(dim, grid) if kind == "sincos" else LearnedPositions(dim, grid)
