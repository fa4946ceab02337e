"""Names of data sets."""

import pytest

from mimseg.evaluation import identity_of, name_of


@pytest.mark.parametrize(
    ("root", "name"),
    [
        ("data/imagenet/train", "ImageNet-1K"),
        ("/datasets/ImageNet-1k/val", "ImageNet-1K"),
        ("/d/ILSVRC/Data/CLS-LOC/train", "ImageNet-1K"),
        ("data/cifar10/test", "CIFAR-10"),
        ("/fast/cifar-100/train", "CIFAR-100"),
        ("data/stl10/unlabeled", "STL-10"),
        ("data/coco", "COCO"),
        ("data/ade/ADEChallengeData2016", "ADE20K"),
        ("data/cifar10_small/test", "data/cifar10_small"),
        ("/home/imagenet/pets/val", "/home/imagenet/pets"),
        ("data/scenes/imagefolder/val", "data/scenes"),
    ],
)
def test_a_folder_is_a_data_set_of_the_papers_by_its_own_name(root, name):
    assert name_of(dict(type="SeededDataset", dataset=dict(type="CustomDataset", data_root=root))) == name


def test_a_part_says_so():
    assert name_of(dict(data_root="data/cifar10/train", indices=[0, 5, 10])) == "CIFAR-10 (3 images)"
    assert name_of(dict(data_root="data/imagenet/train"), 1281167) == "ImageNet-1K"
    assert name_of(dict(data_root="data/imagenet/train"), 126689) == "ImageNet-1K (126689 images)"
    assert name_of(dict(data_root="pets/train"), 12) == "pets"


def test_splits_and_files_tell_data_apart():
    assert identity_of(dict(data_root="data/cifar10/test")) != identity_of(dict(data_root="data/cifar10/train"))
    parts = [dict(data_root="data/coco", ann_file=f"annotations/instances_{part}.json") for part in ("train", "val")]
    assert len({identity_of(part) for part in parts}) == 2


def test_data_without_a_folder_is_named_by_its_class():
    assert name_of(dict(type="mimseg.DigitsDataset", split="val")) == "DigitsDataset"
    assert identity_of(dict(type="DigitsDataset", split="val")) == "DigitsDataset val"
    assert name_of(None) is None
