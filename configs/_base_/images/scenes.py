"""The embedded scenes: where the images are (tools/make_scenes.py draws them), their size and statistics."""

_train = "data/scenes/imagefolder/train"
_test = "data/scenes/imagefolder/val"
_size = 64
_num_classes = 10
_statistics = dict(mean=[128.0, 128.0, 128.0], std=[60.0, 60.0, 60.0])
