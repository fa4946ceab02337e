"""MMEngine's runner with safe loading, the real batch in the learning rate, and CPU process groups."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from mmengine.dist import is_distributed
from mmengine.logging import MMLogger
from mmengine.model import is_model_wrapper, revert_sync_batchnorm
from mmengine.optim import OptimWrapper
from mmengine.runner.checkpoint import _load_checkpoint_to_model
from torch import nn

from ..checkpoints import describe, load_weights, read_checkpoint, refer_positions
from ..registry import RUNNERS
from .distributed import count_processes, describe_run, init_gloo, leave_at_exit, wrap_for_cpu
from .guarded import GuardedRunner
from .hooks.needed import check_hooks, merge_hooks
from .loop import PretrainLoop

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
    on every process before one of them writes a checkpoint.
    """

    resuming = False

    def setup_env(self, env_cfg: dict[str, Any]) -> None:
        """Join the process group, on gloo where there is no GPU."""
        if self.distributed and not is_distributed() and not torch.cuda.is_available():
            init_gloo(self.launcher, env_cfg.get("dist_cfg", {}).get("timeout", 1800))
        super().setup_env(env_cfg)
        if self.distributed:
            leave_at_exit()

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """MMEngine's logger without warnings that no user can act on."""
        logger = super().build_logger(*args, **kwargs)
        logger.addFilter(lambda record: not any(text in record.getMessage() for text in MUTED_IN_MMENGINE))
        return logger

    def _log_env(self, env_cfg: dict[str, Any]) -> None:
        self.logger.info(describe_run(self.world_size, self.work_dir))
        super()._log_env(env_cfg)

    def wrap_model(self, model_wrapper_cfg: dict[str, Any] | None, model: nn.Module) -> nn.Module:
        """DDP for several processes."""
        if not self.distributed or torch.cuda.is_available() or is_model_wrapper(model):
            return super().wrap_model(model_wrapper_cfg, model)
        if any(isinstance(part, nn.SyncBatchNorm) for part in model.modules()):
            self.logger.warning("SyncBN needs GPUs: on CPU every process normalises by its own images")
            model = revert_sync_batchnorm(model)
        return wrap_for_cpu(model, self.cfg.get("find_unused_parameters", False))

    def register_hooks(self, default_hooks: Any = None, custom_hooks: Any = None) -> None:
        """Register the hooks by name, then those of the list; what the list has in its own way replaces the former."""
        super().register_hooks(merge_hooks(default_hooks, custom_hooks), custom_hooks)

    def train(self) -> nn.Module:
        """Train, unless a hook is missing without which the model would not be trained as its config says.

        Raises:
            ValueError: one is missing.
        """
        check_hooks(self)
        model: nn.Module = super().train()
        return model

    def build_train_loop(self, loop: Any) -> Any:
        """The loop; its loader draws worker seeds from a generator of its own, so that a resume draws what it did."""
        return self._with_own_generator(super().build_train_loop(loop))

    def build_val_loop(self, loop: Any) -> Any:
        """As the training loop."""
        return self._with_own_generator(super().build_val_loop(loop))

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
        return (
            f"{count_processes(self.world_size)} x {batch_size} images x {accumulation} "
            f"accumulation = batch {self.world_size * batch_size * accumulation}"
        )

    def resume(
        self,
        filename: str,
        resume_optimizer: bool = True,
        resume_param_scheduler: bool = True,
        map_location: str | Callable[..., Any] = "default",
    ) -> None:
        """Go on with the run that wrote ``filename``.

        Raises:
            ValueError: the checkpoint is not one of such a run (weights only, another model, seed or epoch
                length).
        """
        self.resuming = True
        super().resume(filename, resume_optimizer, resume_param_scheduler, map_location)

    def load_checkpoint(
        self,
        filename: str,
        map_location: str | Callable[..., Any] = "cpu",
        strict: bool = False,
        revise_keys: list[tuple[str, str]] = [(r"^module\.", "")],  # noqa: B006 (MMEngine's signature)
    ) -> dict[str, Any]:
        """Load weights of any known format by :func:`mimseg.checkpoints.load_weights`; on a resume, all of the run.

        A training that starts from a file needs its encoder, by ``load_options`` of the config (``weights``: student or
        ema; ``least``: share of the encoder that must be found, default 0.9; ``position_tables``: bicubic, geometric or
        reinit, for those of another size; ``fixed_positions``: resized or computed, and ``image_size`` of a file that
        does not tell it; ``scratch``: it is meant to start from random weights and takes no file). A test needs every
        weight of the model.
        The arguments besides ``filename`` matter to a resume only.

        Raises:
            CheckpointError: there is no such file, it is damaged, or it holds more than plain data and
                ``trust_checkpoint`` is not set.
            ValueError: too little of the file fits the model, or, on a resume, anything differs.
        """
        if self.resuming:
            return self._load_to_resume(filename, map_location, revise_keys)
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

    def _load_to_resume(self, filename: str, map_location: Any, revise_keys: list[tuple[str, str]]) -> dict[str, Any]:
        checkpoint = read_checkpoint(filename, map_location, trust=self.trusting)
        self._check_resumable(filename, checkpoint)
        self.call_hook("after_load_checkpoint", checkpoint=checkpoint)
        self._check_epoch_length(filename, checkpoint["meta"])
        checkpoint = _load_checkpoint_to_model(self.bare_model, checkpoint, strict=True, revise_keys=revise_keys)
        refer_positions(self.bare_model, checkpoint["meta"].get("mimseg", {}).get("reference"))
        self._has_loaded = True
        self.logger.info(f"{filename}: resumed, {len(checkpoint['state_dict'])} tensors loaded")
        return checkpoint

    def _check_resumable(self, filename: str, checkpoint: Mapping[str, Any]) -> None:
        if "meta" not in checkpoint or "optimizer" not in checkpoint:
            raise ValueError(
                f"{filename} holds weights only: it cannot be resumed; start from it with load_from instead"
            )
        differing = self.bare_model.state_dict().keys() ^ checkpoint["state_dict"].keys()
        if differing:
            raise ValueError(
                f"{filename} is of another model: {len(differing)} tensors are only in one of the two, e.g. "
                f"{min(differing)}; resume with the config of the first run"
            )
        seed = checkpoint["meta"].get("seed")
        if seed != self.seed:
            raise ValueError(
                f"{filename} was written with seed {seed}, this run has {self.seed}; resume with --seed {seed}"
            )

    def _check_epoch_length(self, filename: str, meta: Mapping[str, Any]) -> None:
        loop = self.train_loop
        now = loop.take_up(meta) if isinstance(loop, PretrainLoop) else len(self.train_dataloader)
        length = meta.get("epoch_length", now)
        if length != now:
            raise ValueError(
                f"{filename} was written with {length} iterations per epoch, this run has {now}: resume with the same "
                "data, total batch and stages, or start a new run from its weights with load_from"
            )

    def save_checkpoint(
        self, *args: Any, meta: dict[str, Any] | None = None, by_epoch: bool = True, **kwargs: Any
    ) -> None:
        """Let the hooks of all processes contribute, then write on one."""
        self.call_hook("before_gather_checkpoint")
        loop = self.train_loop
        own = {"epoch_length": len(self.train_dataloader), "mimseg": describe(self.bare_model)}
        if isinstance(loop, PretrainLoop):
            own["epoch_start"] = loop.iter if by_epoch else loop.epoch_start  # by epoch, the next one's
        super().save_checkpoint(*args, meta={**(meta or {}), **own}, by_epoch=by_epoch, **kwargs)
