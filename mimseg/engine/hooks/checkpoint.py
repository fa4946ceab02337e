"""Checkpoints: the new one stands before an old one goes, and nothing but this run's checkpoints is ever removed."""

import re
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook as MMEngineCheckpointHook
from mmengine.runner import Runner

from ...checkpoints import sweep_temporaries, write_atomically
from ...registry import HOOKS
from .pending import note_done


@HOOKS.register_module()
class CheckpointHook(MMEngineCheckpointHook):
    """MMEngine's checkpoint hook, safe against a kill at any moment.

    A checkpoint, and a best one, is written before those that it replaces are removed, so that there is always a whole
    one. What may be removed is known by its name in the run's own folder, never by a path that a checkpoint holds, and
    is never a folder. The message hub keeps the iteration of the last finished validation: see
    :class:`PendingValidation`.

    Args:
        keep_every: epochs (with ``by_epoch=False`` iterations) from one checkpoint that stays for good to the next, a
            multiple of ``interval``; the stages that a paper evaluates. ``max_keep_ckpts`` counts the others.
        **options: as for MMEngine's hook.

    Raises:
        ValueError: an ``out_dir``, ``keep_every`` is no multiple of ``interval``, ``max_keep_ckpts`` keeps none,
            ``filename_tmpl`` is no file's name; after a validation, ``save_best`` is none of its metrics.
    """

    def __init__(self, keep_every: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        if self.out_dir is not None:
            raise ValueError(
                f"default_hooks.checkpoint: out_dir={self.out_dir!r} would put checkpoints where no other run is kept "
                "out and --resume does not look; they lie in the work folder (--work-dir)"
            )
        if keep_every is not None and (keep_every < 1 or self.interval < 1 or keep_every % self.interval):
            raise ValueError(
                f"default_hooks.checkpoint: keep_every={keep_every} is no multiple of interval={self.interval}; of "
                "those epochs no checkpoint would be written"
            )
        if self.max_keep_ckpts == 0 or self.max_keep_ckpts < -1:
            raise ValueError(
                f"default_hooks.checkpoint: max_keep_ckpts={self.max_keep_ckpts} would keep no checkpoint; use 1 or "
                "more, or -1 for all"
            )
        if Path(self.filename_tmpl).name != self.filename_tmpl or self.filename_tmpl.count("{}") != 1:
            raise ValueError(
                f"default_hooks.checkpoint: filename_tmpl={self.filename_tmpl!r} must be a file's name with one {{}} "
                "for the number"
            )
        self.keep_every = keep_every
        self.passing: list[int] = []
        """Numbers of the checkpoints that may go, the oldest first."""

    def before_train(self, runner: Runner) -> None:
        """Take up, on a resume, which checkpoints may go, and finish what a kill left undone."""
        hub = runner.message_hub
        listed = hub.runtime_info.pop("keep_ckpt_ids", [])
        super().before_train(runner)
        if self.max_keep_ckpts > 0:
            self.passing = [number for number in listed if type(number) is int and self._may_go(number)]
            self._remove_surplus(runner)
        if is_main_process():
            sweep_temporaries(self.out_dir)
        if getattr(runner, "resuming", False):
            self.last_ckpt = self._path(self.filename_tmpl.format(runner.epoch if self.by_epoch else runner.iter))
        for key in self._indicators():
            if self._slot("best_ckpt", key) in hub.runtime_info:
                self._note_best(runner, key, self._own_name(hub.get_info(self._slot("best_ckpt", key)), key))

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float]) -> None:
        """Note that this validation is finished, and write the best checkpoint if this is it."""
        note_done(runner)
        super().after_val_epoch(runner, metrics)

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict[str, Any]) -> None:
        """Write a checkpoint, which still lists those that it replaces; then remove these."""
        if self.max_keep_ckpts > 0:
            if self._may_go(step) and step not in self.passing:
                self.passing.append(step)
            runner.message_hub.update_info("keep_ckpt_ids", list(self.passing))
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self._path(name)
        runner.message_hub.update_info("last_ckpt", self.last_ckpt)
        flush_curves(runner)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        if is_main_process():
            write_atomically(Path(runner.work_dir, "last_checkpoint"), str(self.last_ckpt).encode())
        if self.max_keep_ckpts > 0:
            self._remove_surplus(runner)

    def _remove_surplus(self, runner: Runner) -> None:
        surplus, self.passing = self.passing[: -self.max_keep_ckpts], self.passing[-self.max_keep_ckpts :]
        runner.message_hub.update_info("keep_ckpt_ids", list(self.passing))
        for number in surplus:
            self._remove(self.filename_tmpl.format(number))

    def _may_go(self, number: int) -> bool:
        return self.keep_every is None or number % self.keep_every != 0

    def _save_best_checkpoint(self, runner: Runner, metrics: dict[str, float]) -> None:
        """Write the best checkpoint of each metric that got better, and the current one again, which says so."""
        if not self.save_best:
            return
        if "auto" in self.key_indicators:
            self._init_rule(self.rules, [next(iter(metrics))])
        better = [key for key in self.key_indicators if self._is_better(runner, key, metrics)]
        number = runner.epoch if self.by_epoch else runner.iter
        for key in better:
            self._save_best(runner, key, metrics[key], number)
        if better and self.last_ckpt is not None:
            self._save_checkpoint_with_step(runner, number, dict(epoch=runner.epoch, iter=runner.iter))

    def _is_better(self, runner: Runner, key: str, metrics: dict[str, float]) -> bool:
        if key not in metrics:
            raise ValueError(
                f"default_hooks.checkpoint.save_best={key!r} is none of the validation's metrics: {', '.join(metrics)}"
            )
        rule, slot = self.rules[self.key_indicators.index(key)], self._slot("best_score", key)
        best = runner.message_hub.runtime_info.get(slot, self.init_value_map[rule])
        return metrics[key] is not None and bool(self.is_better_than[key](metrics[key], best))

    def _save_best(self, runner: Runner, key: str, score: float, number: int) -> None:
        runner.message_hub.update_info(self._slot("best_score", key), score)
        name = self._best_name(key, self.filename_tmpl.format(number))
        self._note_best(runner, key, name)
        runner.save_checkpoint(
            self.out_dir,
            filename=name,
            file_client_args=self.file_client_args,
            save_optimizer=False,
            save_param_scheduler=False,
            meta=dict(epoch=runner.epoch, iter=runner.iter),
            by_epoch=False,
            backend_args=self.backend_args,
        )
        unit = "epoch" if self.by_epoch else "iter"
        runner.logger.info(f"The best checkpoint with {score:0.4f} {key} at {number} {unit} is saved to {name}.")
        if is_main_process():
            found = self.file_backend.list_dir_or_file(self.out_dir, list_dir=False, recursive=False)
            for other in [other for other in found if other != name and self._own_name(other, key)]:
                self._remove(other)

    def _note_best(self, runner: Runner, key: str, name: str | None) -> None:
        """Remember which file is the best one; for the hub and for what is published after the training."""
        path = None if name is None else self._path(name)
        if len(self._indicators()) == 1:
            self.best_ckpt_path = path
        else:
            self.best_ckpt_path_dict[key] = path
        runner.message_hub.update_info(self._slot("best_ckpt", key), path)

    def _indicators(self) -> list[str]:
        return list(self.key_indicators) if self.save_best else []

    def _slot(self, kind: str, key: str) -> str:
        """Under which name the message hub keeps something of a metric."""
        return kind if len(self._indicators()) == 1 else f"{kind}_{key}"

    def _best_name(self, key: str, name: str) -> str:
        return f"best_{key}_{name}".replace("/", "_")

    def _own_name(self, path: Any, key: str) -> str | None:
        """The name of a best checkpoint of this metric, without whatever folder it is in; None for all else."""
        name = Path(path).name if isinstance(path, str) else ""
        metric = ".+" if key == "auto" else re.escape(key.replace("/", "_"))
        template = re.escape(self.filename_tmpl).replace(r"\{\}", r"\d+")
        return name if re.fullmatch(f"best_{metric}_{template}", name) else None

    def _path(self, name: str) -> str:
        return str(self.file_backend.join_path(self.out_dir, name))

    def _remove(self, name: str) -> None:
        """Remove a file, never a folder, from the run's own folder."""
        path = self._path(name)
        if is_main_process() and self.file_backend.isfile(path):
            self.file_backend.remove(path)


def flush_curves(runner: Runner) -> None:
    """Let TensorBoard's writer bring to the disk what it has; a checkpoint must not be ahead of the curves."""
    for backend in runner.visualizer._vis_backends.values():
        writer = getattr(backend, "_tensorboard", None)
        if writer is not None:
            writer.flush()
