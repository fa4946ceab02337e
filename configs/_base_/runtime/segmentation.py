"""The run of an mmseg segmentor, in MIMRunner, counted in iterations: rates as given, not per 256 images.

`auto_scale_lr.enable=True` scales the rate from the batch of `auto_scale_lr.base_batch_size` images to the run's own.
"""

default_scope = "mmseg"

default_hooks = dict(
    runtime_info=dict(type="mimseg.RuntimeInfo"),
    timer=dict(type="IterTimerHook"),
    logger=dict(type="LoggerHook", interval=50),
    param_scheduler=dict(type="ParamSchedulerHook"),
    sampler_seed=dict(type="DistSamplerSeedHook"),
    checkpoint=dict(
        type="mimseg.CheckpointHook",
        by_epoch=False,
        interval=4000,
        max_keep_ckpts=2,
        save_last=True,
        backend_args=dict(backend="AtomicBackend"),
    ),
    provenance=dict(type="mimseg.Provenance"),
    non_finite=dict(type="mimseg.NonFiniteGuard", patience=10),
    throughput=dict(type="mimseg.ThroughputHook", window=50),
    unreadable=dict(type="mimseg.UnreadableSummary"),
    rng_state=dict(type="mimseg.RNGStateHook"),
    metrics=dict(type="mimseg.MetricsHook"),
    label_check=dict(type="mimseg.LabelCheck"),
)
custom_hooks = []  # what a run needs has a name above: a list that is written anew takes none of it away

log_level = "INFO"
log_processor = dict(by_epoch=False, window_size=50, mean_pattern=r".*(loss|time|data_time|grad_norm|acc).*")
visualizer = dict(
    type="SegLocalVisualizer",
    name="visualizer",
    vis_backends=[dict(type="LocalVisBackend"), dict(type="TensorboardVisBackend")],
)

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method="fork", opencv_num_threads=0),
    dist_cfg=dict(backend="nccl"),  # gloo where there is no GPU
)
randomness = dict(seed=0, deterministic=False)

auto_scale_lr = dict(enable=False, base_batch_size=256)
val_cfg = dict()
test_cfg = dict()

load_from = None
resume = False
trust_checkpoint = False
