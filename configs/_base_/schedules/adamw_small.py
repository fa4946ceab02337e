"""The recipe for small images and models: a larger base rate, full precision, 200 epochs of which 20 warm up."""

_base_ = "./adamw_200e.py"
optim_wrapper = dict(precision="fp32", optimizer=dict(lr=1e-3))
schedule = dict(warmup_epochs=20)
