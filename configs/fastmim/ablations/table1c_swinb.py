"""FastMIM ablation: a truncated encoder. Swin-B at 128 px, 400 epochs.

Paper:    FastMIM, Table 1c, and Section 3 on encoder depth (2-2-16-2); target and epochs are not told.
Command:  tools/dist_train.sh configs/fastmim/ablations/table1c_swinb.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned with new blocks in the place of those left out
          (load_options.least=0.6).
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../swinb_400e.py"
rows = {
    "depth22": (83.9, {"model.encoder.truncate": 2}),  # without its last 2 blocks
    "depth23": (84.1, {"model.encoder.truncate": 1}),  # without its last block
    # 16 blocks in its third stage
    "2-2-16-2": (
        83.4,
        {"model.encoder.arch": dict(_delete_=True, embed_dim=128, depths=(2, 2, 16, 2), num_heads=(4, 8, 16, 32))},
    ),
}
