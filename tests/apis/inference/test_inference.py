"""From a config and a checkpoint to pictures and features, as a notebook does it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from mimseg.apis import explain, extract_features
from mimseg.apis.inference.inference import (
    check_masked,
    draw_masks,
    evaluation_transform,
    find_images,
    load_model,
    read_images,
    reconstruct,
)
from mimseg.datasets import UnreadableImageError
from mimseg.models import predict_loss

MEAN, STD = 100.0, 50.0


def task(decoder, target, loss):
    return dict(type="Task", decoder=dict(type="TransformerDecoder", **decoder), target=target, loss=dict(type=loss))


def config(channels=3, normalize=True, predictor=False, pipeline=None, **changes) -> Config:
    """A tiny model, patches of 4, trained on crops of 16 x 24."""
    small = dict(depth=1, num_heads=2)
    tasks = dict(reconstruct=task(small, dict(type="PixelTarget", normalize=normalize), "PatchMSE"))
    masking = dict(type="MaskGenerator", policy=dict(type="RandomPolicy"), ratio=dict(type="FixedRatio", ratio=0.75))
    teachers = {}
    if predictor:
        target = dict(type="PatchLossTarget", task="reconstruct")
        tasks["predict_loss"] = task(small, target, "RelativePatchLoss")
        masking |= dict(score=dict(type="PredictedLossScore"), policy=dict(type="EasyToHardPolicy", alpha_end=1.0))
        teachers["ema"] = dict(type="EMATeacher")
    crop = dict(type="RandomResizedCrop", scale=(16, 24))
    pipeline = pipeline or [
        dict(type="LoadImage", channels=channels),
        crop,
        dict(type="mmpretrain.RandomFlip", prob=0.5),
    ]
    folder = dict(type="UnlabelledFolder", data_root="nowhere", pipeline=pipeline)
    return Config(
        dict(
            model=dict(
                type="MaskedImageModel",
                data_preprocessor=dict(type="ImagePreprocessor", mean=[MEAN] * channels, std=[STD] * channels),
                encoder=dict(type="SparseViT", arch=dict(embed_dim=32, depth=2, num_heads=2), patch_size=4),
                neck=dict(type="MaskTokenNeck", width=32),
                masking=masking,
                tasks=tasks,
                teachers=teachers,
            ),
            train_dataloader=dict(dataset=dict(type="SeededDataset", dataset=folder)),
            **changes,
        )
    )


@pytest.fixture
def load(tmp_path):
    """``load(cfg)`` -> the model of a checkpoint of random weights of that config, and the file."""

    def make(cfg, seed=1, **options):
        from mimseg.apis.inference.inference import build_model

        torch.manual_seed(seed)
        model = build_model(cfg)
        path = tmp_path / f"epoch_{seed}.pth"
        torch.save({"state_dict": model.state_dict(), "meta": {}}, path)
        torch.manual_seed(seed + 1)
        return load_model(cfg, path, device="cpu", log=lambda line: None, **options), path

    return make


def write_image(path: Path, size=(30, 40), channels=3, seed=0) -> Path:
    array = np.random.default_rng(seed).integers(0, 256, (*size, channels), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array if channels == 3 else array[..., 0]).save(path)
    return path


def test_a_loaded_model_is_that_of_the_checkpoint_and_ready(load):
    model, path = load(config(), progress=0.25)
    saved = torch.load(path)["state_dict"]
    assert all(torch.equal(value, saved[name]) for name, value in model.state_dict().items())
    assert not model.training and model.progress == 0.25


def test_ema_weights_are_the_teachers(load, tmp_path):
    _, path = load(config(predictor=True))
    checkpoint = torch.load(path)
    name = "blocks.0.attn.qkv.weight"
    checkpoint["state_dict"][f"teachers.ema.parts.encoder.{name}"] += 1
    torch.save(checkpoint, path)
    student, ema = (
        load_model(config(predictor=True), path, device="cpu", weights=which) for which in ("student", "ema")
    )
    difference = ema.encoder.state_dict()[name] - student.encoder.state_dict()[name]
    torch.testing.assert_close(difference, torch.ones_like(difference))


def test_images_are_cropped_centrally_and_normalised(load, tmp_path):
    model, _ = load(config())
    path = write_image(tmp_path / "a.png", size=(16, 48))  # twice as wide as wanted
    pixels = torch.from_numpy(np.array(Image.open(path))).permute(2, 0, 1)[None, :, :, 12:36].float()
    torch.testing.assert_close(read_images(model, [path]), (pixels - MEAN) / STD)
    assert read_images(model, [path, path], size=(32, 8)).shape == (2, 3, 32, 8)


def test_channels_follow_the_config(load, tmp_path):
    grey, _ = load(config(channels=1))
    assert read_images(grey, [write_image(tmp_path / "a.png")]).shape == (1, 1, 16, 24)
    many, _ = load(config(channels=7))
    np.save(tmp_path / "b.npy", np.zeros((7, 20, 20), np.uint16))
    assert read_images(many, [tmp_path / "b.npy"]).shape == (1, 7, 16, 24)
    with pytest.raises(UnreadableImageError, match=r"a\.png"):
        read_images(many, [tmp_path / "a.png"])


def test_the_evaluation_crop_is_preferred_to_the_training_crop():
    load_, crop = dict(type="LoadImage"), dict(type="CenterResizedCrop", scale=20, crop_fraction=0.875)
    pack = dict(type="mmpretrain.PackInputs")
    evaluated = config(test_dataloader=dict(dataset=dict(type="X", pipeline=[load_, crop, pack])))
    assert evaluation_transform(evaluated) == [load_, crop]
    assert evaluation_transform(evaluated, (8, 12))[-1] == {**crop, "scale": (8, 12)}
    trained = evaluation_transform(config())
    assert trained == [dict(type="LoadImage", channels=3), {**crop, "scale": (16, 24), "crop_fraction": 1.0}]


def test_where_images_are_used_as_they_are_the_size_must_be_given():
    read = Config(dict(model={}, train_dataloader=dict(dataset=dict(dataset=dict(pipeline=[])))))
    read.train_dataloader.dataset.dataset.pipeline = [dict(type="LoadResizedCrop", scale=128, channels=1)]
    whole = dict(type="LoadImage", channels=1)
    for size, scale in ((None, 128), ((8, 12), (8, 12))):  # never the random crop
        assert evaluation_transform(read, size) == [
            whole,
            dict(type="CenterResizedCrop", scale=scale, crop_fraction=1.0),
        ]
    as_it_is = config(pipeline=[dict(type="LoadImage"), dict(type="mmpretrain.PackInputs")])
    crop = dict(type="CenterResizedCrop", scale=(8, 12), crop_fraction=1.0)
    assert evaluation_transform(as_it_is, (8, 12)) == [dict(type="LoadImage"), crop]
    with pytest.raises(ValueError, match="size of its images is unknown; give it"):
        evaluation_transform(as_it_is)
    with pytest.raises(ValueError, match="no data pipeline loads an image"):
        evaluation_transform(Config(dict(model=as_it_is.model)), (8, 12))


def test_masks_follow_the_seed_and_visible_patches_stay(load):
    model, _ = load(config())
    images = torch.randn(3, 3, 16, 24, generator=torch.Generator().manual_seed(0))
    first, again, other = (reconstruct(model, images, seed) for seed in (0, 0, 1))
    assert torch.equal(first.mask, again.mask) and not torch.equal(first.mask, other.mask)
    assert first.mask.sum(dim=1).tolist() == [18] * 3
    hidden = first.mask.view(3, 1, 4, 6).repeat_interleave(4, 2).repeat_interleave(4, 3).expand_as(images)
    visible = reconstruct(model, images, statistics="visible")
    for seen in (first, visible):
        assert torch.equal(seen.pixels[~hidden], images[~hidden])
    assert not torch.isclose(first.pixels[hidden], visible.pixels[hidden]).all()
    assert first.note != visible.note


def test_masks_follow_the_progress(load):
    images = torch.randn(2, 3, 16, 24, generator=torch.Generator().manual_seed(0))
    random, hardest = (load(config(predictor=True), progress=progress)[0] for progress in (0.0, 1.0))
    assert not torch.equal(reconstruct(random, images).mask, reconstruct(random, images, seed=1).mask)
    seen = reconstruct(hardest, images)  # alpha is 1 at the end: the hardest patches and nothing else
    for mask, loss in zip(seen.mask, seen.predicted_loss, strict=True):
        assert loss[mask].min() >= loss[~mask].max()


def test_masks_are_those_of_the_reconstruction_and_come_with_their_score(load):
    images = torch.randn(2, 3, 16, 24, generator=torch.Generator().manual_seed(0))
    model, _ = load(config(predictor=True))
    masks, seen = draw_masks(model, images, seed=3), reconstruct(model, images, seed=3)
    assert torch.equal(masks.hidden, seen.mask) and masks.grid == masks.units == (4, 6)
    torch.testing.assert_close(masks.score, predict_loss(model, images))
    assert masks.score_name == "predicted loss"
    random, _ = load(config(predictor=True), progress=0.0)
    early, other = draw_masks(random, images), draw_masks(random, images, seed=4)
    assert early.score is None and early.share() == "75 % hidden" and not torch.equal(early.hidden, other.hidden)


def test_without_a_checkpoint_weights_are_as_initialised():
    torch.manual_seed(0)
    model = load_model(config(), None, device="cpu", progress=0.5)
    torch.manual_seed(0)
    again = load_model(config(), None, device="cpu")
    assert not model.training and model.progress == 0.5
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in model.state_dict().items())


def test_features_are_those_of_the_model_in_order(load, tmp_path):
    model, _ = load(config())
    paths = [write_image(tmp_path / "images" / f"{index}.png", seed=index) for index in range(5)]
    features = extract_features(model, [tmp_path / "images"], batch_size=2)
    torch.testing.assert_close(features, model.extract_features(read_images(model, paths)))
    first = extract_features(model, [paths[3]], pool="cls")
    torch.testing.assert_close(first, model.extract_features(read_images(model, [paths[3]]), pool="cls"))
    assert not features.requires_grad and features.shape == (5, 32)


def test_folders_give_evenly_spaced_images_and_files_are_taken_as_they_are(tmp_path):
    inside = [write_image(tmp_path / "images" / "deep" / f"{index}.png", size=(4, 4)) for index in range(9)]
    file = write_image(tmp_path / "z.png")
    assert find_images([tmp_path / "images", file], limit=3) == [
        *map(str, (inside[0], inside[4], inside[8])),
        str(file),
    ]
    assert find_images([tmp_path / "images"]) == [str(path) for path in inside]
    assert len(find_images([tmp_path / "images"], limit=100)) == 9


def test_wrong_inputs_are_one_line(load, tmp_path):
    model, path = load(config())
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.png").write_text("no image")
    plain, _ = load(config(normalize=False))
    wide = config()
    wide.model.encoder.arch.embed_dim = 64
    classifier = config()
    classifier.model = dict(type="FeatureExtractor", encoder=classifier.model.encoder)
    images = torch.zeros(1, 3, 16, 24)
    for call, complaint in {
        lambda: find_images([tmp_path / "no.png"]): "no.png does not exist",
        lambda: find_images([tmp_path / "empty"]): "empty holds no image",
        lambda: find_images([tmp_path], limit=0): "limit is 0",
        lambda: read_images(model, [tmp_path / "text.png"]): "text.png",
        lambda: read_images(model, []): "at least one path",
        lambda: reconstruct(model, torch.zeros(1, 3, 18, 24)): "18x24 is not a multiple of patch_size=4",
        lambda: reconstruct(model, images, statistics="guessed"): "'true' or 'visible', got 'guessed'",
        lambda: reconstruct(plain, images, statistics="visible"): "this one does not",
        lambda: reconstruct(torch.nn.Identity(), images): "a Identity masks and reconstructs nothing",
        lambda: draw_masks(torch.nn.Identity(), images): "a Identity masks",
        lambda: draw_masks(model, torch.zeros(1, 3, 18, 24)): "18x24 is not a multiple of patch_size=4",
        lambda: load_model(config(), path, progress=1.5): "progress is 1.5",
        lambda: load_model(config(), path, device="gpu"): "device 'gpu' is unknown",
        lambda: load_model(config(), path, device="cuda:99"): "device 'cuda:99' is not in this machine",
        lambda: load_model(config(), tmp_path / "none.pth"): "none.pth",
        lambda: load_model(wide, path): "epoch_1.pth",
        lambda: load_model(config(predictor=True), path): "epoch_1.pth",
        lambda: load_model(Config(dict(work_dir="x")), path): "describes no model",
        lambda: check_masked(classifier): "a FeatureExtractor masks and reconstructs nothing",
    }.items():
        with pytest.raises(Exception) as error:
            call()
        line = explain(error.value)
        assert line is not None and complaint in line and "\n" not in line, (complaint, error.value)
    check_masked(config())
