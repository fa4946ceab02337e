"""Ten thousand images for a few epochs: what 2 CPU cores train in minutes. Small batches, for enough steps."""

_base_ = "./adamw_small.py"
optim_wrapper = dict(optimizer=dict(lr=4e-3))
schedule = dict(epochs=6, warmup_epochs=1)
