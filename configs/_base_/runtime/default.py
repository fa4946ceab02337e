"""What every run has in common: hooks, log, checkpoints, randomness, environment."""

default_scope = "mimseg"

default_hooks = dict(
    runtime_info=dict(type="RuntimeInfo"),
    timer=dict(type="IterTimerHook"),
    logger=dict(type="LoggerHook", interval=50),
    param_scheduler=dict(type="ParamSchedulerHook"),
    sampler_seed=dict(type="DistSamplerSeedHook"),
    checkpoint=dict(
        type="CheckpointHook",
        interval=1,
        max_keep_ckpts=2,
        save_last=True,
        backend_args=dict(backend="AtomicBackend"),
    ),
    provenance=dict(type="Provenance"),
    non_finite=dict(type="NonFiniteGuard", patience=10),
    throughput=dict(type="ThroughputHook", window=50),
    unreadable=dict(type="UnreadableSummary"),
    rng_state=dict(type="RNGStateHook"),
    progress=dict(type="ProgressHook", first=1),
    teacher=dict(type="TeacherHook"),
)
custom_hooks = []  # what a run needs has a name above: a list that is written anew takes none of it away

log_level = "INFO"
log_processor = dict(window_size=50, mean_pattern=r".*(loss|time|data_time|grad_norm|mask_ratio).*")
visualizer = dict(type="Visualizer", vis_backends=[dict(type="LocalVisBackend"), dict(type="TensorboardVisBackend")])

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method="fork", opencv_num_threads=0),
    dist_cfg=dict(backend="nccl"),  # gloo where there is no GPU
)
randomness = dict(seed=0, deterministic=False)

auto_scale_lr = dict(enable=True, base_batch_size=256)  # learning rates are per 256 images

load_from = None
resume = False
trust_checkpoint = False
