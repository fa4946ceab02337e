"""A model one of whose heads was built to look at objects: it must be found."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from mimseg.apis.inference.inference import build_model
from mimseg.apis.studies.attention_head import select_attention_head
from mimseg.apis.studies.object_masks import ObjectImage
from mimseg.models.backbones.dense_swin import DenseSwin
from mimseg.ops.attention import PatchAttention

BRIGHT, DARK = 220, 30
GRID = (4, 6)


def config():
    vit = dict(type="SparseViT", arch=dict(embed_dim=32, depth=3, num_heads=4), patch_size=8)
    pipeline = [dict(type="LoadImage"), dict(type="CenterResizedCrop", scale=(32, 48))]
    return Config(
        dict(
            model=dict(
                type="FeatureExtractor",
                data_preprocessor=dict(type="ImagePreprocessor", mean=[125.0] * 3, std=[60.0] * 3),
                encoder=vit,
            ),
            test_dataloader=dict(dataset=dict(type="UnlabelledFolder", data_root="nowhere", pipeline=pipeline)),
        )
    )


@pytest.fixture
def model():
    """Tokens carry the brightness; in block 1, keys of head 2 are it, those of head 3 its negative. Others are zero."""
    torch.manual_seed(0)
    cfg = config()
    built = build_model(cfg).eval()
    built.cfg = cfg
    encoder = built.encoder
    with torch.no_grad():
        for block in encoder.blocks:  # blocks pass on what they get
            for layer in (block.attn.qkv, block.attn.proj, block.mlp.fc2):
                layer.weight.zero_()
                layer.bias.zero_()
        encoder.patch_embed.weight.zero_()
        encoder.patch_embed.bias.zero_()
        encoder.patch_embed.weight[0] = 1.0  # channel 0: the sum of 192 values of about +-1.6, far above the positions
        qkv, width = encoder.blocks[1].attn.qkv, 8
        for head, weight in ((2, 1.0), (3, -0.5)):
            qkv.bias[head * width] = 1.0  # every query of the head is (1, 0, ...)
            qkv.weight[32 + head * width, 0] = weight
    return built


@pytest.fixture
def labelled(tmp_path):
    """Twelve images of different sizes, each with a bright rectangle, which is the object; two more without objects."""
    generator = np.random.default_rng(0)
    images = []
    for number in range(14):
        height, width = generator.integers(60, 120, 2)
        mask = np.zeros((height, width), dtype=bool)
        if number < 12:
            top, left = generator.integers(5, 25, 2)
            mask[top : top + height // 2, left : left + width // 2] = True
        pixels = np.where(mask, BRIGHT, DARK) + generator.integers(-9, 10, mask.shape)
        path = tmp_path / f"{number:02d}.png"
        Image.fromarray(np.repeat(pixels[..., None], 3, axis=2).astype(np.uint8)).save(path)
        images.append(ObjectImage(str(path), lambda mask=mask: mask))
    return images


def test_the_head_that_points_at_objects_is_chosen(model, labelled):
    found = select_attention_head(model, labelled, batch_size=5)
    assert found.recall.shape == (12, 3, 4) and found.together.shape == (12, 3) and found.grid == GRID
    assert len(found.files) == 12 and found.left_out == 2
    assert found.best == (1, 2)
    # M_gt are the patches of more than half an object, which are the brightest
    assert found.recall[:, 1, 2].mean() > 0.99
    assert found.recall[:, 1, 3].mean() < 0.05  # not 0: in some images more than half of the patches are objects'
    assert found.together[:, 1] == pytest.approx(found.recall[:, 1, 2])  # 1 - 0.5 of the brightness
    for block, head in ((0, 2), (1, 1), (2, 2)):  # constant maps
        assert found.recall[:, block, head].mean() == pytest.approx(found.chance)


def test_k_follows_the_objects_or_a_mask_ratio(model, labelled):
    ratio = select_attention_head(model, labelled, k=0.75)
    assert ratio.chance == pytest.approx(0.75)  # 24 - int(24 * 0.25) = 18 of 24
    # with 18 of 24 patches the opposite head must take up some objects where they are more than 6
    assert ratio.recall[:, 1, 2].min() == 1.0 and ratio.recall[:, 1, 3].max() > 0
    own = select_attention_head(model, labelled)
    assert own.chance == pytest.approx(float(np.mean([self_share(image) for image in labelled[:12]])))


def self_share(image):
    """|M_gt| / L by hand: crop 7/8 of the largest 2 : 3 rectangle, cut it into 4 x 6, and count."""
    mask = image.read_mask()
    unit = 0.875 * min(mask.shape[0] / 32, mask.shape[1] / 48)
    height, width = round(32 * unit), round(48 * unit)
    top, left = (mask.shape[0] - height) // 2, (mask.shape[1] - width) // 2
    crop = Image.fromarray(mask[top : top + height, left : left + width]).resize((96, 64), Image.Resampling.NEAREST)
    return (np.asarray(crop).reshape(4, 16, 6, 16).mean(axis=(1, 3)) >= 0.5).mean()


def test_few_shots_are_among_many_and_the_seed_draws_them(model, labelled):
    two, five, other = (
        select_attention_head(model, labelled, shots=shots, seed=seed).files for shots, seed in ((2, 3), (5, 3), (5, 4))
    )
    assert len(set(five)) == 5 and five[:2] == two and five != other
    for number in (1, 12):
        assert select_attention_head(model, labelled, shots=number).best == (1, 2)


def test_a_stricter_coverage_leaves_fewer_object_patches(model, labelled):
    chances = [select_attention_head(model, labelled, coverage=share).chance for share in (0.1, 0.5, 1.0)]
    assert chances[0] > chances[1] > chances[2]


def test_axis_and_image_size_are_followed(model, labelled):
    found = select_attention_head(model, labelled, size=(64, 64), form=PatchAttention(axis="query"))
    assert found.grid == (8, 8)
    # the queries of a head are all equal: summed over keys, its map is constant
    assert found.recall[:, 1, 2].mean() == pytest.approx(found.chance)


def test_what_cannot_be_done_is_explained(model, labelled):
    for shots in (0, 15):
        with pytest.raises(ValueError, match=f"shots is {shots}; there are 1 to 14 labelled images"):
            select_attention_head(model, labelled, shots=shots)
    with pytest.raises(ValueError, match="only 12 of 14 images have both .* 13 wanted"):
        select_attention_head(model, labelled, shots=13)
    with pytest.raises(ValueError, match="only 0 of 2 images have both .* 1 wanted"):
        select_attention_head(model, labelled[12:])
    for share in (0.0, 1.5):
        with pytest.raises(ValueError, match=f"coverage is {share}"):
            select_attention_head(model, labelled, coverage=share)
    with pytest.raises(ValueError, match="64x60 is not a multiple of patch_size=8"):
        select_attention_head(model, labelled, size=(64, 60))
    wrong = ObjectImage(labelled[0].path, lambda: np.eye(10, dtype=bool) | (np.arange(10) < 5))
    with pytest.raises(ValueError, match="but its mask 10x10: they belong to different versions"):
        select_attention_head(model, [wrong])


def test_an_encoder_without_attention_over_all_patches_is_refused(model, labelled):
    model.encoder = DenseSwin(64, window_size=2, arch=dict(embed_dim=8, depths=(1, 1), num_heads=(2, 2)))
    with pytest.raises(ValueError, match="DenseSwin is no ViT: it has no attention over all patches"):
        select_attention_head(model, labelled)
