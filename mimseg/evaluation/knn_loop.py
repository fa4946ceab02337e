"""k-NN as the test of a feature extractor."""

from collections.abc import Sequence
from typing import Any

from mmengine.dist import broadcast_object_list
from mmengine.runner import Runner
from mmengine.runner.base_loop import BaseLoop

from ..engine.undisturbed import undisturbed
from ..models.features import Pool
from ..registry import LOOPS
from .knn import KS, TEMPERATURE, KNNProtocol
from .loaders import build_in_order, in_order, naming_bad_folders


@LOOPS.register_module()
class KNNLoop(BaseLoop):
    """Classify the images of ``test_dataloader`` by their nearest neighbours (see :func:`knn_predictions`).

    The model needs ``extract_features(images, pool=...)``, as :class:`FeatureExtractor` has it.

    Args:
        runner: the runner.
        dataloader: config of the images to classify. The loop adds the sampler (in order).
        evaluator: what MMEngine hands to every test loop; must be empty, because this one measures itself.
        neighbours: dataloader config of the labelled neighbours.
        ks: numbers of neighbours; those above the number of neighbours are left out, with a warning.
        pool: ``"avg"`` (mean of the patch tokens, as the papers report) or ``"cls"``.
        temperature: of the vote.

    Raises:
        ValueError: a dataloader config shuffles or drops images, its folder is empty, the two sets' classes
            differ, no k fits, or there is an evaluator.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: dict[str, Any],
        evaluator: Sequence[Any],
        neighbours: dict[str, Any],
        ks: Sequence[int] = KS,
        pool: Pool = "avg",
        temperature: float = TEMPERATURE,
    ) -> None:
        if evaluator:
            raise ValueError("KNNLoop measures by itself; set test_evaluator=[]")
        self.protocol = KNNProtocol(ks, pool, temperature)
        queries = in_order(dataloader, "test_dataloader")
        with naming_bad_folders():
            super().__init__(runner, queries)
        self.neighbours = build_in_order(neighbours, "test_cfg.neighbours")
        self.protocol.check(self.neighbours, self.dataloader)

    def run(self) -> dict[str, float]:
        """``knn/top1_k<k>`` in percent, the best of them as ``knn/best``, and which k that is."""
        self.runner.call_hook("before_test")
        self.runner.call_hook("before_test_epoch")
        with undisturbed(self.runner.model) as model:
            top1 = self.protocol(model, self.neighbours, self.dataloader, self.runner.logger.info)
        everywhere = [top1]
        broadcast_object_list(everywhere)
        metrics = _named(everywhere[0] or {})
        self.runner.call_hook("after_test_epoch", metrics=metrics)
        self.runner.call_hook("after_test")
        return metrics


def _named(top1: dict[int, float]) -> dict[str, float]:
    best = max(top1, key=lambda k: top1[k])
    return {**{f"knn/top1_k{k}": value for k, value in top1.items()}, "knn/best": top1[best], "knn/best_k": best}
