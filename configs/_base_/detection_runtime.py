"""The run of an mmdet detector."""

_base_ = "./dense_runtime.py"
default_scope = "mmdet"
custom_hooks = [*_base_.custom_hooks, dict(type="mimseg.Float32Ops")]
visualizer = dict(type="DetLocalVisualizer", name="visualizer")
