"""The run of a classifier: no masks, no teachers; every epoch is validated and the best weights are kept, too.

After each epoch, before it is validated and saved, the processes average the statistics of a linear probe's BatchNorm.
"""

_base_ = "./default_runtime.py"
custom_hooks = [*_base_._training_hooks, dict(type="SyncBuffersHook"), dict(type="MetricsHook")]
default_hooks = dict(checkpoint=dict(save_best="accuracy/top1", rule="greater"))
load_options = dict(weights="student", least=0.9)
