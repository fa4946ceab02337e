"""FastMIM with distillation, PVTv2-B2 at 128 px, a fine-tuned PVTv2-B5 as teacher, 400 epochs.

Paper:    FastMIM, 5.6 and Table 9: HOG loss + sum_i |sigma(z_i) - teacher_i|, after Bai et al. 2023 (DMAE), which has
          plain ViTs only: sigma is a linear layer from the student's own width, i is here the last stage with its norm,
          whose tokens are those that masks and HOG count (3/4 of the depth lies in stage 3, on a finer grid), |.| a
          mean. DMAE's code divides features by their norms (model.tasks.distill.loss.normalize=True). Through the neck:
          configs/fastmim/ablations/table9_pvtv2b2_kd_neck.py.
Command:  tools/dist_train.sh configs/fastmim/pvtv2b2_400e_kd.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.6 fine-tuned (82.4 without teacher).
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16; a fine-tuned PVTv2-B5 in checkpoints/pvtv2-b5_finetuned.pth
          (tools/train.py configs/finetune/pvtv2b5_200e.py).
"""

_base_ = [
    "../_base_/models/fastmim.py",
    "../_base_/data/imagenet_128.py",
    "../_base_/runtime/default.py",
]
model = dict(
    encoder=dict(type="DenseBackbone", backbone="pvt_v2_b2", image_size="data.size"),
    teachers=dict(
        larger=dict(
            type="PretrainedTeacher",
            checkpoint="checkpoints/pvtv2-b5_finetuned.pth",
            encoder=dict(type="DenseBackbone", backbone="pvt_v2_b5", image_size="data.size"),
        ),
    ),
    tasks=dict(
        reconstruct=dict(decoder=dict(depth=4)),
        distill=dict(
            type="Task",
            decoder=dict(type="LinearDecoder"),
            target=dict(type="FeatureTarget", teacher="larger"),
            loss=dict(type="PatchL1"),
            positions="all",
            reads="encoder",
        ),
    ),
)
schedule = dict(epochs=400)
