"""An encoder as a program that runs without this project: made by torch.export or ONNX, and compared with it."""

import io
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ...models.backbones.base import MaskedEncoder
from ...models.features import Pool, pooled

Output = Literal["tokens", "map", "pooled"]
Run = Callable[[Tensor], Tensor]
ONNX_LIMIT = 2**31
"""Bytes that a single ONNX file can hold."""
TOLERANCE = 1e-4
"""Largest difference between the file's and the encoder's output, as a share of the largest value."""
BATCHES = (1, 3)
BATCH = {"images": {0: torch.export.Dim("batch", min=1)}}


class ExportableEncoder(nn.Module):
    """The module that is exported: normalised images to one tensor.

    Args:
        encoder: in evaluation mode.
        output: 'tokens', all of them ``(B, prefix + T, D)``; 'map', those of patches as ``(B, D, h, w)``; 'pooled', one
            vector per image ``(B, D)``.
        pool: what 'pooled' takes, 'avg' (mean of the patch tokens) or 'cls' (class token).
    """

    def __init__(self, encoder: MaskedEncoder, output: Output, pool: Pool = "avg") -> None:
        super().__init__()
        self.encoder = encoder
        self.output: Output = output
        self.pool: Pool = pool

    def forward(self, images: Tensor) -> Tensor:
        """Normalised images ``(B, C, H, W)`` to the output."""
        if self.output == "pooled":
            return pooled(self.encoder, images, self.pool)
        latent = self.encoder(images)
        if self.output == "tokens":
            tokens: Tensor = latent.tokens
            return tokens
        h, w = (side // self.encoder.split for side in latent.grid)
        patches: Tensor = latent.patch_tokens
        maps: Tensor = patches.transpose(1, 2).unflatten(2, (h, w))  # untyped in PyTorch
        return maps


def warm_up(module: ExportableEncoder, images: Tensor) -> Tensor:
    """Run once, so that tables which encoders keep for an image size are made; gives the images.

    Raises:
        ValueError: the network does not take this size.
    """
    try:
        module(images)
    except AssertionError as error:  # of timm and MMPreTrain
        size = "x".join(map(str, images.shape[2:]))
        raise ValueError(f"the encoder takes no images of {size} ({error}); set model.encoder.image_size") from error
    return images


def torch_export(module: nn.Module, images: Tensor) -> tuple[bytes, Run | None]:
    """The file's bytes, and what they do."""
    file = io.BytesIO()
    torch.export.save(torch.export.export(module, (images,), dynamic_shapes=BATCH, strict=False), file)
    file.seek(0)
    return file.getvalue(), torch.export.load(file).module()


def onnx(module: ExportableEncoder, images: Tensor) -> tuple[bytes, Run | None]:
    """As :func:`torch_export`; nothing can be run where there is no onnxruntime.

    Raises:
        ValueError: the weights are larger than a file of ONNX.
    """
    if sum(tensor.nbytes for tensor in module.state_dict().values()) >= ONNX_LIMIT:
        raise ValueError("an ONNX file holds at most 2 GB, less than these weights; use --format torch-export")
    program: Any = torch.onnx.export(
        module, (images,), dynamo=True, dynamic_shapes=BATCH, input_names=["images"], output_names=[module.output]
    )
    data: bytes = program.model_proto.SerializeToString()
    if find_spec("onnxruntime") is None:
        return data, None
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return data, lambda batch: torch.from_numpy(session.run(None, {"images": batch.numpy()})[0])


def difference_of(run: Run, module: nn.Module, shape: Sequence[int]) -> float:
    """Compare the program's output with the encoder's: their difference as a share of the largest value.

    Raises:
        ValueError: more than :data:`TOLERANCE`.
    """
    generator = torch.Generator().manual_seed(0)
    worst = 0.0
    for batch in BATCHES:
        images = torch.randn(batch, *shape, generator=generator)
        expected = module(images)
        worst = max(worst, ((run(images) - expected).abs().max() / expected.abs().max().clamp(min=1e-12)).item())
    if not worst <= TOLERANCE:
        raise ValueError(
            f"the exported program differs from the encoder by {worst:.1e} of its largest value, more than "
            f"{TOLERANCE:.0e}: nothing was written"
        )
    return worst
