"""ADE20K (ADEChallengeData2016): where the images are, the crop, number of classes, ImageNet's statistics."""

_root = "data/ade/ADEChallengeData2016"
_size = 512
_longest = 2048
_num_classes = 150
_statistics = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
