"""FastMIM, Swin-B at 224 px with windows of 7, HOG, 400 epochs, for fine-tuning at 384 px.

Paper:    FastMIM (Empirical Study on Enhancing Efficiency in Masked Image Modeling Pre-training), Table 8;
          epochs are not told there, its "1.6 days" at 128 px are those of 400 in Table 3.
Command:  tools/dist_train.sh configs/fastmim/ablations/table8_swinb_224px.py 8
Figure:   ImageNet-1K top-1 of the paper: 85.4 fine-tuned at 384 px (configs/finetune/swinb_100e_384px.py).
Hardware: 8 GPUs of 40 GB at batch 128 each, two batches a step, bf16.
"""

_base_ = "../swinb_400e.py"
model = dict(encoder=dict(image_size=224, window_size=7))
train_dataloader = _base_.train_dataloader
train_dataloader.batch_size = 128
train_dataloader.dataset.dataset.pipeline[0].scale = 224
optim_wrapper = dict(accumulative_counts=2)
