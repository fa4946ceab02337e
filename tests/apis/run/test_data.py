"""``--data DIR``: other images, same pipeline."""

import pytest
from mmengine.config import Config

from mimseg.apis import test_on_folder, train_on_folder

PIPELINE = [dict(type="LoadImage"), dict(type="PackInputs")]


def config(dataset):
    return Config(dict(model=dict(type="MaskedImageModel"), train_dataloader=dict(batch_size=2, dataset=dataset)))


def test_the_dataset_is_replaced_and_the_pipeline_kept(tmp_path):
    inner = dict(type="Other", data_root="elsewhere", split="train", pipeline=PIPELINE)
    cfg = config(dict(type="SeededDataset", max_unreadable=0.3, dataset=inner))
    train_on_folder(cfg, tmp_path)
    assert cfg.train_dataloader.to_dict() == dict(
        batch_size=2,
        dataset=dict(
            type="SeededDataset",
            max_unreadable=0.3,
            dataset=dict(type="UnlabelledFolder", data_root=str(tmp_path), pipeline=PIPELINE),
        ),
    )


def test_a_list_of_files_of_ones_own_is_kept(tmp_path):
    cfg = config(dict(type="UnlabelledFolder", data_root="elsewhere", ann_file="few.txt", pipeline=PIPELINE))
    train_on_folder(cfg, tmp_path)
    images = cfg.train_dataloader.dataset.dataset
    assert (images.data_root, images.ann_file) == (str(tmp_path), "few.txt")


def test_a_dataset_without_wrapper_gets_one(tmp_path):
    cfg = config(dict(type="Other", pipeline=PIPELINE))
    train_on_folder(cfg, tmp_path)
    assert cfg.train_dataloader.dataset.type == "SeededDataset"


def test_a_missing_folder_and_a_missing_pipeline_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="--data .*nowhere: there is no such folder"):
        train_on_folder(config(dict(type="Other", pipeline=PIPELINE)), tmp_path / "nowhere")
    with pytest.raises(ValueError, match="no pipeline"):
        train_on_folder(config(dict(type="Other")), tmp_path)


def classifier(classes=10):
    split = dict(dataset=dict(type="CustomDataset", data_root="elsewhere", pipeline=PIPELINE))
    metric = dict(type="Accuracy", topk=(1, 5))
    train = dict(dataset=dict(type="SeededDataset", dataset=dict(split["dataset"])))
    model = dict(type="Classifier", num_classes=classes)
    return Config(
        dict(
            model=model,
            train_dataloader=train,
            val_dataloader=split,
            test_dataloader=split,
            val_evaluator=metric,
            test_evaluator=metric,
        )
    )


def class_folders(root, train, held_out, name="val"):
    for split, names in (("train", train), (name, held_out)):
        for class_name in names:
            (root / split / class_name).mkdir(parents=True)


def test_a_classifier_takes_class_folders_and_counts_them(tmp_path):
    class_folders(tmp_path, ("cat", "dog"), ("cat", "dog"), "test")
    cfg = classifier()
    train_on_folder(cfg, tmp_path)
    assert cfg.train_dataloader.dataset.dataset.data_root == str(tmp_path / "train")
    assert cfg.val_dataloader.dataset.data_root == cfg.test_dataloader.dataset.data_root == str(tmp_path / "test")
    assert cfg.model.num_classes == 2
    assert cfg.val_evaluator.topk == cfg.test_evaluator.topk == (1,)


def test_class_folders_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="train does not exist; a classifier needs"):
        train_on_folder(classifier(), tmp_path)
    class_folders(tmp_path, ("cat", "dog"), ("cat",))
    with pytest.raises(ValueError, match="class 'dog' is only in one of"):
        train_on_folder(classifier(), tmp_path)
    (tmp_path / "flat" / "train").mkdir(parents=True)
    with pytest.raises(ValueError, match="has no class folder"):
        train_on_folder(classifier(), tmp_path / "flat")


def test_hidden_folders_and_runs_are_no_classes(tmp_path):
    class_folders(tmp_path, ("cat", "dog", ".ipynb_checkpoints"), ("cat", "dog"))
    (tmp_path / "train" / "run").mkdir()
    (tmp_path / "train" / "run" / "mimseg_run.json").touch()
    cfg = classifier()
    train_on_folder(cfg, tmp_path)
    assert cfg.model.num_classes == 2


def test_a_given_list_stays_and_a_classifiers_list_is_refused(tmp_path):
    inner = dict(type="UnlabelledFolder", data_root="elsewhere", ann_file="half.txt", pipeline=PIPELINE)
    cfg = config(dict(type="SeededDataset", dataset=inner))
    train_on_folder(cfg, tmp_path)
    data = cfg.train_dataloader.dataset.dataset
    assert (data.data_root, data.ann_file) == (str(tmp_path), "half.txt")
    class_folders(tmp_path, ("cat",), ("cat",))
    cfg = classifier()
    cfg.train_dataloader.dataset.dataset.ann_file = "half.txt"
    with pytest.raises(ValueError, match=r"train_dataloader has ann_file='half\.txt'"):
        train_on_folder(cfg, tmp_path)


def test_hooks_that_watch_absent_images_are_left_out_and_named(tmp_path, capsys):
    cfg = config(dict(type="SeededDataset", dataset=dict(type="Other", pipeline=PIPELINE)))
    absent = dict(dataset=dict(type="LabelledFolder", data_root=str(tmp_path / "no")))
    there = dict(type="PictureHook", dataset=dict(type="UnlabelledFolder", data_root=str(tmp_path)))
    cfg.custom_hooks = [dict(type="KNNHook", train=absent), there, dict(type="ThroughputHook")]
    train_on_folder(cfg, tmp_path)
    assert [hook.type for hook in cfg.custom_hooks] == ["PictureHook", "ThroughputHook"]
    assert f"KNNHook left out, because their images are not there: {tmp_path / 'no'}" in capsys.readouterr().out


def test_a_classifier_is_tested_on_the_folder_that_it_was_trained_on(tmp_path):
    class_folders(tmp_path, ("cat", "dog"), ("cat", "dog"))
    cfg = classifier()
    test_on_folder(cfg, tmp_path)
    assert cfg.test_dataloader.dataset.data_root == str(tmp_path / "val")
    assert cfg.model.num_classes == 2 and cfg.test_evaluator.topk == (1,)


def test_knn_takes_both_splits(tmp_path):
    loader = dict(dataset=dict(type="LabelledFolder", pipeline=PIPELINE))
    cfg = Config(dict(model=dict(type="FeatureExtractor"), test_dataloader=loader))
    cfg.test_cfg = dict(type="KNNLoop", neighbours=loader)
    class_folders(tmp_path, ("cat", "dog"), ("cat", "dog"), "test")
    test_on_folder(cfg, tmp_path)
    assert cfg.test_cfg.neighbours.dataset.data_root == str(tmp_path / "train")
    assert cfg.test_dataloader.dataset.data_root == str(tmp_path / "test")
    with pytest.raises(ValueError, match="tests no classifier"):
        test_on_folder(config(dict(type="Other")), tmp_path)
