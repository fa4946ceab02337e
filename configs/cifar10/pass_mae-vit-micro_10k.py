"""PASS on MAE, a micro ViT on every fifth training image of CIFAR-10, 10 epochs, of which it sees 37 %.

The first epoch on all images, then on the 30 % that are hardest, chosen before the second and the seventh. A selection
costs about as much as a full epoch, so that it has to serve several.
Images are scored as they are: they fill their frame.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024; its recipe scaled down.
Command:  python tools/train.py configs/cifar10/pass_mae-vit-micro_10k.py --seed 0
Figure:   none in the paper.
Hardware: any; 2 CPU cores.
"""

_base_ = ["./pass_mae-vit-micro_10k_full.py", "../_base_/pass.py"]
_hook = dict(_base_._selection, warmup_epochs=1, interval=5, transform=_base_._as_it_is, dt_epochs=1)
_decoder = dict(type="TransformerDecoder", depth=2)
model = dict(tasks=dict(predict_loss=dict(_base_._predict_loss, decoder=_decoder)))
default_hooks = dict(selection=_hook)
find_unused_parameters = True
