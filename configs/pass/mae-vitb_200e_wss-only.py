"""PASS without its masks: random ones, the losses under them weighted by the predictor. MAE, ViT-B/16, 200 epochs.

Nothing but the masks of the selection differs from configs/pass/mae-vitb_200e.py.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, Figure 5: WSS without
          DTMP, if that is one of its bars.
Command:  tools/dist_train.sh configs/pass/mae-vitb_200e_wss-only.py 8
Figure:   none that is printed as a number.
Hardware: as configs/pass/mae-vitb_200e.py.
"""

_base_ = "./mae-vitb_200e.py"
default_hooks = dict(selection=dict(selector=dict(masks="random")))
