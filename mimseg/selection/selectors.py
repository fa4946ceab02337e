"""The selectors: how badly a model predicts what is masked of an image, and the random subset to beat."""

from typing import Literal

from torch import Tensor

from ..choices import one_of
from ..models import MaskedImageModel, predicts_loss, score_images
from ..models.image_scores import ScoredBy
from ..registry import SELECTORS
from .base import Selector

ScoreLoss = Literal["l2", "task"]


@SELECTORS.register_module()
class WSSSelector(Selector):
    """Keep the images whose hardest patches are predicted worst (PASS: DTMP and WSS, Algorithm 1).

    A loss predictor sees the full image and names the patches to mask, the highest ones without chance (Eq. 4). Under
    this mask an image scores ``sum_i w_i * ||x_R,i - x_i||^2`` (Eq. 8) with ``w = softmax(p / tau)`` over the masked
    patches (Eq. 7).

    Args:
        tau: temperature, in the unit of the predicted losses; ``None`` weighs all masked patches alike (DTMP without
            WSS), which is where a high one leads. Near 0 the patch of the highest predicted loss counts alone.
        task: the model's task that trains the predictor, in the epochs before a selection only (Eq. 6). None leaves
            that to the task's own ``start`` and ``end`` (Table 4, static), or to a host that has a loss predictor of
            its own (HPM).
        score_loss: 'l2' takes the squared distance, as printed, of the model's first task; 'task' what each of its
            tasks is trained with (L1 for SimMIM).
        masks: 'predicted' masks the patches that the predictor names; 'random' as many random ones, whose errors are
            weighted all the same (WSS without DTMP).

    Raises:
        ValueError: ``tau`` is not positive, or missing with random masks; unknown ``score_loss`` or ``masks``.
    """

    name = "weighted selection score"

    def __init__(
        self,
        tau: float | None = 0.1,
        task: str | None = "predict_loss",
        score_loss: ScoreLoss = "l2",
        masks: ScoredBy = "predicted",
    ) -> None:
        if tau is not None and not tau > 0:
            raise ValueError(f"WSSSelector: tau must be positive, or None for equal weights, got {tau!r}")
        one_of("WSSSelector: score_loss", score_loss, ScoreLoss)
        one_of("WSSSelector: masks", masks, ScoredBy)
        if tau is None and masks == "random":
            raise ValueError("WSSSelector: random masks without weights (tau=None) are what BSSSelector does")
        self.tau, self.squared, self.masks = tau, score_loss == "l2", masks
        self.tasks = () if task is None else (task,)

    def check(self, model: MaskedImageModel) -> None:
        """There has to be a loss predictor."""
        if not predicts_loss(model):
            raise ValueError(
                "WSSSelector needs predicted losses, and no task of the model predicts any: add a task with "
                "PatchLossTarget (configs/_base_/recipes/pass.py), or use BSSSelector"
            )

    def noise_per_image(self, model: MaskedImageModel, images: Tensor | None) -> int:
        """None, unless masks are random: nothing else of the score is."""
        return 0 if self.masks == "predicted" else super().noise_per_image(model, images)

    def score(self, model: MaskedImageModel, images: Tensor | None, indices: Tensor, noise: Tensor) -> Tensor:
        """The weighted error ``(B)`` under the predictor's mask, or that which the noise ``(B, U)`` makes."""
        assert images is not None
        given = None if self.masks == "predicted" else noise
        scores: Tensor = score_images(model, images, by=self.masks, tau=self.tau, squared=self.squared, noise=given)
        return scores


@SELECTORS.register_module()
class BSSSelector(Selector):
    """Keep the images that are predicted worst under a random mask (PASS, Eq. 3: basic sample selection).

    The score is the mean over the masked patches of the squared distance that the model's first task leaves.
    """

    name = "basic selection score"

    def score(self, model: MaskedImageModel, images: Tensor | None, indices: Tensor, noise: Tensor) -> Tensor:
        """The mean error ``(B)`` under the mask that the noise ``(B, U)`` makes."""
        assert images is not None
        scores: Tensor = score_images(model, images, by="random", squared=True, noise=noise)
        return scores


@SELECTORS.register_module()
class LossSelector(Selector):
    """Keep the images of the highest training loss: all tasks of the host, weighted as in training, random masks.

    Tasks that predict other tasks' losses do not count. It is BSS with the host's own losses.
    """

    name = "training loss"

    def score(self, model: MaskedImageModel, images: Tensor | None, indices: Tensor, noise: Tensor) -> Tensor:
        """The mean loss ``(B)`` under the mask that the noise ``(B, U)`` makes."""
        assert images is not None
        scores: Tensor = score_images(model, images, by="random", squared=False, noise=noise)
        return scores


@SELECTORS.register_module()
class RandomSelector(Selector):
    """A new random subset every round, drawn without replacement; reads no image, so it costs nothing."""

    name = "random number"
    needs_images = False

    def noise_per_image(self, model: MaskedImageModel, images: Tensor | None) -> int:
        """One number, the score."""
        return 1

    def score(self, model: MaskedImageModel, images: Tensor | None, indices: Tensor, noise: Tensor) -> Tensor:
        """The noise ``(B, 1)`` itself, as ``(B,)``."""
        return noise[:, 0]
