"""FastMIM for small images: HOG cells of 4 px, a decoder of 1b64d. The encoder is the run's."""

_base_ = "./fastmim.py"
model = dict(neck=dict(width=64), tasks=dict(reconstruct=dict(target=dict(cell=4))))
# the recipe for small images and models: a larger base rate, full precision, less warm-up
optim_wrapper = dict(precision="fp32", optimizer=dict(lr=1e-3))
schedule = dict(epochs=200, warmup_epochs=20)
