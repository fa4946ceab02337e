"""A training step as a GPU runs it, in shapes alone: no GPU is there, no memory is taken, no number is computed.

Tensors are PyTorch's fake ones (FakeTensorMode) on a CUDA device, so autocast and the models take the GPU's way. What
would need a GPU is done here: choosing fused attention, and walking the graph backward.
"""

import heapq
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd.graph import Node
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

Precision = Literal["fp32", "bf16", "fp16"]
DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
GRAIN = 512
"""Bytes to whose multiple PyTorch's CUDA allocator rounds up every tensor."""
FLASH_WIDTH = 256
"""Widest head that flash attention takes."""
BIAS_ALIGNMENT = 8
"""Entries to whose multiple a bias is filled up for memory-efficient attention."""
aten = torch.ops.aten


def size_of_storage(tensor: Tensor) -> int:
    """Bytes that a tensor's storage takes from the allocator."""
    return -(-tensor.untyped_storage().nbytes() // GRAIN) * GRAIN


class Held(NamedTuple):
    """A storage that is alive: its bytes, whether it is a copy of a weight, and a reference that does not keep it."""

    size: int
    is_copy: bool
    storage: "weakref.ref[Any]"


class LiveBytes(TorchDispatchMode):
    """Bytes of the tensors that are alive, each storage once, from the moment it is made until nothing holds it.

    Args:
        own: tensors that do not count: weights and buffers.

    Attributes:
        now: bytes alive, weight copies included, gradients of weights not.
        peak: the most that was alive.
        copies: of those alive, what was cast from weights.
    """

    def __init__(self, own: Iterable[Tensor]) -> None:
        super().__init__()
        self.now = self.peak = self.copies = 0
        self._held = list(own)  # no address of theirs is given to another, also where a model replaces a buffer
        self._own = {_key(tensor) for tensor in self._held}
        self._seen: dict[int, Held] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        is_copy = func is aten._to_copy.default and _key(args[0]) in self._own
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor):
                self.add(tensor, is_copy)
        return out

    def add(self, tensor: Tensor, is_copy: bool = False) -> None:
        """Count a tensor from now on."""
        storage, key = tensor.untyped_storage(), _key(tensor)
        if key in self._own:
            return
        if key in self._seen:
            if self._seen[key].storage() is storage:
                return
            self._forget(key, self._seen[key].storage)  # an address that was freed and taken again
        gone = weakref.ref(storage, lambda storage: self._forget(key, storage))
        self._seen[key] = Held(size_of_storage(tensor), is_copy, gone)
        self.now += self._seen[key].size
        self.copies += self._seen[key].size * is_copy
        self.peak = max(self.peak, self.now)

    def leave_out(self, tensor: Tensor) -> None:
        """Count a tensor no longer: it is a weight's gradient."""
        if (held := self._seen.get(_key(tensor))) is not None:
            self._forget(_key(tensor), held.storage)

    def _forget(self, key: int, storage: "weakref.ref[Any]") -> None:
        held = self._seen.get(key)
        if held is None or held.storage is not storage:
            return
        del self._seen[key]
        self.now -= held.size
        self.copies -= held.size * held.is_copy


def _key(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


@contextmanager
def fake_gpu() -> Iterator[None]:
    """Within the block, new tensors are fake, and fused attention is chosen as on a GPU."""
    with FakeTensorMode(), FusedAttention():
        yield


@contextmanager
def autocast(precision: Precision) -> Iterator[None]:
    """What ``torch.autocast("cuda")`` does where there is a GPU; where there is none, it refuses."""
    if precision == "fp32":
        yield
        return
    before = torch.get_autocast_dtype("cuda")
    torch.set_autocast_dtype("cuda", DTYPES[precision])
    torch.set_autocast_enabled("cuda", True)
    torch.autocast_increment_nesting()
    try:
        yield
    finally:
        if torch.autocast_decrement_nesting() == 0:
            torch.clear_autocast_cache()
        torch.set_autocast_enabled("cuda", False)
        torch.set_autocast_dtype("cuda", before)


def to_fake_gpu(module: nn.Module) -> None:
    """Put a module that was built on the meta device onto the fake GPU, in place; shared weights stay shared.

    Call it inside :func:`fake_gpu`.
    """
    moved: dict[int, Tensor] = {}

    def move(tensor: Tensor) -> Tensor:
        if id(tensor) not in moved:
            there = torch.empty(tensor.shape, dtype=tensor.dtype, device="cuda")
            is_weight = isinstance(tensor, nn.Parameter)
            moved[id(tensor)] = nn.Parameter(there, tensor.requires_grad) if is_weight else there
        return moved[id(tensor)]

    for part in module.modules():
        for group in (part._parameters, part._buffers):
            for name, tensor in group.items():
                if tensor is not None:
                    group[name] = move(tensor)  # type: ignore[assignment]


class FusedAttention(TorchFunctionMode):
    """Lets ``F.scaled_dot_product_attention`` call the kernel that PyTorch chooses on a GPU; it asks the GPU for it."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Everything else passes."""
        if func is F.scaled_dot_product_attention and args[0].ndim == 4:
            return fused_attention(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


def fused_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Flash attention in half precision without a mask, memory-efficient attention else.

    Args:
        query: ``(B, heads, N, d)``.
        key: ``(B, heads, M, d)``.
        value: ``(B, heads, M, d)``.
        attn_mask: as of ``F.scaled_dot_product_attention``, like the others.
        dropout_p: see there.
        is_causal: see there.
        scale: see there.
        enable_gqa: see there; must be off.
    """
    if torch.is_autocast_enabled("cuda"):
        query, key, value = (part.to(torch.get_autocast_dtype("cuda")) for part in (query, key, value))
    if attn_mask is None and query.dtype != torch.float32 and query.shape[-1] <= FLASH_WIDTH:
        out: Tensor = aten._scaled_dot_product_flash_attention(query, key, value, dropout_p, is_causal, scale=scale)[0]
        return out
    bias = None if attn_mask is None else _aligned(attn_mask, query, key)
    learns = torch.is_grad_enabled()
    return aten._scaled_dot_product_efficient_attention(  # type: ignore[no-any-return]
        query, key, value, bias, learns, dropout_p, is_causal, scale=scale
    )[0]


def _aligned(mask: Tensor, query: Tensor, key: Tensor) -> Tensor:
    """A bias in the type and layout that memory-efficient attention takes ``(B, heads, N, M)``."""
    if mask.dtype == torch.bool:
        mask = torch.zeros(mask.shape, dtype=query.dtype, device=mask.device).masked_fill(~mask, -torch.inf)
    mask = mask.to(query.dtype)
    length = mask.shape[-1]
    if length % BIAS_ALIGNMENT:
        mask = F.pad(mask, (0, -length % BIAS_ALIGNMENT))[..., :length]
    return mask.expand(*query.shape[:3], key.shape[2])


@torch.no_grad()
def run_backward(loss: Tensor, keep: Callable[[Tensor], None]) -> dict[Tensor, Tensor]:
    """The backward pass of a scalar: autograd's own engine asks the GPU for its streams.

    Nodes run in the order of that engine, last made first, and let go of what they saved. The caller must hold no
    reference to the graph but ``loss``, which is emptied of it.

    Args:
        loss: the scalar.
        keep: is told every gradient of a weight that is new.

    Returns:
        The gradient of every leaf.
    """
    gradients: dict[Tensor, Tensor] = {}
    waiting = Waiting()
    waiting.give(loss.grad_fn, 0, torch.ones_like(loss))
    loss.detach_()
    while waiting:
        following, left = waiting.run_next()
        for (target, place), gradient in zip(following, left, strict=True):
            if target is None or gradient is None:
                continue
            if not hasattr(target, "variable"):
                waiting.give(target, place, _fitted(gradient, target._input_metadata[place]))
                continue
            leaf = target.variable
            gradient = _fitted(gradient, leaf)
            if leaf in gradients:
                gradient = gradients[leaf] + gradient
            elif gradient.untyped_storage().nbytes() > leaf.untyped_storage().nbytes():
                gradient = gradient.clone()  # a part of something larger, which would stay
            gradients[leaf] = gradient
            keep(gradient)
    return gradients


class Waiting:
    """Nodes of a graph whose gradients have begun to arrive; those that were made last come first."""

    def __init__(self) -> None:
        self._arrived: dict[Node, list[Tensor | None]] = {}
        self._order: list[tuple[int, int, Node]] = []
        self._count = 0

    def __bool__(self) -> bool:
        return bool(self._order)

    def give(self, node: Any, place: int, gradient: Tensor) -> None:
        """Add a gradient to what a node got for one of its outputs."""
        if node not in self._arrived:
            self._arrived[node] = [None] * len(node._input_metadata)
            self._count += 1
            heapq.heappush(self._order, (-node._sequence_nr(), self._count, node))
        before = self._arrived[node][place]
        self._arrived[node][place] = gradient if before is None else before + gradient

    def run_next(self) -> tuple[tuple[tuple[Any, int], ...], tuple[Tensor | None, ...]]:
        """Run a node and forget it: which nodes follow, at which of their outputs, and the gradient for each."""
        node: Any = heapq.heappop(self._order)[-1]
        of_python = isinstance(node, torch.autograd.function.FunctionCtx)
        run = node.apply if of_python else node
        left = run(*self._arrived.pop(node))
        return node.next_functions, left if isinstance(left, tuple) else (left,)


def _fitted(gradient: Tensor, like: Any) -> Tensor:
    """A gradient in the shape and type of what it is of: summed over what was broadcast, and cast."""
    gradient = gradient if gradient.shape == like.shape else gradient.sum_to_size(like.shape)
    return gradient if gradient.dtype == like.dtype else gradient.to(like.dtype)
