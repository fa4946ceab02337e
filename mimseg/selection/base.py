"""The contract of a selector: an image score for every training image, higher = kept first."""

from typing import ClassVar

from torch import Tensor

from ..models import MaskedImageModel


class Selector:
    """Base of all selectors. A new one is a class with :meth:`score`, registered in ``SELECTORS``.

    It is called within ``torch.no_grad`` and the run's autocast, with the model in eval mode, and must leave the model
    as it is and draw no random numbers of its own: what is random in a score comes from ``noise``.

    Attributes:
        name: what the scores are, in a word, for log and gallery.
        needs_images: False = :meth:`score` reads no images; it is then called once, with all indices and
            ``images=None``, and no scoring pass is run.
        tasks: names of the model's tasks that must be trained before a selection, and are switched off otherwise.
    """

    name: ClassVar[str] = "score"
    needs_images: ClassVar[bool] = True
    tasks: tuple[str, ...] = ()

    def check(self, model: MaskedImageModel) -> None:
        """Refuse, before the run begins, a model that cannot be scored.

        Raises:
            ValueError: says what it lacks.
        """

    def noise_per_image(self, model: MaskedImageModel, images: Tensor | None) -> int:
        """Count the numbers of noise U of an image: as many as it has mask units, unless a selector says otherwise.

        Args:
            model: the model out of its distributed wrapper.
            images: a batch of normalised images ``(B, C, H, W)``, of which the size is read.
        """
        assert images is not None
        h, w = model.masking.units(model.encoder.patch_size, model.encoder.grid_of(images))
        return int(h * w)

    def score(self, model: MaskedImageModel, images: Tensor | None, indices: Tensor, noise: Tensor) -> Tensor:
        """Scores of some images.

        Args:
            model: the model out of its distributed wrapper, in eval mode.
            images: normalised ``(B, C, H, W)``; None where ``needs_images`` is False.
            indices: int64 ``(B,)``, positions in the training set.
            noise: uniform in [0, 1), fp32 ``(B, U)``, a function of (seed of the run, round, index) only, so that a
                score depends neither on the other images of its batch nor on the number of processes.

        Returns:
            fp32 ``(B,)``, higher = kept first.
        """
        raise NotImplementedError
