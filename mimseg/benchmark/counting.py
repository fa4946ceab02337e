"""What can be counted rather than timed: FLOPs, and bytes kept for the backward pass."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop_count, sdpa_flop_count

from .stepping import Precision, forward, step_by_part
from .subject import Subject

MIB = 2**20


def flops_by_part(subject: Subject, images: Tensor, precision: Precision) -> dict[str, float]:
    """FLOPs of the matrix products of one step, by part; 'backward' is one part."""
    with FlopCounterMode(display=False, custom_mapping=CPU_ATTENTION) as counter:
        spent = step_by_part(subject, images, precision, lambda: float(counter.get_total_flops()))
    return {part: flops for part, flops in spent.items() if flops}


def _attention(query: torch.Size, key: torch.Size, value: torch.Size, *_: object, **__: object) -> int:
    flops: int = sdpa_flop_count(query, key, value)
    return flops


def _attention_backward(
    grad: torch.Size, query: torch.Size, key: torch.Size, value: torch.Size, *_: object, **__: object
) -> int:
    flops: int = sdpa_backward_flop_count(grad, query, key, value)
    return flops


CPU_ATTENTION = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward,
}
"""How to count attention on the CPU; torch counts that on CUDA only."""


@dataclass(frozen=True)
class SavedBytes:
    """What a forward pass keeps for its backward pass, in bytes.

    Attributes:
        activations: tensors that depend on the images.
        weight_copies: lower-precision copies of parameters.
    """

    activations: int
    weight_copies: int


def saved_bytes(subject: Subject, images: Tensor, precision: Precision) -> SavedBytes:
    """Bytes of the tensors that autograd keeps between forward and backward.

    Every storage counts once and whole; parameters and buffers do not count. Since shapes and types decide, the result
    is the same on every device that runs the same kernels. Inputs that activation checkpointing keeps to recompute
    from are not autograd's and are not seen.
    """
    own = {_address(tensor) for tensor in (*subject.model.parameters(), *subject.model.buffers())}
    activations: dict[int, Tensor] = {}
    copies: dict[int, Tensor] = {}

    def pack(tensor: Tensor) -> Tensor:
        address = _address(tensor)
        if address and address not in own:
            (copies if _is_parameter_copy(tensor) else activations)[address] = tensor
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = forward(subject, images, precision)
    counted = SavedBytes(_total(activations), _total(copies))
    del loss
    return counted


def _address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _total(tensors: dict[int, Tensor]) -> int:
    return sum(tensor.untyped_storage().nbytes() for tensor in tensors.values())


def _is_parameter_copy(tensor: Tensor) -> bool:
    """Whether the tensor was computed from one parameter and nothing else, e.g. cast by autocast and transposed."""
    node = tensor.grad_fn
    while node is not None and len(node.next_functions) == 1:
        node = node.next_functions[0][0]
    return isinstance(getattr(node, "variable", None), nn.Parameter)
