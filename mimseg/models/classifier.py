"""A classifier on a pre-trained encoder: linear probe or end-to-end fine-tuning."""

from collections.abc import Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.transforms.v2 import CutMix, Identity, MixUp, RandomChoice

from ..registry import MODELS
from .backbones.base import EncoderLayers
from .backbones.init import init_normal
from .expanded_mean import ExpandedMean
from .features import FeatureExtractor, Pool, pooled


@MODELS.register_module()
class Classifier(EncoderLayers, FeatureExtractor):
    """Encoder, pooling, normalisation and a linear head, trained with cross-entropy.

    Fine-tuning as in MAE and HPM: ``pool='avg', norm='layer'``; a fresh LayerNorm of the pooled patch tokens takes the
    place of the encoder's final one. Their linear probes: ``frozen=True, norm='batch'``; BatchNorm without scale and
    shift (eps 1e-6) of what the frozen encoder gives. CMT's fine-tuning: ``norm=None, expand=1280, dropout=0.1`` on an
    encoder without final norm; see :class:`ExpandedMean`.

    Args:
        data_preprocessor: config of :class:`ImagePreprocessor`.
        encoder: config of a :class:`MaskedEncoder`; ``in_channels`` follows from the preprocessor.
        num_classes: number of classes.
        pool: 'avg' (mean of the patch tokens) or 'cls' (class token).
        norm: 'layer' instead of the encoder's final norm, 'batch' after it, or None.
        expand: width to which a 1 x 1 convolution, BatchNorm and Swish take the patch tokens before their mean; None
            takes the mean of the tokens as they are.
        dropout: share of the head's input that is dropped in training.
        frozen: keep the encoder as it is: no gradient, no drop path, not trained.
        head_std: the head's weights start at normal(0, ``head_std``), its bias at 0.
        label_smoothing: share of the target that is spread evenly over the classes.
        mixup: alpha of mixup, 0 for none; with both, each batch draws one of the two, evenly.
        cutmix: alpha of CutMix, 0 for none.
        activation_checkpointing: recompute encoder blocks in the backward pass: less memory, more time.

    Raises:
        ValueError: unknown ``pool`` or ``norm``, ``expand`` with another pooling or a norm, or a ``dropout`` outside
            [0, 1).
    """

    def __init__(
        self,
        data_preprocessor: dict[str, Any],
        encoder: dict[str, Any],
        num_classes: int,
        pool: Pool = "avg",
        norm: Literal["layer", "batch"] | None = "layer",
        expand: int | None = None,
        dropout: float = 0.0,
        frozen: bool = False,
        head_std: float = 0.01,
        label_smoothing: float = 0.0,
        mixup: float = 0.0,
        cutmix: float = 0.0,
        activation_checkpointing: bool = False,
    ) -> None:
        super().__init__(data_preprocessor, encoder, pool)
        if norm not in ("layer", "batch", None):
            raise ValueError(f"norm must be 'layer', 'batch' or None, got {norm!r}")
        check_expand(expand, dropout, pool, norm)
        width = expand or self.encoder.embed_dim
        self.expand = None if expand is None else ExpandedMean(self.encoder.embed_dim, expand)
        self.drop = nn.Dropout(dropout)
        self.norm: nn.Module = nn.Identity()
        if norm == "layer":
            self.encoder.norm = nn.Identity()
            self.norm = nn.LayerNorm(width, eps=1e-6)
        elif norm == "batch":
            self.norm = nn.BatchNorm1d(width, affine=False, eps=1e-6)
        self.head = nn.Linear(width, num_classes)
        init_normal(self.head.weight, head_std)
        nn.init.zeros_(self.head.bias)
        self.num_classes = num_classes
        self.label_smoothing = label_smoothing
        self.augment = mixed(mixup, cutmix, num_classes)
        self.frozen = frozen
        self.encoder.requires_grad_(not frozen)
        if isinstance(mask_token := getattr(self.encoder, "mask_token", None), nn.Parameter):
            mask_token.requires_grad_(False)  # whole images never use it, and data parallelism waits for its gradient
        self.encoder.activation_checkpointing = activation_checkpointing

    def train(self, mode: bool = True) -> "Classifier":
        """Training mode, from which a frozen encoder stays out."""
        super().train(mode)
        if self.frozen:
            self.encoder.eval()
        return self

    def forward(self, inputs: Tensor, data_samples: Sequence[Any] | None = None, mode: str = "tensor") -> Any:
        """Losses ('loss'), data samples with ``pred_score`` ('predict') or logits ``(B, classes)`` ('tensor').

        Raises:
            ValueError: unknown mode; a sample without label, or with one outside the classes.
        """
        if mode == "loss":
            return self.loss(inputs, self.labels_of(data_samples or []).to(inputs.device, non_blocking=True))
        if mode == "predict":
            return self.predict(inputs, data_samples or [])
        if mode == "tensor":
            return self.head(self.represent(inputs))
        raise ValueError(f"mode must be 'loss', 'predict' or 'tensor', got {mode!r}")

    def loss(self, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Cross-entropy for normalised images ``(B, C, H, W)`` with labels ``(B,)``, augmented as a batch."""
        mixed_images, target = self.augment(images, labels)
        logits = self.head(self.represent(mixed_images))
        return {"loss": F.cross_entropy(logits.float(), target, label_smoothing=self.label_smoothing)}

    def predict(self, images: Tensor, data_samples: Sequence[Any]) -> Sequence[Any]:
        """Give the data samples their probabilities ``pred_score`` ``(classes,)``, on the CPU."""
        self.labels_of(data_samples)
        scores = self.head(self.represent(images)).float().softmax(dim=1).cpu()
        for sample, score in zip(data_samples, scores, strict=True):
            sample.set_pred_score(score)
        return data_samples

    def represent(self, images: Tensor) -> Tensor:
        """Compute what the head sees ``(B, D)``."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            if self.expand is None:
                features = pooled(self.encoder, images, self.pool)
            else:
                tokens = self.encoder(images).patch_tokens
        if self.expand is not None:
            features = self.expand(tokens)
        seen: Tensor = self.drop(self.norm(features))
        return seen

    def labels_of(self, data_samples: Sequence[Any]) -> Tensor:
        """Class indices ``(B,)`` of a batch, on the CPU, where the loader left them."""
        for sample in data_samples:
            if "gt_label" not in sample:
                raise ValueError(f"{sample.get('img_path')} has no label; a classifier needs a labelled dataset")
        labels = torch.cat([sample.gt_label for sample in data_samples])
        wrong = ((labels < 0) | (labels >= self.num_classes)).nonzero()
        if len(wrong):
            first = int(wrong[0])
            raise ValueError(
                f"{data_samples[first].get('img_path')} has label {int(labels[first])}, but model.num_classes="
                f"{self.num_classes} allows 0 to {self.num_classes - 1}; set it to the number of classes of the dataset"
            )
        return labels


def check_expand(expand: int | None, dropout: float, pool: str, norm: str | None) -> None:
    """Refuse what the way to the head cannot be.

    Raises:
        ValueError: ``expand`` beside a norm or another pooling than the mean, or below 1; a ``dropout`` outside [0, 1).
    """
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout is a share in [0, 1), got {dropout!r}")
    if expand is not None and (not isinstance(expand, int) or expand < 1):
        raise ValueError(f"expand is a width of at least 1, or None, got {expand!r}")
    if expand is not None and (pool != "avg" or norm is not None):
        raise ValueError(f"expand={expand} goes with pool='avg' and norm=None, got pool={pool!r} and norm={norm!r}")


def mixed(mixup: float, cutmix: float, num_classes: int) -> nn.Module:
    """Mixup (Zhang et al. 2018) or CutMix (Yun et al. 2019) of a batch and its labels, drawn evenly where both are on.

    Raises:
        ValueError: a negative alpha.
    """
    if min(mixup, cutmix) < 0:
        raise ValueError(f"mixup and cutmix are alphas of 0 (off) or more, got {mixup} and {cutmix}")
    with torch.device("cpu"):  # their distributions look at alpha, which a model without values would not have
        parts: list[nn.Module] = [
            kind(alpha=alpha, num_classes=num_classes)
            for kind, alpha in ((MixUp, mixup), (CutMix, cutmix))
            if alpha > 0
        ]
    augment: nn.Module = RandomChoice(parts) if parts else Identity()
    return augment
