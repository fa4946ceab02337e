"""k-NN on scikit-learn's digits, one channel, of a micro ViT encoder.

Paper:    Caron et al., Emerging Properties in Self-Supervised Vision Transformers (DINO), 2021, section 4.1 (protocol).
Command:  python tools/test.py configs/knn/digits_vit-micro.py CHECKPOINT
Figure:   none in the papers.
Hardware: any; seconds on 2 CPU cores.
"""

_base_ = ["../_base_/models/knn_vit-micro.py", "../_base_/datasets/knn.py", "../_base_/default_runtime.py"]
_enlarge = [
    dict(type="LoadImage", channels=1),
    dict(type="CenterResizedCrop", scale=32, crop_fraction=1.0),
    dict(type="mmpretrain.PackInputs", meta_keys=("img_path",)),
]
model = dict(data_preprocessor=dict(mean=[77.8], std=[95.9]))
test_dataloader = dict(dataset=dict(_delete_=True, type="DigitsDataset", split="val", pipeline=_enlarge))
test_cfg = dict(
    neighbours=dict(dataset=dict(_delete_=True, type="DigitsDataset", split="train", pipeline=_enlarge)),
)
