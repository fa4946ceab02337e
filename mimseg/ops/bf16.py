"""bf16 on a CPU: what PyTorch's own operators do slowly there, at the same storage and rounding of activations.

On every other device, and in fp32, these functions are PyTorch's.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

aten = torch.ops.aten


def multiplies_bf16() -> bool:
    """Whether this machine's CPU multiplies bf16 natively; True where torch cannot tell (not x86)."""
    known = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return known.get("architecture") != "x86_64" or known.get("avx512_bf16", False) or known.get("amx_bf16", False)


NATIVE = multiplies_bf16()


def linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """``F.linear``; under bf16 autocast on a CPU without bf16 instructions, products are computed in fp32.

    There, a bf16 product is emulated and takes four times as long as an fp32 one. Input and output are rounded to and
    kept in bf16 as everywhere else; the weight is not rounded, and its gradient is fp32.

    Args:
        x: ``(..., K)``.
        weight: ``(N, K)``.
        bias: ``(N)`` or None.

    Returns:
        ``(..., N)``, bf16 under bf16 autocast.
    """
    if NATIVE or x.device.type != "cpu" or not _autocasts_to_bf16():
        return F.linear(x, weight, bias)
    return _LinearInFp32.apply(x, weight, bias)  # type: ignore[no-any-return]


def attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    """``F.scaled_dot_product_attention``; on a CPU, the gradient of a bf16 one is computed in fp32.

    PyTorch's CPU kernel cuts the gradient into many small products. In bf16 each of them goes through oneDNN, whose
    overhead makes it three times slower than the same kernel in fp32.

    Args:
        query: ``(B, heads, N, d)``.
        key: ``(B, heads, M, d)``.
        value: ``(B, heads, M, d)``.
        mask: broadcasts to ``(B, heads, N, M)``: bool, False where a query must not see a key, or a float bias that is
            added before the softmax.

    Returns:
        ``(B, heads, N, d)``.
    """
    learning = torch.is_grad_enabled() and query.requires_grad
    if learning and query.device.type == "cpu" and query.dtype == torch.bfloat16 and not _learns(mask):
        return _AttentionOnCPU.apply(query, key, value, mask)  # type: ignore[no-any-return]
    bias = mask.to(query.dtype) if mask is not None and mask.is_floating_point() else mask
    return F.scaled_dot_product_attention(query, key, value, attn_mask=bias)


def _learns(mask: Tensor | None) -> bool:
    return mask is not None and mask.requires_grad


def _autocasts_to_bf16() -> bool:
    return torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.bfloat16


class _LinearInFp32(torch.autograd.Function):
    """bf16 in and out, fp32 between."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        rounded = x.to(torch.bfloat16)
        ctx.save_for_backward(rounded, weight)
        ctx.dtype = x.dtype
        with torch.autocast("cpu", enabled=False):
            return F.linear(rounded.float(), weight, bias).to(torch.bfloat16)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        rows = gradient.float().flatten(0, -2)
        with torch.autocast("cpu", enabled=False):
            of_x = (rows @ weight).to(ctx.dtype).view(x.shape) if ctx.needs_input_grad[0] else None
            of_weight = rows.t() @ x.float().flatten(0, -2) if ctx.needs_input_grad[1] else None
        return of_x, of_weight, rows.sum(0) if ctx.needs_input_grad[2] else None


class _AttentionOnCPU(torch.autograd.Function):
    """PyTorch's kernels, the backward one in fp32."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
        if mask is not None and mask.dtype == torch.bool:
            mask = torch.zeros(mask.shape, dtype=query.dtype).masked_fill_(~mask, -torch.inf)
        ctx.mask = mask
        bias = None if mask is None else mask.to(query.dtype)
        out, logsumexp = aten._scaled_dot_product_flash_attention_for_cpu(query, key, value, attn_mask=bias)
        ctx.save_for_backward(query, key, value, out, logsumexp)
        return out  # type: ignore[no-any-return]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        *saved, logsumexp = ctx.saved_tensors
        tensors = [tensor.float() for tensor in (gradient, *saved)]
        kernel = aten._scaled_dot_product_flash_attention_for_cpu_backward
        bias = None if ctx.mask is None else ctx.mask.float()
        gradients = kernel(*tensors, logsumexp, dropout_p=0.0, is_causal=False, attn_mask=bias)
        return (*(part.to(gradient.dtype) for part in gradients), None)
