"""The run of a detector or segmentor of mmdet or mmseg, in MIMRunner: rates as given, not per 256 images.

`auto_scale_lr.enable=True` scales the rate from the batch of `auto_scale_lr.base_batch_size` images to the run's own.
"""

_base_ = "./default_runtime.py"
default_hooks = dict(
    runtime_info=dict(type="mimseg.RuntimeInfo"),
    provenance=dict(type="mimseg.Provenance"),
    non_finite=dict(type="mimseg.NonFiniteGuard"),
    throughput=dict(type="mimseg.ThroughputHook"),
    unreadable=dict(type="mimseg.UnreadableSummary"),
    checkpoint=dict(type="mimseg.CheckpointHook"),
    rng_state=dict(type="mimseg.RNGStateHook"),
    progress=None,
    teacher=None,
    metrics=dict(type="mimseg.MetricsHook"),
    label_check=dict(type="mimseg.LabelCheck"),
)
log_processor = dict(mean_pattern=r".*(loss|time|data_time|grad_norm|acc).*")
auto_scale_lr = dict(enable=False)
val_cfg = dict()
test_cfg = dict()
