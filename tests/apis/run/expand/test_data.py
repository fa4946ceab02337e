"""``data`` says images, size, statistics, crop and what is watched once; all that follows from it is made."""

import copy
from pathlib import Path

import pytest
from mmengine.config import Config

from mimseg.apis import load_config
from mimseg.apis.run.expand import expand_data

CONFIGS = Path(__file__).parents[4] / "configs"
HPM = CONFIGS / "hpm" / "vitb_200e.py"
DATA = dict(train="photos", size=32, mean=[1.0, 2.0, 3.0], std=[4.0, 5.0, 6.0])
MODEL = dict(type="MaskedImageModel", encoder=dict(type="SparseViT", patch_size=4, image_size="data.size"))


def expanded(**parts):
    cfg = Config(copy.deepcopy({"model": MODEL, "data": DATA, **parts}))
    expand_data(cfg)
    return cfg


def refusal(**parts) -> str:
    with pytest.raises(ValueError) as error:
        expanded(**parts)
    assert "\n" not in str(error.value)
    return str(error.value)


def write(folder, text, base=HPM):
    path = folder / "mine.py"
    path.write_text(f"_base_ = {str(base)!r}\n{text}")
    return load_config(path)


def test_a_pre_training_gets_its_loader_statistics_and_size():
    cfg = expanded(data=dict(DATA, crop=(0.5, 1.0), flip=0.0, workers=3))
    assert "data" not in cfg
    preprocessor = {"type": "ImagePreprocessor", "mean": [1.0, 2.0, 3.0], "std": [4.0, 5.0, 6.0]}
    assert cfg.model.data_preprocessor == preprocessor and cfg.model.encoder.image_size == 32
    loader = cfg.train_dataloader
    assert (loader.num_workers, loader.sampler.type) == (3, "SeededSampler")
    images = loader.dataset.dataset
    assert (images.type, images.data_root) == ("UnlabelledFolder", "photos")
    crop = {"type": "RandomResizedCrop", "scale": 32, "crop_ratio_range": (0.5, 1.0)}
    assert [step["type"] for step in images.pipeline] == ["LoadImage", "RandomResizedCrop", "mmpretrain.PackInputs"]
    assert images.pipeline[1] == crop


def test_one_number_a_channel_says_how_images_are_loaded():
    cfg = expanded(data=dict(DATA, mean=[7.0], std=[1.0]))
    assert cfg.train_dataloader.dataset.dataset.pipeline[0] == {"type": "LoadImage", "channels": 1}


def test_a_size_stands_for_itself_and_its_shares_everywhere(tmp_path):
    for size, windows in ((128, 4), (192, 6)):
        cfg = write(tmp_path, f"data = dict(size={size})", CONFIGS / "fastmim" / "swinb_400e.py")
        assert (cfg.model.encoder.image_size, cfg.model.encoder.window_size) == (size, windows)
        crop = cfg.train_dataloader.dataset.dataset.pipeline[0]
        assert crop.scale == size


def test_what_a_config_says_itself_is_merged_over_it(tmp_path):
    cfg = write(
        tmp_path, "train_dataloader = dict(batch_size=7, dataset=dict(max_unreadable=0.5))\ndata = dict(size=96)"
    )
    assert cfg.train_dataloader.batch_size == 7 and cfg.train_dataloader.dataset.max_unreadable == 0.5
    assert cfg.train_dataloader.dataset.dataset.data_root == "data/imagenet/train"
    assert cfg.model.encoder.get("image_size", 96) == 96


def test_watching_hooks_have_names_and_take_settings(tmp_path):
    mae = CONFIGS / "cifar10" / "mae_vit-micro.py"
    cfg = write(tmp_path, "default_hooks = dict(knn=dict(interval=10), rankme=None)\n", mae)
    assert (
        cfg.default_hooks.knn.interval == 10 and cfg.default_hooks.knn.train.dataset.data_root == "data/cifar10/train"
    )
    assert cfg.default_hooks.rankme is None and cfg.default_hooks.pictures.type == "PictureHook"
    assert not cfg.get("custom_hooks")
    cfg = write(tmp_path, "data = dict(watch=[])", mae)
    assert not {"knn", "rankme", "masked_loss", "pictures"} & set(cfg.default_hooks)


def test_a_classifier_gets_both_splits_and_the_number_of_classes():
    cfg = expanded(model=dict(type="Classifier", encoder=MODEL["encoder"]), data=dict(DATA, test="held", classes=4))
    assert cfg.model.num_classes == 4 and cfg.val_evaluator.topk == (1,)
    assert cfg.val_dataloader.dataset.data_root == cfg.test_dataloader.dataset.data_root == "held"
    model = dict(type="Classifier", encoder=MODEL["encoder"])
    assert refusal(model=model, data=dict(DATA, test="held")).startswith("data.classes is missing")
    assert refusal(model=model, data=dict(DATA, classes=4)).startswith("data.test is missing")


def test_a_config_with_loaders_of_its_own_is_left_alone():
    for parts in ({}, {"data": None}):
        cfg = Config({"model": {"type": "x"}, "train_dataloader": {"dataset": {"type": "Mine"}}, **parts})
        expand_data(cfg)
        assert cfg.to_dict() == {"model": {"type": "x"}, "train_dataloader": {"dataset": {"type": "Mine"}}}


def test_loaders_that_contradict_it_are_refused():
    mine = dict(batch_size=2, dataset=dict(type="UnlabelledFolder", data_root="elsewhere"))
    line = refusal(train_dataloader=mine)
    assert line.startswith("config has both train_dataloader.dataset.type=UnlabelledFolder and data, which makes a Se")
    assert "delete one of the two; data=None keeps loaders that are written out" in line


def test_a_pipeline_of_another_size_is_refused_and_one_that_refers_to_it_stands():
    def loader(scale):
        crop = dict(type="RandomResizedCrop", scale=scale)
        return dict(dataset=dict(dataset=dict(pipeline=[dict(type="LoadImage"), crop])))

    line = refusal(train_dataloader=loader(48))
    assert "scale=48 in train_dataloader.dataset.dataset.pipeline" in line and "write scale='data.size'" in line
    own = expanded(train_dataloader=loader("data.size")).train_dataloader.dataset.dataset.pipeline
    assert [step.get("scale") for step in own] == [None, DATA["size"]]


def test_none_takes_away_what_would_be_made():
    cfg = expanded(train_dataloader=None)
    assert cfg.train_dataloader is None
    model = dict(type="Classifier", encoder=MODEL["encoder"])
    cfg = expanded(model=model, data=dict(DATA, classes=3, test="held_out"), val_dataloader=None, val_evaluator=None)
    assert cfg.val_dataloader is None and cfg.val_evaluator is None and cfg.test_dataloader is not None


def test_with_delete_a_loader_of_ones_own_stands():
    mine = dict(batch_size=2, dataset=dict(type="CustomDataset", data_root="elsewhere", _delete_=True))
    assert expanded(train_dataloader=mine).train_dataloader.dataset == dict(type="CustomDataset", data_root="elsewhere")


@pytest.mark.parametrize(
    ("size", "model", "line"),
    [
        (30, MODEL, "data.size=30 does not fit model.encoder.patch_size (4 px): sizes that work are multiples of 4"),
        ((32, 30), MODEL, "data.size=(32, 30) does not fit model.encoder.patch_size"),
        (48, dict(MODEL, masking=dict(unit=32)), "data.size=48 does not fit model.masking.unit=32: sizes"),
        (112, dict(type="MaskedImageModel", encoder=dict(type="DenseSwin", arch="base")), "the tokens of model.enc"),
    ],
)  # fmt: skip
def test_a_size_that_no_part_can_do_is_refused_with_those_that_work(size, model, line):
    assert line in refusal(model=model, data=dict(DATA, size=size))


def test_what_is_missing_is_named():
    assert refusal(data=dict(train="x", mean=[1.0], std=[1.0])).startswith("data.size is missing; write data=dict(")
    assert refusal(data=dict(DATA, train=None)).startswith("data.train is missing; write the folder of these images")
    with pytest.raises(
        ValueError, match=r"config key model.encoder.image_size is 'data.size', but the config has no data"
    ):
        expand_data(Config({"model": copy.deepcopy(MODEL)}))
    model = copy.deepcopy(MODEL) | {"head": "data.classes"}
    assert "config key model.head is 'data.classes', but data.classes is missing" in refusal(model=model)


def test_a_stored_config_is_read_as_it_is(tmp_path):
    cfg = load_config(CONFIGS / "cifar10" / "mae_vit-micro.py", ["data.size=64"])
    cfg.dump(tmp_path / "stored.py")
    again = load_config(tmp_path / "stored.py")
    assert again.to_dict() == cfg.to_dict() and again.train_dataloader.dataset.dataset.pipeline[1].scale == 64


def test_an_ablation_of_ones_own_from_any_folder(tmp_path):
    cfg = write(tmp_path, "data = dict(train='mine', size=128)\nmodel = dict(masking=dict(ratio=dict(ratio=0.5)))\n")
    assert cfg.train_dataloader.dataset.dataset.data_root == "mine" and cfg.model.masking.ratio.ratio == 0.5


@pytest.mark.parametrize("key", ["model", "model.encoder", "train_dataloader", "val_dataloader"])
def test_what_is_no_dict_is_refused_by_its_key(key):
    cfg = Config(copy.deepcopy({"model": MODEL, "data": DATA, "train_dataloader": {}, "val_dataloader": {}}))
    cfg.merge_from_dict({key: "abc"})
    with pytest.raises(ValueError, match=f"^config key {key} must be a dict, got 'abc'$"):
        expand_data(cfg)
