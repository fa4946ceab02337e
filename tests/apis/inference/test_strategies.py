"""Masks of several configs on the same images, as a notebook compares them."""

import numpy as np
import pytest
import torch
from PIL import Image

import mimseg.apis.inference.strategies as strategies
from mimseg.apis import compare_masks, explain, load_config
from mimseg.apis.inference.inference import build_model

MAE = """
_decoder = dict(type="TransformerDecoder", depth=1, num_heads=2)
_task = dict(type="Task", decoder=_decoder, target=dict(type="PixelTarget"), loss=dict(type="PatchMSE"))
_pipeline = [dict(type="LoadImage"), dict(type="RandomResizedCrop", scale=(16, 24))]
train_dataloader = dict(dataset=dict(type="UnlabelledFolder", data_root="nowhere", pipeline=_pipeline))
model = dict(
    type="MaskedImageModel",
    data_preprocessor=dict(type="ImagePreprocessor", mean=[100.0] * 3, std=[50.0] * 3),
    encoder=dict(type="SparseViT", arch=dict(embed_dim=32, depth=1, num_heads=2), patch_size=4),
    neck=dict(type="MaskTokenNeck", width=32),
    masking=dict(type="MaskGenerator", policy=dict(type="RandomPolicy"), ratio=dict(type="FixedRatio", ratio=0.75)),
    tasks=dict(reconstruct=_task),
)
"""
SBAM = """
_base_ = "./mae.py"
_masking = dict(score=dict(type="SalienceScore"), policy=dict(type="NoisyPolicy", amplitude=0.0, _delete_=True))
model = dict(masking=_masking)
"""
HPM = """
_base_ = "./mae.py"
_target = dict(type="PatchLossTarget", task="reconstruct")
_predict = dict(type="Task", decoder=_base_._task["decoder"], target=_target, loss=dict(type="RelativePatchLoss"))
_policy = dict(type="EasyToHardPolicy", alpha_end=1.0, _delete_=True)
model = dict(
    masking=dict(score=dict(type="PredictedLossScore"), policy=_policy),
    tasks=dict(predict_loss=_predict),
    teachers=dict(ema=dict(type="EMATeacher")),
)
"""
FOLLOWED = """
_base_ = "./mae.py"
_score = dict(type="ClassAttentionScore", teacher="shown", block=0)
_masking = dict(score=_score, policy=dict(type="NoisyPolicy", amplitude=0.0, _delete_=True))
model = dict(masking=_masking, teachers=dict(shown=dict(type="StudentTeacher")))
"""
OWN_FILE = """
_base_ = "./followed.py"
model = dict(teachers=dict(shown=dict(_delete_=True, type="PretrainedTeacher", checkpoint="{checkpoint}")))
"""
COARSE = """
_base_ = "./mae.py"
model = dict(masking=dict(unit=8))
"""
DINO = """
_base_ = "./mae.py"
_teacher = dict(type="FrozenTeacher", model="vit_tiny_patch16_224", checkpoint="nowhere.pth")
_target = dict(_delete_=True, type="FeatureTarget", teacher="dino")
model = dict(tasks=dict(reconstruct=dict(target=_target)), teachers=dict(dino=_teacher))
"""


@pytest.fixture
def folder(tmp_path):
    """Configs, a checkpoint of ``sbam.py`` and two images."""
    own_file = OWN_FILE.replace("{checkpoint}", str(tmp_path / "epoch_1.pth"))
    configs = {
        "mae": MAE,
        "sbam": SBAM,
        "hpm": HPM,
        "coarse": COARSE,
        "dino": DINO,
        "followed": FOLLOWED,
        "own": own_file,
    }
    (tmp_path / "configs" / "tiny").mkdir(parents=True)
    for name, text in configs.items():
        (tmp_path / "configs" / "tiny" / f"{name}.py").write_text(text)
    torch.manual_seed(5)
    model = build_model(load_config(tmp_path / "configs" / "tiny" / "sbam.py"))
    torch.save({"state_dict": model.state_dict(), "meta": {}}, tmp_path / "epoch_1.pth")
    for index in range(2):
        array = np.random.default_rng(index).integers(0, 256, (16, 24, 3), dtype=np.uint8)
        Image.fromarray(array).save(tmp_path / f"{index}.png")
    return tmp_path


@pytest.fixture
def compare(folder, monkeypatch):
    """``compare(("mae", None), ...)`` -> the labelled masks that would be drawn, the images shown, and the warnings."""
    drawn = {}

    def note(images, described, mean, std, title, names):
        drawn.update(images=images * std + mean, strategies=described, title=title, names=names)

    def run(*sources, **options):
        warnings = []
        monkeypatch.setattr(strategies, "draw_strategies", note)
        paths = [(folder / "configs" / "tiny" / f"{name}.py", checkpoint) for name, checkpoint in sources]
        images = [folder / "0.png", folder / "1.png"]
        compare_masks(paths, images, device="cpu", log=lambda line: None, warn=warnings.append, **options)
        return drawn["strategies"], drawn, warnings

    return run


def test_all_strategies_mask_the_same_crops_with_the_same_noise(compare, folder):
    (mae, again, sbam), drawn, _ = compare(("mae", None), ("mae", None), ("sbam", folder / "epoch_1.pth"), seed=2)
    assert torch.equal(mae.masks.hidden, again.masks.hidden) and not torch.equal(mae.masks.hidden, sbam.masks.hidden)
    assert [strategy.label for strategy in (mae, sbam)] == ["tiny/mae", "tiny/sbam"]
    pixels = torch.stack([torch.from_numpy(np.array(Image.open(folder / f"{i}.png"))) for i in range(2)])
    torch.testing.assert_close(drawn["images"], pixels.permute(0, 3, 1, 2).float(), rtol=0, atol=1e-3)
    assert drawn["names"] == ["0.png", "1.png"] and "seed 2" in drawn["title"] and "16x24" in drawn["title"]
    # without noise the most salient three quarters are masked
    for score, hidden in zip(sbam.masks.score, sbam.masks.hidden, strict=True):
        assert hidden.sum() == 18 and score[hidden].min() >= score[~hidden].max()
    (other, *_), _, _ = compare(("mae", None), seed=3)
    assert not torch.equal(mae.masks.hidden, other.masks.hidden)


def test_the_weights_of_scores_are_those_of_the_checkpoint(compare, folder):
    (given,), _, warnings = compare(("sbam", folder / "epoch_1.pth"))
    (fresh,), _, doubts = compare(("sbam", None))
    assert given.origin.endswith("/epoch_1.pth") and not given.doubt and not warnings
    assert not torch.allclose(given.masks.score, fresh.masks.score)
    assert fresh.doubt == "random weights: scores mean nothing yet"
    (line,) = doubts
    assert "sbam.py has no checkpoint" in line and line.endswith("sbam.py=CHECKPOINT")
    (repeated,), _, _ = compare(("sbam", None))
    assert torch.equal(fresh.masks.score, repeated.masks.score)


def test_random_weights_are_no_doubt_where_no_score_reads_them(compare):
    (mae, late), _, warnings = compare(("mae", None), ("hpm", None))
    assert mae.origin == "random weights, not read" and not mae.doubt
    assert late.doubt and len(warnings) == 1 and "hpm.py" in warnings[0]
    (early,), _, warnings = compare(("hpm", None), progress=0.0)
    assert early.masks.score is None and not early.doubt and not warnings


def test_scores_of_a_teacher_with_its_own_file_are_no_doubt(compare):
    (own,), _, warnings = compare(("own", None))
    assert own.masks.score is not None and own.masks.score_name == "class attention"
    assert own.origin == "random weights, not read" and not own.doubt and not warnings
    (followed,), _, warnings = compare(("followed", None))
    assert followed.doubt and len(warnings) == 1


def test_options_hold_for_all_configs(compare):
    described, _, _ = compare(("mae", None), ("sbam", None), options=["model.masking.ratio.ratio=0.5"])
    assert [strategy.masks.share() for strategy in described] == ["50 % hidden"] * 2


def test_an_option_for_one_config_leaves_the_others_alone(compare, folder):
    """A teacher's file is a matter of the config that has the teacher."""
    file = folder / "epoch_1.pth"
    options = [f"model.teachers.shown.checkpoint={file}", "model.masking.ratio.ratio=0.5"]
    described, _, _ = compare(("mae", None), ("own", None), options=options)
    assert [strategy.masks.share() for strategy in described] == ["50 % hidden"] * 2
    moved = file.rename(folder / "moved.pth")
    _, own = compare(("mae", None), ("own", None), options=[f"model.teachers.shown.checkpoint={moved}"])[0]
    assert own.masks.score is not None


def test_a_key_that_is_set_nowhere_goes_to_all_that_have_its_part(compare):
    described, _, _ = compare(("mae", None), ("sbam", None), options=["model.masking.unit=8"])
    assert [strategy.masks.units for strategy in described] == [(2, 3)] * 2


def test_an_option_that_no_config_has_a_place_for_is_one_line(compare):
    with pytest.raises(ValueError, match="--cfg-options model.teachers.mae.checkpoint=x: none of the configs has mod"):
        compare(("mae", None), ("sbam", None), options=["model.teachers.mae.checkpoint=x"])
    with pytest.raises(ValueError, match="--cfg-options model.masking: write key=value"):
        compare(("mae", None), options=["model.masking"])


def test_global_random_state_is_left_alone(compare):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    compare(("sbam", None))
    assert torch.equal(torch.rand(3), expected)


def test_mistakes_are_one_line_that_names_the_config(compare, folder):
    for call, complaint in {
        lambda: compare(): "at least one config",
        lambda: compare(("maee", None)): "maee.py does not exist",
        lambda: compare(("sbam", folder / "no.pth")): "no checkpoint at",
        lambda: compare(("mae", folder / "epoch_1.pth"), ("hpm", folder / "epoch_1.pth")): "epoch_1.pth",
        lambda: compare(("mae", None), ("coarse", None), size=(16, 20)): "coarse.py: an image of 16x20",
        lambda: compare(("mae", None), size=(18, 20)): "mae.py: ",
        lambda: compare(("mae", None), ("dino", None)): "dino.py: teacher checkpoint 'nowhere.pth' does not exist",
        lambda: compare(
            ("mae", None), options=["model.type=FeatureExtractor"]
        ): "model.neck is no argument of FeatureExtractor",
    }.items():
        with pytest.raises(Exception) as error:
            call()
        line = explain(error.value)
        assert line is not None and complaint in line and "\n" not in line, (complaint, error.value)
