"""Fine-tuning on ImageNet-1K of the ViT-B/16 that AMT trains on SimMIM, 100 epochs.

Paper:    Liu et al., Good Helper Is around You: Attention-Driven Masked Image Modeling, 2023; recipe of its public
          code: SimMIM's, with a learned table of positions in place of those in the attention.
Command:  tools/dist_train.sh configs/finetune/amt_simmim-vitb_100e.py 8 --init CHECKPOINT
Figure:   none in the papers that this toolbox follows.
Hardware: as configs/finetune/simmim_vitb_100e.py.
"""

_base_ = "./simmim_vitb_100e.py"
model = dict(
    encoder=dict(
        _delete_=True,
        type="DenseViT",
        arch="base",
        patch_size=16,
        image_size=224,
        drop_path=0.1,
        positions="learned",
    ),
)
optim_wrapper = dict(paramwise_cfg=dict(no_decay=("cls_token", "positions")))
