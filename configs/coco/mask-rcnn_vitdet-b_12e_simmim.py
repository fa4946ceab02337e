"""ViTDet Mask R-CNN for a ViT-B of SimMIM (or PASS and SBAM on it): with LayerScale and tables of relative positions.

Paper:    none; the recipe of mask-rcnn_vitdet-b_12e.py. As in the fine-tuning of SimMIM, every block starts with the
          table that all blocks share in pre-training; absolute positions start at zero. Windows of 14 are the grid of
          pre-training, so that in them nothing is resized.
Command:  tools/dist_train.sh configs/coco/mask-rcnn_vitdet-b_12e_simmim.py 8 \
              --init work_dirs/simmim/vitb_200e/epoch_200.pth
Figure:   none.
Hardware: 8 GPUs of 80 GB at batch 2 each, bf16; a bias of all pairs is kept for the global blocks.
"""

_base_ = "./mask-rcnn_vitdet-b_12e.py"
model = dict(backbone=dict(encoder=dict(type="DenseViT", layer_scale=1.0), relative="table", relative_sharing="model"))
optim_wrapper = dict(paramwise_cfg=dict(no_decay=("positions", "gamma")))  # LayerScale, which ViTDet does not have
