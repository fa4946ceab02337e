"""ADE20K, tested with `--tta` at SimMIM's five scales, without flips."""

_base_ = "./ade20k.py"
_five = [0.75, 0.875, 1.0, 1.125, 1.25]
tta_pipeline = [
    dict(type="mimseg.LoadImage"),
    dict(
        type="TestTimeAug",
        transforms=[
            [
                dict(type="Resize", scale=(int(_base_._longest * s), int(_base_._size * s)), keep_ratio=True)
                for s in _five
            ],
            [dict(type="RandomFlip", prob=0.0)],
            [_base_._maps],
            [_base_._pack],
        ],
    ),
]
