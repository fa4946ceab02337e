"""FastMIM, Swin-B at 128 px, normalised pixels, 800 epochs.

Paper:    FastMIM (Empirical Study on Enhancing Efficiency in Masked Image Modeling Pre-training), Table 7.
Command:  tools/dist_train.sh configs/fastmim/ablations/table7_swinb_pixel_128px.py 8
Figure:   ImageNet-1K top-1 of the paper: 83.8 fine-tuned.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../swinb_400e.py"
model = dict(
    tasks=dict(reconstruct=dict(target=dict(_delete_=True, type="PixelTarget", normalize=True))),
)
schedule = dict(epochs=800)
