"""Fine-tuning of FastMIM's Swin-B on ImageNet-1K at 384 px, 100 epochs, windows of 12.

Paper:    FastMIM, Tables 8 and 12; windows as in Swin's public models of 384 px. Tested on whole images, not on their
          central 0.875, as its public code does above 224 px.
Command:  tools/dist_train.sh configs/finetune/swinb_100e_384px.py 8 --init work_dirs/fastmim/swinb_400e/epoch_400.pth
          other starts: work_dirs/fastmim/ablations/table8_swinb/224px/epoch_400.pth,
          work_dirs/fastmim/ablations/table8_swinb/in22k/epoch_147.pth
Figure:   ImageNet-1K top-1 of the paper: 85.3 after pre-training at 128 px; 85.4 at 224 px, 86.1 on ImageNet-22K.
Hardware: 8 GPUs of 80 GB at batch 128 each, bf16; with less memory, train_dataloader.batch_size=64 and
          optim_wrapper.accumulative_counts=2.
"""

_base_ = "./swinb_100e.py"
data = dict(size=384, center_crop=1.0)
