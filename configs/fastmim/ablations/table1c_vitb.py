"""FastMIM ablation: a truncated encoder. ViT-B/16 at 128 px, 400 epochs.

Paper:    FastMIM, Table 1c; its target and epochs are not told.
Command:  tools/dist_train.sh configs/fastmim/ablations/table1c_vitb.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned with new blocks in the place of those left out
          (load_options.least=0.6).
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../vitb_400e.py"
rows = {
    "depth8": (82.9, {"model.encoder.truncate": 4}),  # without its last 4 blocks
    "depth10": (83.4, {"model.encoder.truncate": 2}),  # without its last 2 blocks
}
