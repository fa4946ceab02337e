"""Embedded scenes as objects: where they are, names of their classes, and a colour each for pictures.

python tools/make_scenes.py data/scenes_objects --train 1000 --val 200 --layouts coco ade
"""

_base_ = "./scenes.py"
_root = "data/scenes_objects"
_classes = ("arrow", "crescent", "cross", "disc", "heart", "hexagon", "ring", "square", "star", "triangle")
_palette = [
    (230, 25, 75), (60, 180, 75), (255, 225, 25), (0, 130, 200), (245, 130, 48),
    (145, 30, 180), (70, 240, 240), (240, 50, 230), (210, 245, 60), (0, 128, 128),
]  # fmt: skip
