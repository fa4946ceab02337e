"""MMEngine's runner with safe loading, the real batch in the learning rate, and CPU process groups."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dist import is_distributed
from mmengine.fileio import dump
from mmengine.logging import MMLogger
from mmengine.model import is_model_wrapper, revert_sync_batchnorm
from mmengine.optim import OptimWrapper
from mmengine.runner import EpochBasedTrainLoop
from mmengine.visualization import Visualizer
from torch import nn
from torch.utils.data import DataLoader

from ..checkpoints import describe, load_weights
from ..checkpoints.run_file import as_one_file
from ..datasets.workers import build_loader
from ..registry import RUNNERS
from .batch import Batch, images_per_batch
from .distributed import TIMEOUT, describe_run, init_gloo, leave_at_exit, wrap_for_cpu
from .guarded import GuardedRunner
from .hooks import PendingValidation
from .hooks.needed import check_hooks, merge_hooks
from .hooks.run_folder import RunFolderHook
from .hooks.stop import StopHook
from .intent import intent_of, new_run
from .leftovers import sweep_run
from .log_failures import check_work_folder, tolerate_in_backends, tolerate_in_handlers
from .loop import PretrainLoop
from .resuming import describe_settings, resume
from .run_config import RunConfig
from .run_folder import RunFolder
from .sampling import check_sampling
from .stages import end_workers

MUTED_IN_MMENGINE = (
    '"FileClient" will be deprecated',
    '"HardDiskBackend" is the alias',
    "Resumed iteration number is not divisible by",  # PretrainLoop counts within the epoch, and refuses
)


@RUNNERS.register_module()
class MIMRunner(GuardedRunner):
    """Runner of every mimseg run.

    What differs from MMEngine's: checkpoints are read by :func:`mimseg.checkpoints.read_checkpoint` (never
    unpickled unless ``trust_checkpoint``) and a resume must fit the run; ``auto_scale_lr`` counts
    accumulation; several processes run on CPU; hooks may define ``before_gather_checkpoint(runner)``, called
    on every process before one of them writes a checkpoint. A work folder holds one run, written by one runner at a
    time, see :class:`~mimseg.engine.run_folder.RunFolder`.
    """

    resuming = False
    run_folder: RunFolder
    optim_wrapper: Any  # a config until it is built
    param_schedulers: Any

    def __init__(self, model: Any, work_dir: str, *args: Any, cfg: Config | None = None, **options: Any) -> None:
        self._made_work_dir = not Path(work_dir).exists()
        fixed = RunConfig.of(cfg) if isinstance(cfg, Config) else cfg
        try:
            super().__init__(model, work_dir, *args, cfg=fixed, **options)
        except BaseException:
            if hasattr(self, "run_folder"):
                self.run_folder.leave()
            raise

    def setup_env(self, env_cfg: dict[str, Any]) -> None:
        """Join the process group, on gloo where there is no GPU."""
        dist_cfg = {"timeout": TIMEOUT, **(env_cfg.get("dist_cfg") or {})}
        if self.distributed and not is_distributed() and not torch.cuda.is_available():
            init_gloo(self.launcher, dist_cfg["timeout"])
        super().setup_env({**env_cfg, "dist_cfg": dist_cfg})
        if self.distributed:
            leave_at_exit()
        run, intent = new_run(self.cfg, trains=self._train_dataloader is not None), intent_of(self.cfg)
        self.run_folder = RunFolder(self.work_dir, run, intent, self.timestamp, self._made_work_dir)
        self.run_folder.claim()
        self._timestamp = self.run_folder.timestamp

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """MMEngine's logger without warnings that no user can act on; a line that cannot be written ends no run."""
        logger = super().build_logger(*args, **kwargs)
        tolerate_in_handlers(logger)
        logger.addFilter(lambda record: not any(text in record.getMessage() for text in MUTED_IN_MMENGINE))
        return logger

    def build_visualizer(self, visualizer: Visualizer | dict[str, Any] | None = None) -> Visualizer:
        """MMEngine's visualizer; what its backends cannot write ends no run."""
        built = super().build_visualizer(visualizer)
        tolerate_in_backends(built, self.work_dir, self.logger)
        return built

    @staticmethod
    def build_dataloader(
        dataloader: DataLoader[Any] | dict[str, Any], seed: int | None = None, diff_rank_seed: bool = False
    ) -> DataLoader[Any]:
        """MMEngine's loader with workers that end with this process: :func:`mimseg.datasets.workers.build_loader`."""
        return build_loader(dataloader, seed, diff_rank_seed)

    def _log_env(self, env_cfg: dict[str, Any]) -> None:
        self.logger.info(describe_run(self.world_size, self.work_dir))
        super()._log_env(env_cfg)

    def wrap_model(self, model_wrapper_cfg: dict[str, Any] | None, model: nn.Module) -> nn.Module:
        """DDP for several processes."""
        if not self.distributed or torch.cuda.is_available() or is_model_wrapper(model):
            wrapped: nn.Module = super().wrap_model(model_wrapper_cfg, model)
            return wrapped
        if any(isinstance(part, nn.SyncBatchNorm) for part in model.modules()):
            self.logger.warning("SyncBN needs GPUs: on CPU every process normalises by its own images")
            model = revert_sync_batchnorm(model)
        wrapped = wrap_for_cpu(model, self.cfg.get("find_unused_parameters", False))
        return wrapped

    def register_hooks(self, default_hooks: Any = None, custom_hooks: Any = None) -> None:
        """Register the hooks by name, then those of the list; what the list has in its own way replaces the former."""
        super().register_hooks(merge_hooks(default_hooks, custom_hooks), custom_hooks)
        self._stop_hook = StopHook()
        self.register_hook(self._stop_hook)
        self.register_hook(RunFolderHook(self.run_folder))

    def dump_config(self) -> None:
        """Nothing yet: the resolved config is written once the run is accepted."""

    def resolved_config(self) -> tuple[str, str]:
        """The file name and text of the resolved config."""
        name = Path(as_one_file(self.cfg.filename or f"{self.timestamp}.py")).name
        if name.endswith(".py"):
            return name, self.cfg.pretty_text
        return name, dump(self.cfg.to_dict(), file_format=Path(name).suffix[1:])

    def train(self) -> nn.Module:
        """Train, unless a hook is missing without which the model would not be trained as its config says.

        Hooks may define ``after_failure(runner)``, called on the process that an exception ends.

        Raises:
            ValueError: one is missing.
            WorkFolderError: another run has come into the work folder since this one was built.
            RunStopped: a signal ended the training; the text names the checkpoint that a resume takes up.
        """
        with self.run_folder.held():
            check_hooks(self)
            self.register_hook(PendingValidation())
            if self.rank == 0:
                sweep_run(self.work_dir)
            try:
                with self._stop_hook.watching(self):
                    model: nn.Module = super().train()
            except Exception:
                self.call_hook("after_failure")
                raise
            finally:
                for loop in (self._train_loop, self._val_loop):
                    end_workers(loop)
        return model

    def load_or_resume(self) -> None:
        """As MMEngine's; then what would be mixed up with this run makes way."""
        super().load_or_resume()
        self.run_folder.make_way(self.epoch, self.iter, self.resuming, self.logger.warning)

    def build_train_loop(self, loop: Any) -> Any:
        """The loop; its loader draws worker seeds from a generator of its own, so that a resume draws what it did."""
        built = super().build_train_loop(loop)
        check_sampling(built.dataloader, "train_dataloader", isinstance(built, EpochBasedTrainLoop))
        return self._with_own_generator(built)

    def build_val_loop(self, loop: Any) -> Any:
        """As the training loop."""
        built = super().build_val_loop(loop)
        check_sampling(built.dataloader, "val_dataloader", True)
        return self._with_own_generator(built)

    def _with_own_generator(self, loop: Any) -> Any:
        if loop.dataloader.generator is None:
            loop.dataloader.generator = torch.Generator().manual_seed(self.seed)
        return loop

    @property
    def bare_model(self) -> nn.Module:
        """The model without its DDP wrapper."""
        bare: nn.Module = self.model.module if is_model_wrapper(self.model) else self.model
        return bare

    def scale_lr(self, optim_wrapper: OptimWrapper, auto_scale_lr: Mapping[str, Any] | None = None) -> None:
        """Scale the rates from ``base_batch_size`` to the images of one step (Goyal et al. 2017).

        Where the batch changes on the way, this is the first stage's; the loop scales the peaks of the others.
        """
        if not auto_scale_lr or not auto_scale_lr.get("enable", False):
            return
        base = auto_scale_lr["base_batch_size"]
        loader = self._train_dataloader
        per_process = loader["batch_size"] if isinstance(loader, dict) else loader.batch_size
        accumulation = optim_wrapper._accumulative_counts
        batch = self.world_size * per_process * accumulation
        groups = optim_wrapper.optimizer.param_groups
        rate = groups[0]["lr"]
        self.logger.info(
            f"learning rate: {self.describe_batch(per_process, accumulation)} -> "
            f"{rate:.1e} x {batch}/{base} = {rate * batch / base:.2e}"
        )
        for group in groups:
            group["lr"] = group["lr"] * batch / base

    def describe_batch(self, batch_size: int, accumulation: int) -> str:
        """How the images of one optimizer step come together."""
        return str(Batch(self.world_size, batch_size, accumulation))

    @property
    def running_batch(self) -> Batch:
        """What an optimizer step sees at the moment."""
        return Batch(self.world_size, images_per_batch(self.train_dataloader), self.optim_wrapper._accumulative_counts)

    @cached_property
    def settings(self) -> str:
        """The resolved config, for checkpoints, see :func:`mimseg.engine.resuming.describe_settings`."""
        return describe_settings(self.cfg.to_dict())

    def resume(
        self,
        filename: str,
        resume_optimizer: bool = True,
        resume_param_scheduler: bool = True,
        map_location: str | Callable[..., Any] = "default",
    ) -> None:
        """Go on with the run that wrote ``filename``, see :func:`mimseg.engine.resuming.resume`.

        Raises:
            CheckpointError: it cannot be read.
            ValueError: it is not one of such a run, or does not fit this one; nothing has been taken from it then.
        """
        if not (resume_optimizer and resume_param_scheduler and map_location == "default"):
            raise ValueError(f"{filename} can be resumed as a whole only; start from its weights with load_from")
        self.optim_wrapper = self.build_optim_wrapper(self.optim_wrapper)
        if self.param_schedulers is not None:
            self.param_schedulers = self.build_param_scheduler(self.param_schedulers)
        self.resuming = self._resume = self._has_loaded = True  # hooks ask for one or the other
        resume(self, filename)

    def load_checkpoint(
        self,
        filename: str,
        map_location: str | Callable[..., Any] = "cpu",
        strict: bool = False,
        revise_keys: list[tuple[str, str]] = [(r"^module\.", "")],  # noqa: B006 (MMEngine's signature)
    ) -> dict[str, Any]:
        """Load weights of any known format by :func:`mimseg.checkpoints.load_weights`.

        A training that starts from a file needs its encoder, by ``load_options`` of the config (``weights``: student or
        ema; ``least``: share of the encoder that must be found, default 0.9; ``position_tables``: bicubic, geometric or
        reinit, for those of another size; ``fixed_positions``: resized or computed, and ``image_size`` of a file that
        does not tell it; ``scratch``: it is meant to start from random weights and takes no file). A test needs every
        weight of the model.
        The arguments besides ``filename`` are MMEngine's, and have no effect.

        Raises:
            CheckpointError: there is no such file, it is damaged, or it holds more than plain data and
                ``trust_checkpoint`` is not set.
            ValueError: too little of the file fits the model.
        """
        model = self.bare_model
        load_weights(model, filename, trust=self.trusting, log=self.logger.info, **self._load_options())
        loaded = {"state_dict": model.state_dict()}
        self.call_hook("after_load_checkpoint", checkpoint=loaded)
        self._has_loaded = True
        return loaded

    @property
    def trusting(self) -> bool:
        """Whether checkpoints may run code."""
        return bool(self.cfg.get("trust_checkpoint", False))

    def _load_options(self) -> dict[str, Any]:
        """All weights to test a model; to train from some, its encoder's."""
        if self._train_dataloader is None:
            return {"scope": "", "least": 1.0}
        options = dict(self.cfg.get("load_options", {}))
        if options.pop("scratch", False):
            raise ValueError(
                "load_options.scratch=True trains from random weights, but load_from (--init) names "
                f"{self._load_from}; leave one of the two out"
            )
        scope = "encoder." if hasattr(self.bare_model, "encoder") else ""
        return {"scope": scope, "least": 0.9, **options}

    def save_checkpoint(
        self,
        out_dir: str,
        filename: str,
        *args: Any,
        meta: dict[str, Any] | None = None,
        by_epoch: bool = True,
        **kwargs: Any,
    ) -> None:
        """Let the hooks of all processes contribute, then write on one.

        Hooks may define ``after_save_checkpoint(runner, path, iteration)``, called on every process after one that a
        resume can start from.
        """
        if self.rank == 0:
            check_work_folder(self.work_dir)
        self.call_hook("before_gather_checkpoint")
        loop = self.train_loop
        own = {
            "epoch_length": len(self.train_dataloader),
            "images": len(self.train_dataloader.dataset),
            "batch": asdict(self.running_batch),
            "mimseg": describe(self.bare_model),
            "settings": self.settings,
        }
        if isinstance(loop, PretrainLoop):
            own["epoch_start"] = loop.iter if by_epoch else loop.epoch_start  # by epoch, the next one's
        super().save_checkpoint(out_dir, filename, *args, meta={**(meta or {}), **own}, by_epoch=by_epoch, **kwargs)
        if kwargs.get("save_optimizer", True):
            iteration = (meta or {}).get("iter", self.iter if by_epoch else self.iter + 1)
            self.call_hook("after_save_checkpoint", path=Path(out_dir, filename), iteration=iteration)
