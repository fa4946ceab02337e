"""SimMIM fine-tuned end to end on ImageNet-1K after 100 epochs, Swin-B at 192 px with windows of 6, 100 epochs.

Paper:    Xie et al., SimMIM: A Simple Framework for Masked Image Modeling, 2022; recipe of its public code, which has
          layer decay 0.9 after 100 epochs of pre-training.
Command:  tools/dist_train.sh configs/finetune/simmim_swinb_100e_192px.py 8 \
              --init work_dirs/simmim/swinb_100e/epoch_100.pth
Figure:   ImageNet-1K top-1 of the public code: 82.8 after 100 epochs of pre-training at 192 px.
Hardware: as configs/finetune/simmim_swinb_100e.py.
"""

_base_ = "./simmim_swinb_100e.py"
data = dict(size=192)
optim_wrapper = dict(paramwise_cfg=dict(layer_decay=0.9))
