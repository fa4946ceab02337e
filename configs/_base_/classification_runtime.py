"""The run of a classifier: no masks, no teachers; every epoch is validated and the best weights are kept, too.

After each epoch, before it is validated and saved, the processes average the statistics of a linear probe's BatchNorm.
"""

_base_ = "./default_runtime.py"
default_hooks = dict(
    checkpoint=dict(save_best="accuracy/top1", rule="greater"),
    progress=None,
    teacher=None,
    sync_buffers=dict(type="SyncBuffersHook"),
    metrics=dict(type="MetricsHook"),
)
load_options = dict(weights="student", least=0.9)
