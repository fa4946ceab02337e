"""k-NN accuracy of the features, before, during and after pre-training."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.dist import all_gather, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from mimseg.evaluation.knn import weighted_knn
from mimseg.evaluation.metrics_file import merge_metrics, read_metrics
from mimseg.evaluation.undisturbed import undisturbed
from mimseg.registry import HOOKS

IN_ORDER = {"type": "DefaultSampler", "shuffle": False}


@HOOKS.register_module()
class KNNHook(Hook):
    """Weighted k-NN (see :func:`weighted_knn`) with labelled images that training never sees the labels of.

    The features are ``model.extract_features`` of deterministic, un-masked images. Every process extracts its
    share; the main one classifies, logs one line, and writes ``metrics.json`` in the work folder, for example
    ``{"knn": {"start": {"top1_k10": 21.0}, "epoch_10": {...}, "end": {...}}}``, and the scalars
    ``knn/top1_k<k>``. Training goes on as if nothing had happened: modes and random states are restored.

    Args:
        train: dataloader config of the labelled neighbours. The hook adds the sampler (in order).
        test: dataloader config of the images to classify.
        interval: epochs between evaluations; 0 = only before and after training.
        at_start: whether to evaluate before the first step, too (not when a run is resumed).
        ks: numbers of neighbours.
        pool: ``"avg"`` (mean of the patch tokens, as the papers report) or ``"cls"``.

    Raises:
        ValueError: a dataloader config shuffles or drops images, a negative ``interval``, or an unknown
            ``pool``.
    """

    def __init__(
        self,
        train: dict[str, Any],
        test: dict[str, Any],
        interval: int = 0,
        at_start: bool = True,
        ks: Sequence[int] = (10, 20, 100, 200),
        pool: str = "avg",
    ) -> None:
        if interval < 0:
            raise ValueError(f"KNNHook: interval is {interval}; use a number of epochs, or 0 for the end only")
        if pool not in ("avg", "cls"):
            raise ValueError(f"KNNHook: pool is {pool!r}; use 'avg' or 'cls'")
        self.loaders: dict[str, Any] = {
            "train": _in_order(train, "train"),
            "test": _in_order(test, "test"),
        }
        self.interval = interval
        self.at_start = at_start
        self.ks = tuple(ks)
        self.pool = pool

    def before_train(self, runner: Runner) -> None:
        """Build the datasets, so that a wrong path stops the run now, and evaluate the first weights."""
        with undisturbed(runner.model):
            self.loaders = {name: Runner.build_dataloader(loader) for name, loader in self.loaders.items()}
        if self.at_start and runner.iter == 0:
            self._evaluate(runner, "start", "before training")

    def after_train_epoch(self, runner: Runner) -> None:
        """Evaluate every ``interval`` epochs, except the last, which ``after_train`` does."""
        epoch = runner.epoch + 1
        if self.every_n_epochs(runner, self.interval) and epoch < runner.max_epochs:
            self._evaluate(runner, f"epoch_{epoch}", f"after epoch {epoch}")

    def after_train(self, runner: Runner) -> None:
        """Evaluate the final weights."""
        self._evaluate(runner, "end", "after training")

    def _evaluate(self, runner: Runner, key: str, when: str) -> None:
        with undisturbed(runner.model) as model:
            train, train_labels = self._extract(model, "train")
            test, test_labels = self._extract(model, "test")
            if not is_main_process():
                return
            num_classes = int(max(train_labels.max(), test_labels.max())) + 1
            top1 = weighted_knn(train, train_labels, test, test_labels, num_classes, self.ks)
        scalars = {f"top1_k{k}": value for k, value in top1.items()}
        merge_metrics(runner.work_dir, {"knn": {key: scalars}})
        tags = {f"knn/{name}": value for name, value in scalars.items()}
        runner.message_hub.update_scalars(tags)
        runner.visualizer.add_scalars(tags, step=runner.iter)
        runner.logger.info(self._line(runner, key, when, top1))

    def _extract(self, model: Any, name: str) -> tuple[Tensor, Tensor]:
        """Features ``(N, D)`` fp32 and labels ``(N,)`` of a whole dataset in its order, on every process."""
        loader = self.loaders[name]
        features, labels = [], []
        for batch in loader:
            batch = model.data_preprocessor(batch, False)
            features.append(model.extract_features(batch["inputs"], pool=self.pool).float())
            labels.append(_labels(batch["data_samples"], name).to(features[-1].device))
        size = len(loader.dataset)
        return _gathered(torch.cat(features), size), _gathered(torch.cat(labels), size)

    def _line(self, runner: Runner, key: str, when: str, top1: dict[int, float]) -> str:
        values = "  ".join(f"{k}: {value:.1f}" for k, value in top1.items())
        line = f"k-NN top-1 (%) {when}, by k: {values}  (best {max(top1.values()):.1f}"
        start = read_metrics(runner.work_dir)["knn"].get("start")
        if start is None or key == "start":
            return line + ")"
        return line + f", before training {max(start.values()):.1f})"


def _in_order(loader: dict[str, Any], name: str) -> dict[str, Any]:
    """The dataloader config with a sampler that gives every image once, in the dataset's order."""
    if loader.get("sampler", IN_ORDER) != IN_ORDER or loader.get("drop_last", False):
        raise ValueError(
            f"KNNHook: the {name} dataloader must give every image once and in order; leave out "
            "'sampler' and 'drop_last'"
        )
    return {**loader, "sampler": IN_ORDER}


def _labels(data_samples: Sequence[Any], name: str) -> Tensor:
    for sample in data_samples:
        if "gt_label" not in sample:
            raise ValueError(
                f"KNNHook: {sample.get('img_path')} of the {name} images has no label; use labelled images"
            )
    return torch.cat([sample.gt_label for sample in data_samples])


def _gathered(own: Tensor, size: int) -> Tensor:
    """Join the processes' rows in the dataset's order; process r of W holds rows r, r + W, ..."""
    return torch.stack(all_gather(own), dim=1).flatten(0, 1)[:size]
