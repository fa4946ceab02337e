"""k-NN on class folders, by DINO's protocol: training images are the neighbours, test images are asked, as they are."""

_loader = dict(
    batch_size=250,
    num_workers=2,
    collate_fn=dict(type="default_collate"),
    dataset=dict(
        type="LabelledFolder",
        pipeline=[dict(type="LoadImage"), dict(type="mmpretrain.PackInputs", meta_keys=("img_path",))],
    ),
)
test_dataloader = _loader
test_cfg = dict(type="KNNLoop", neighbours=_loader, ks=(10, 20, 100, 200), pool="avg", temperature=0.07)
test_evaluator = []
