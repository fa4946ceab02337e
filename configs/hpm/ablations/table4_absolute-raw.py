"""HPM ablation: absolute loss prediction of the loss as it is.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Eq. 4 as printed.
Command:  tools/dist_train.sh configs/hpm/ablations/table4_absolute-raw.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.77 fine-tuned, 51.85 linear, 34.47 k-NN (Table 4, absolute MSE), if it was
          Eq. 4; its public code standardises the losses of each image (table4_absolute.py).
Hardware: as configs/hpm/vitb_200e.py.
"""

_base_ = "../vitb_200e.py"
model = dict(
    tasks=dict(predict_loss=dict(loss=dict(_delete_=True, type="AbsolutePatchLoss", target="raw"))),
)
