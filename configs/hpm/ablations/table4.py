"""HPM ablation: absolute loss prediction, of losses standardised in each image or as they are.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table 4, absolute MSE.
Command:  tools/dist_train.sh configs/hpm/ablations/table4.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper. It prints Eq. 4 (absolute-raw), and its public code
          standardises (absolute): the figures are of one of them.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = "../vitb_200e.py"
rows = {
    "absolute": (
        {"fine-tuned": 82.77, "linear": 51.85, "k-NN": 34.47},
        {"model.tasks.predict_loss.loss": dict(_delete_=True, type="AbsolutePatchLoss")},
    ),
    "absolute-raw": (
        None,
        {"model.tasks.predict_loss.loss": dict(_delete_=True, type="AbsolutePatchLoss", target="raw")},
    ),
}
