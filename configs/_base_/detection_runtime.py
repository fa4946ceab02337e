"""The run of an mmdet detector."""

_base_ = "./dense_runtime.py"
default_scope = "mmdet"
default_hooks = dict(float32_ops=dict(type="mimseg.Float32Ops"))
visualizer = dict(type="DetLocalVisualizer", name="visualizer")
