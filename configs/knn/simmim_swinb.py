"""k-NN on ImageNet-1K, at 192 px, of the Swin-B encoder that SimMIM trains.

Paper:    as configs/knn/vitb.py.
Command:  tools/dist_test.sh configs/knn/simmim_swinb.py CHECKPOINT 8
Figure:   none in the paper.
Hardware: as configs/knn/vitb.py.
"""

_base_ = "./vitb.py"
model = dict(encoder=dict(_delete_=True, type="DenseSwin", arch="base", image_size=192, window_size=6))
_images = [
    dict(type="LoadImage"),
    dict(type="CenterResizedCrop", scale=192, crop_fraction=0.875),
    dict(type="mmpretrain.PackInputs", meta_keys=("img_path",)),
]
test_dataloader = dict(dataset=dict(pipeline=_images))
test_cfg = dict(neighbours=dict(dataset=dict(pipeline=_images)))
