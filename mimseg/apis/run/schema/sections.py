"""The sections of a config that have a name of their own."""

import re
from typing import Annotated, Any, Literal

from pydantic import Field

from .values import (
    ClosedSection,
    Count,
    Flag,
    LogLevel,
    NotNegative,
    Number,
    Part,
    Parts,
    Positive,
    Section,
    Seed,
    Share,
    Size,
    Text,
    Whole,
    Workers,
)


class Loader(ClosedSection):
    """A data loader, also one within a hook or a loop: what ``Runner.build_dataloader`` and torch's take."""

    batch_size: Count = 1
    num_workers: Workers = 0
    prefetch_factor: Count | None = None
    persistent_workers: Flag = False
    pin_memory: Flag = False
    drop_last: Flag = False
    timeout: NotNegative = 0
    dataset: Part | None = None
    sampler: Part | None = None
    batch_sampler: Part | None = None
    num_batch_per_epoch: Count | None = None
    collate_fn: Part | None = None
    worker_init_fn: Any = None
    shuffle: Any = None
    multiprocessing_context: Any = None
    generator: Any = None
    pin_memory_device: Any = None
    in_order: Any = None


class Optimizer(Section):
    """Of torch or timm; :mod:`.optimizers` has what each takes otherwise."""

    type: Text = "AdamW"
    lr: NotNegative = 0.0
    weight_decay: NotNegative = 0.0
    momentum: Share = 0.0
    dampening: Number = 0.0
    trust_coeff: Positive = 1.0
    nesterov: Flag = False
    amsgrad: Flag = False
    fused: Flag | None = None
    foreach: Flag | None = None
    capturable: Flag = False
    maximize: Flag = False


class Clipping(Section):
    """Of gradients, by norm or value."""

    max_norm: Positive | None = None
    norm_type: Positive = 2.0
    clip_value: Positive | None = None


class OptimWrapper(Section):
    """Optimizer, precision and accumulation."""

    type: Text = "OptimWrapper"
    constructor: Text | None = None
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    accumulative_counts: Count = 1
    clip_grad: Clipping | None = None
    optimizer: Optimizer | None = None
    paramwise_cfg: Part | None = None


class Data(Section):
    """Images, their size and statistics; :func:`~mimseg.apis.run.expand.expand_data` says what each key means."""

    train: Text | Part | None = None
    test: Text | Part | None = None
    unlabelled: Text | Part | None = None
    classes: Count | None = None
    size: Size | None = None
    mean: Annotated[tuple[Number, ...], Field(min_length=1)] | None = None
    std: Annotated[tuple[Positive, ...], Field(min_length=1)] | None = None
    crop: tuple[Positive, Positive] | None = None
    interpolation: Text | None = None
    reduced_decode: Flag = False
    flip: Share = 0.5
    augment: list[Literal["randaugment", "erasing"] | Part] | None = None
    center_crop: Positive | None = None
    workers: Workers = 2
    watch: list[Literal["knn", "rankme", "masked_loss", "pictures"]] | None = None


DATA_KEYS = frozenset(Data.model_fields)


class Schedule(Section):
    """Epochs or iterations; what must fit together is checked where it is expanded."""

    epochs: Count | None = None
    warmup_epochs: NotNegative | None = None
    warmup_lr: NotNegative | None = None
    min_lr: NotNegative | None = None
    counts_warmup: Flag | None = None
    scale_limits: Flag | None = None
    steps: list[NotNegative] | None = None
    gamma: Number | None = None
    val_interval: Count | None = None
    stages: list[Part] | None = None
    stop: Count | None = None
    iterations: Count | None = None
    warmup_iterations: Whole | None = None
    warmup_factor: Positive | None = None
    power: NotNegative | None = None


class AutoScale(ClosedSection):
    """Of the learning rate with the batch."""

    enable: Flag = False
    base_batch_size: Count = 256


class LoadOptions(ClosedSection):
    """Of a start from weights."""

    weights: Literal["student", "ema"] = "student"
    least: Share = 0.9
    position_tables: Literal["bicubic", "geometric", "reinit"] = "bicubic"
    fixed_positions: Literal["resized", "computed"] = "resized"
    image_size: Size | None = None
    scratch: Flag = False


class Processes(ClosedSection):
    """How workers start."""

    mp_start_method: Literal["fork", "spawn", "forkserver"] = "fork"
    opencv_num_threads: Whole = 0


class Group(ClosedSection):
    """Of processes: what MMEngine's ``init_dist`` and torch's ``init_process_group`` take."""

    backend: Text = "nccl"
    init_backend: Text = "torch"
    init_method: Text | None = None
    world_size: Any = None
    rank: Any = None
    store: Any = None
    group_name: Any = None
    pg_options: Any = None
    device_id: Any = None
    port: Any = None
    timeout: Positive = 1800


class Environment(ClosedSection):
    """Of the process."""

    cudnn_benchmark: Flag = False
    mp_cfg: Processes | None = None
    dist_cfg: Group | None = None
    resource_limit: Count = 4096


class Randomness(ClosedSection):
    """Seed and determinism."""

    seed: Seed | None = None
    deterministic: Flag = False
    diff_rank_seed: Flag = False


class Imports(ClosedSection):
    """Of modules of one's own."""

    imports: Text | list[Text] | None = None
    allow_failed_imports: Flag = False


class LogProcessor(ClosedSection):
    """Of what the log shows."""

    type: Text = "LogProcessor"
    window_size: Count = 10
    by_epoch: Flag = True
    custom_cfg: list[Part] | None = None
    num_digits: Whole = 4
    log_with_hierarchy: Flag = False
    mean_pattern: re.Pattern[str] = re.compile(".*")


class ConfigSchema(Section):
    """The top level of a config."""

    model: Part | None = None
    train_dataloader: Loader | None = None
    val_dataloader: Loader | None = None
    test_dataloader: Loader | None = None
    train_cfg: Part | None = None
    val_cfg: Part | None = None
    test_cfg: Part | None = None
    val_evaluator: Parts | None = None
    test_evaluator: Parts | None = None
    schedule: Schedule | None = None
    optim_wrapper: OptimWrapper | None = None
    param_scheduler: Parts | None = None
    auto_scale_lr: AutoScale | None = None
    default_hooks: dict[str, Part | None] | None = None
    custom_hooks: list[Part] | None = None
    custom_imports: Imports | None = None
    default_scope: Text | None = None
    visualizer: Part | None = None
    log_level: LogLevel = "INFO"
    log_processor: LogProcessor | None = None
    env_cfg: Environment | None = None
    launcher: Literal["none", "pytorch", "slurm", "mpi"] = "none"
    randomness: Randomness | None = None
    experiment_name: Text | None = None
    work_dir: Text | None = None
    load_from: Text | None = None
    load_options: LoadOptions | None = None
    resume: Flag | Text = False
    trust_checkpoint: Flag = False
    find_unused_parameters: Flag = False
    sync_bn: Literal["torch", "mmcv"] | None = None
    model_wrapper_cfg: Part | None = None
    data_preprocessor: Part | None = None
    tta_model: Part | None = None
    tta_pipeline: Any = None
