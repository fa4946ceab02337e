"""FastMIM, Swin-B at 128 px, HOG, on ImageNet-22K, for fine-tuning at 384 px.

Paper:    FastMIM (Empirical Study on Enhancing Efficiency in Masked Image Modeling Pre-training), Table 8;
          epochs are not told: its 6.5 days, beside 1.6 for 400 epochs of ImageNet-1K, allow about 147 of 14.2 million
          images.
Command:  tools/dist_train.sh configs/fastmim/ablations/table8_swinb_in22k.py 8 --data data/imagenet22k
          (any folder of images; labels are not read)
Figure:   ImageNet-1K top-1 of the paper: 86.1 fine-tuned at 384 px (configs/finetune/swinb_100e_384px.py).
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16; ImageNet-22K in data/imagenet22k.
"""

_base_ = "../swinb_400e.py"
train_dataloader = dict(dataset=dict(dataset=dict(data_root="data/imagenet22k")))
schedule = dict(epochs=147)
