"""FastMIM ablation: larger inputs and more data. Swin-B, HOG, for fine-tuning at 384 px or (448px) 224 px.

Paper:    FastMIM, Table 8; epochs are not told there: its "1.6 days" at 128 px are those of 400 in Table 3, and the 6.5
          days of ImageNet-22K allow about 147 of 14.2 million images. Windows are not told either: they keep their
          share of the image.
Command:  tools/dist_train.sh configs/fastmim/ablations/table8_swinb.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned at 384 px (configs/finetune/swinb_100e_384px.py), of
          448px at 224 px (configs/finetune/swinb_100e.py).
Hardware: 8 GPUs of 40 GB at batch 128 each, two batches a step, bf16. 448px: 8 GPUs of 80 GB at batch 64 each, four
          batches a step, bf16. in22k: 8 GPUs of 32 GB at batch 256 each, bf16; ImageNet-22K in data/imagenet22k.
"""

_base_ = "../swinb_400e.py"
rows = {
    "224px": (85.4, {"data.size": 224, "train_dataloader.batch_size": 128, "optim_wrapper.accumulative_counts": 2}),
    "448px": (84.3, {"data.size": 448, "train_dataloader.batch_size": 64, "optim_wrapper.accumulative_counts": 4}),
    # any folder of images, --data data/imagenet22k say; labels are not read
    "in22k": (86.1, {"data.train": "data/imagenet22k", "schedule.epochs": 147}),
}
