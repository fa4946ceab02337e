"""A classifier that is shown a part of each image: the toy experiment of HPM's supplement."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from ..checkpoints import load_weights
from ..choices import one_of
from ..ops.masking import PatchMask, mask_highest, mask_largest
from ..registry import MODELS
from .classifier import Classifier
from .inspection import predict_loss, predicts_loss
from .mim import MaskedImageModel
from .preprocessor import ImagePreprocessor
from .teachers.frozen import leave_network_out, miss_no_network
from .teachers.pretrained import summary

Select = Literal["random", "highest", "lowest"]


@MODELS.register_module()
class PartClassifier(Classifier):
    """A :class:`Classifier` whose encoder sees the patches of an image that a pre-trained HPM chooses (supplement D).

    Of L patches ``floor(share * L)`` are visible, in training and in tests: random ones, or those of the highest
    ("top" in the paper) or lowest ("bottom") predicted loss. The judge is shown what the classifier is shown part of:
    the augmented crop, after mixup and CutMix. In tests random patches are the same in every run.

    Args:
        select: 'random', 'highest' or 'lowest'.
        share: of the patches that are visible, in (0, 1].
        judge: settings of :class:`LossJudge` for 'highest' and 'lowest'; None for 'random'.
        options: of the classifier. Its encoder must leave out what is hidden (:class:`SparseViT`).

    Raises:
        ValueError: unknown ``select``, a share out of range, a judge that is missing or of no use, an encoder that
            takes mask tokens, or what :class:`LossJudge` and :class:`Classifier` raise.
    """

    def __init__(
        self, select: Select = "random", share: float = 0.5, judge: Mapping[str, Any] | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        one_of("model.select", select, Select)
        if not 0 < share <= 1:
            raise ValueError(f"model.share of the patches that are visible must lie in (0, 1], got {share!r}")
        if (judge is None) != (select == "random"):
            raise ValueError(f"model.select={select!r} {'takes no' if select == 'random' else 'needs a'} model.judge")
        if not self.encoder.sparse:
            raise ValueError(f"a PartClassifier needs a SparseViT, not a {type(self.encoder).__name__}")
        self.select: Select = select
        self.share = share
        self.judge = None if judge is None else LossJudge(self.data_preprocessor, **judge)
        self.encoder.register_forward_pre_hook(self._show_a_part, with_kwargs=True)

    def choose(self, images: Tensor) -> PatchMask:
        """Choose what is hidden ``(B, L)`` of normalised images ``(B, C, H, W)``."""
        h, w = self.encoder.grid_of(images)
        hidden = h * w - int(self.share * h * w)
        if self.judge is None:
            generator = None if self.training else torch.Generator(images.device).manual_seed(0)
            noise = torch.rand(len(images), h * w, device=images.device, generator=generator)
            return PatchMask.from_bool(mask_largest(noise, hidden), hidden)
        predicted = self.judge(images)
        return PatchMask.from_bool(mask_highest(predicted if self.select == "lowest" else -predicted, hidden), hidden)

    def _show_a_part(self, encoder: nn.Module, images: tuple[Tensor], options: dict[str, Any]) -> tuple[Any, Any]:
        return images, {**options, "mask": self.choose(images[0])}


class LossJudge(nn.Module):
    """A frozen pre-trained model that predicts the loss of every patch of full images; its weights are not saved.

    Args:
        preprocessor: how the images are normalised.
        model: config of the :class:`MaskedImageModel` that was trained, without its teachers.
        checkpoint: its file.
        weights: whose predictions of a file with an EMA teacher: 'ema', by which HPM masks, or 'student'.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the model predicts no loss or normalises images in another way, or the file does not fill it.
    """

    network: MaskedImageModel

    def __init__(
        self,
        preprocessor: ImagePreprocessor,
        model: Mapping[str, Any],
        checkpoint: str,
        weights: Literal["student", "ema"] = "ema",
    ) -> None:
        super().__init__()
        if not Path(checkpoint).expanduser().exists():
            raise FileNotFoundError(
                f"model.judge.checkpoint={checkpoint!r} does not exist; set it to the file of a pre-trained HPM"
            )
        network: MaskedImageModel = MODELS.build(dict(model))
        theirs = network.data_preprocessor
        if not (torch.equal(theirs.mean, preprocessor.mean) and torch.equal(theirs.std, preprocessor.std)):
            raise ValueError("model.judge.model.data_preprocessor normalises otherwise than model.data_preprocessor")
        if not predicts_loss(network):
            raise ValueError("model.judge.model predicts no loss: give it the tasks of _base_/models/hpm_vit-base.py")
        report = load_weights(network, checkpoint, weights=weights, log=str)
        print_log(f"model.judge: {summary(report)}", "current")
        self.network = network.requires_grad_(False)
        self.train(False)
        self.register_state_dict_post_hook(leave_network_out)
        self.register_load_state_dict_post_hook(miss_no_network)

    def forward(self, images: Tensor) -> Tensor:
        """Predicted losses ``(B, L)``, fp32, of normalised images ``(B, C, H, W)``."""
        predicted: Tensor | None = predict_loss(self.network, images)
        assert predicted is not None  # the constructor saw that it predicts
        return predicted

    def train(self, mode: bool = True) -> "LossJudge":
        """It always evaluates."""
        super().train(False)
        return self
