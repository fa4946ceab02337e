"""The run of an mmseg segmentor; its length and checkpoints are counted in iterations."""

_base_ = "./dense_runtime.py"
default_scope = "mmseg"
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=4000))
log_processor = dict(by_epoch=False)
visualizer = dict(type="SegLocalVisualizer", name="visualizer")
