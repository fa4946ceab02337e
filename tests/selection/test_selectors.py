"""Which score each selector asks the model for, and that they can be chosen by name."""

import copy

import pytest
import torch
from mmengine.registry import init_default_scope

from mimseg.models import score_images
from mimseg.registry import MODELS, SELECTORS
from mimseg.selection.selectors import BSSSelector, LossSelector, WSSSelector

DECODER = dict(type="TransformerDecoder", depth=1, num_heads=2)
MODEL = dict(
    type="MaskedImageModel",
    data_preprocessor=dict(type="ImagePreprocessor", mean=[120.0] * 3, std=[50.0] * 3),
    encoder=dict(type="SparseViT", arch=dict(embed_dim=16, depth=1, num_heads=2), patch_size=4),
    neck=dict(type="MaskTokenNeck", width=16),
    masking=dict(type="MaskGenerator", policy=dict(type="RandomPolicy"), ratio=dict(type="FixedRatio", ratio=0.75)),
    tasks=dict(
        reconstruct=dict(type="Task", decoder=DECODER, target=dict(type="PixelTarget"), loss=dict(type="PatchL1")),
        predict_loss=dict(
            type="Task",
            decoder=DECODER,
            target=dict(type="PatchLossTarget"),
            loss=dict(type="AbsolutePatchLoss", target="raw", divide_by="all"),
        ),
    ),
)
INDICES = torch.arange(5)


@pytest.fixture
def model():
    init_default_scope("mimseg")
    torch.manual_seed(0)
    return MODELS.build(copy.deepcopy(MODEL)).eval()


@pytest.fixture
def images():
    return torch.randn(5, 3, 16, 16, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def noise():
    return torch.rand(5, 16, generator=torch.Generator().manual_seed(2))


def test_each_asks_for_its_own_score(model, images, noise):
    none = noise[:, :0]
    predicted = dict(by="predicted", squared=True)
    expected = {
        WSSSelector(): score_images(model, images, **predicted, tau=0.1),
        WSSSelector(tau=0.02): score_images(model, images, **predicted, tau=0.02),
        WSSSelector(tau=None): score_images(model, images, **predicted),
        WSSSelector(masks="random"): score_images(model, images, by="random", tau=0.1, noise=noise),
        WSSSelector(score_loss="task"): score_images(model, images, by="predicted", squared=False, tau=0.1),
        BSSSelector(): score_images(model, images, by="random", noise=noise),
        LossSelector(): score_images(model, images, by="random", squared=False, noise=noise),
    }
    found = []
    for selector, scores in expected.items():
        given = none if getattr(selector, "masks", "random") == "predicted" else noise
        assert given.shape[1] == selector.noise_per_image(model, images)
        found.append(selector.score(model, images, INDICES, given))
        assert torch.equal(found[-1], scores) and scores.shape == (5,) and scores.dtype == torch.float32
    for index, one in enumerate(found):
        assert not any(torch.allclose(one, other) for other in found[:index])


def test_random_masks_follow_the_noise_of_the_image_alone(model, images, noise):
    for selector in (BSSSelector(), LossSelector()):
        together = selector.score(model, images, INDICES, noise)
        last = selector.score(model, images[4:], INDICES[4:], noise[4:])
        torch.testing.assert_close(together[4:], last, rtol=1e-5, atol=1e-6)
        assert not torch.allclose(together, selector.score(model, images, INDICES, noise.flip(1)))


def test_only_the_predictor_of_pass_is_trained_before_selections():
    assert WSSSelector().tasks == ("predict_loss",)
    assert WSSSelector(task="other").tasks == ("other",)
    assert WSSSelector(task=None).tasks == BSSSelector().tasks == LossSelector().tasks == ()
    assert all(selector.needs_images for selector in (WSSSelector, BSSSelector, LossSelector))


def test_a_model_without_predicted_losses_is_refused_before_the_run(model):
    WSSSelector().check(model)
    config = copy.deepcopy(MODEL)
    del config["tasks"]["predict_loss"]
    plain = MODELS.build(config)
    BSSSelector().check(plain)
    with pytest.raises(ValueError, match="WSSSelector needs predicted losses, and no task of the model predicts any"):
        WSSSelector(task=None).check(plain)


@pytest.mark.parametrize("name", ["WSSSelector", "BSSSelector", "LossSelector", "RandomSelector"])
def test_they_are_found_by_name(name):
    init_default_scope("mimseg")
    assert type(SELECTORS.build(dict(type=name))).__name__ == name


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(tau=0), "WSSSelector: tau must be positive, or None for equal weights, got 0"),
        (dict(tau=-1.0), "got -1.0"),
        (dict(score_loss="l1"), "score_loss must be 'l2' or 'task', got 'l1'"),
        (dict(masks="highest"), "masks must be 'predicted' or 'random', got 'highest'"),
        (dict(masks="random", tau=None), "random masks without weights .tau=None. are what BSSSelector does"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        WSSSelector(**options)
