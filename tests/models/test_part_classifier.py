"""A classifier that sees the patches that a pre-trained HPM chooses (HPM, supplement D)."""

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpretrain.structures import DataSample

import mimseg.engine  # noqa: F401  (fills the registries)
from mimseg.models import MaskedImageModel, PartClassifier

STATS = dict(type="mimseg.ImagePreprocessor", mean=[100.0] * 3, std=[50.0] * 3)
ENCODER = dict(type="mimseg.SparseViT", arch=dict(embed_dim=32, depth=2, num_heads=2), patch_size=4)
DECODER = dict(type="TransformerDecoder", depth=1)


def task(target, loss):
    return dict(type="Task", decoder=DECODER, target=target, loss=dict(type=loss))


HPM = dict(
    type="MaskedImageModel",
    data_preprocessor=STATS,
    encoder=ENCODER,
    neck=dict(type="MaskTokenNeck", width=32),
    masking=dict(type="MaskGenerator", policy=dict(type="RandomPolicy"), ratio=dict(type="FixedRatio", ratio=0.75)),
    tasks=dict(
        reconstruct=task(dict(type="PixelTarget", normalize=False), "PatchMSE"),
        predict_loss=task(dict(type="PatchLossTarget", task="reconstruct"), "RelativePatchLoss"),
    ),
)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope("mimseg")
    torch.manual_seed(0)


@pytest.fixture
def hpm(tmp_path):
    """A pre-trained model with an EMA teacher that predicts otherwise than the student, and its file."""
    masking = dict(HPM["masking"], policy=dict(type="EasyToHardPolicy"))
    masking["score"] = dict(type="PredictedLossScore", teacher="ema")
    teacher = dict(ema=dict(type="EMATeacher"))
    options = {key: value for key, value in HPM.items() if key != "type"}
    model = MaskedImageModel(**{**options, "masking": masking, "teachers": teacher}).eval()
    for parameter in model.teachers.parameters():
        parameter.data.add_(0.2 * torch.randn_like(parameter))
    torch.save({"state_dict": model.state_dict()}, tmp_path / "hpm.pth")
    return model


def classifier(tmp_path, select, share=0.5, **judge):
    judge = None if select == "random" else dict(model=HPM, checkpoint=str(tmp_path / "hpm.pth"), **judge)
    options = dict(data_preprocessor=STATS, encoder=ENCODER, num_classes=3)
    return PartClassifier(select=select, share=share, judge=judge, **options)


def representation(model, images, visible):
    """The norm of the mean of the tokens of these patches ``(B, K)``, which are all that the blocks see."""
    encoder = model.encoder
    tokens = encoder.embed(images) + encoder.position_table(encoder.grid_of(images))
    rows = torch.arange(len(images)).unsqueeze(1)
    x = torch.cat([encoder.cls_token.expand(len(images), -1, -1), tokens[rows, visible]], dim=1)
    for block in encoder.blocks:
        x = block(x)
    return model.norm(x[:, 1:].mean(dim=1))


@pytest.mark.parametrize("weights", ["ema", "student"])
@pytest.mark.parametrize(("select", "share", "kept"), [("highest", 0.5, 7), ("lowest", 0.5, 7), ("highest", 0.3, 4)])
def test_it_sees_the_patches_of_the_highest_or_lowest_predicted_loss(hpm, tmp_path, select, share, kept, weights):
    """15 patches, of which floor(share x 15) are visible, by the teacher's prediction or the student's."""
    model, images = classifier(tmp_path, select, share, weights=weights).eval(), torch.randn(3, 3, 12, 20)
    teacher = hpm.teachers["ema"].parts
    if weights == "ema":
        parts = (teacher["encoder"], teacher["neck"], teacher["predictor"])
    else:
        parts = (hpm.encoder, hpm.neck, hpm.tasks["predict_loss"].decoder)
    with torch.no_grad():
        predicted = parts[2](parts[1](parts[0](images))).squeeze(-1)
        visible = predicted.topk(kept, largest=select == "highest").indices.sort().values
        torch.testing.assert_close(model.represent(images), representation(model, images, visible))
        assert torch.equal(model(images), model.head(model.represent(images)))


def test_random_patches_change_in_training_and_stay_in_tests(tmp_path):
    model, images = classifier(tmp_path, "random"), torch.randn(64, 3, 16, 16)
    drawn = [model.train().choose(images).mask for _ in range(2)]
    tested = [model.eval().choose(images).mask for _ in range(2)]
    assert torch.equal(*tested) and not torch.equal(*drawn)
    for mask in (*drawn, *tested):
        assert (mask.sum(1) == 8).all() and (mask != mask[0]).any()
        assert mask.float().mean(0).sub(0.5).abs().max() < 0.3  # every patch is hidden in about half of the images


def test_the_judge_stays_as_it_is_and_out_of_checkpoints(hpm, tmp_path):
    model = classifier(tmp_path, "highest").train()
    assert not any(part.training for part in model.judge.modules()) and model.encoder.training
    assert not any(name.startswith("judge") for name in model.state_dict())
    before = {name: value.clone() for name, value in model.judge.network.state_dict().items()}
    wrapper = build_optim_wrapper(
        model,
        dict(
            type="MIMOptimWrapper",
            constructor="LayerDecay",
            paramwise_cfg=dict(layer_decay=0.8),
            optimizer=dict(type="AdamW", lr=0.1),
        ),
    )
    samples = [DataSample(metainfo=dict(img_path="a")).set_gt_label(label) for label in (0, 1)]
    model.train_step(dict(inputs=torch.randint(0, 256, (2, 3, 16, 16)), data_samples=samples), wrapper)
    assert all(torch.equal(value, before[name]) for name, value in model.judge.network.state_dict().items())
    assert not torch.equal(model.head.bias, torch.zeros(3))
    other = classifier(tmp_path, "highest")
    assert other.load_state_dict(model.state_dict()) and torch.equal(other.head.weight, model.head.weight)


def test_contradictions_are_one_clear_line(hpm, tmp_path):
    with pytest.raises(ValueError, match="model.select must be 'random', 'highest' or 'lowest', got 'top'"):
        classifier(tmp_path, "top")
    with pytest.raises(ValueError, match=r"must lie in \(0, 1\], got 0"):
        classifier(tmp_path, "random", share=0)
    options = dict(data_preprocessor=STATS, encoder=ENCODER, num_classes=3)
    with pytest.raises(ValueError, match="model.select='highest' needs a model.judge"):
        PartClassifier(select="highest", **options)
    dense = dict(ENCODER, type="mimseg.DenseViT", image_size=16)
    with pytest.raises(ValueError, match="needs a SparseViT, not a DenseViT"):
        PartClassifier(select="random", **{**options, "encoder": dense})
    judge = dict(model=HPM, checkpoint=str(tmp_path / "none.pth"))
    with pytest.raises(FileNotFoundError, match="model.judge.checkpoint=.*none.pth' does not exist"):
        PartClassifier(select="lowest", judge=judge, **options)
    judge["checkpoint"] = str(tmp_path / "hpm.pth")
    with pytest.raises(ValueError, match="normalises otherwise"):
        PartClassifier(select="lowest", judge=judge, **{**options, "data_preprocessor": dict(STATS, std=[1.0] * 3)})
    judge["model"] = dict(HPM, tasks=dict(reconstruct=HPM["tasks"]["reconstruct"]))
    with pytest.raises(ValueError, match="predicts no loss"):
        PartClassifier(select="lowest", judge=judge, **options)
