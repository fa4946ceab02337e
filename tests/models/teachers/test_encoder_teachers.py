"""Teachers that are encoders of this project: one from a file, and the student itself."""

import copy

import pytest
import timm
import torch
from mmengine.registry import init_default_scope
from mmengine.runner.checkpoint import load_state_dict

from mimseg.checkpoints import UntrustedCheckpointError
from mimseg.checkpoints.formats import describe
from mimseg.models import decide_masks
from mimseg.models.backbones.attention_maps import attend
from mimseg.ops import bf16
from mimseg.ops.attention import ClassAttention, PatchAttention
from mimseg.registry import MODELS

WANT = PatchAttention(0, 1)
FEATURES = frozenset({"features"})
FEATURE_TASK = dict(target=dict(type="FeatureTarget", teacher="t"), loss=dict(type="PatchCosine"))
ATTENTION_TASK = dict(
    type="Task",
    decoder=dict(type="TransformerDecoder", depth=1, num_heads=2),
    target=dict(type="AttentionTarget", teacher="t", block=0, head=1),
    loss=dict(type="PatchMSE"),
)


@pytest.fixture
def pretrained(build, tmp_path):
    """(file, model) of an earlier run."""
    model = build("hpm")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    file = tmp_path / "mae.pth"
    torch.save({"state_dict": model.state_dict(), "meta": {"mimseg": describe(model)}}, file)
    return str(file), model


def with_features(build, **teacher):
    return build(
        "mae", tasks=dict(reconstruct=FEATURE_TASK), teachers=dict(t=dict(type="PretrainedTeacher", **teacher))
    )


def with_attention(build, **teacher):
    teacher = {"type": "PretrainedTeacher", **teacher}
    return build("mae", tasks=dict(attention=ATTENTION_TASK), teachers=dict(t=teacher))


def test_it_gives_the_features_and_attention_of_the_file_s_encoder(build, pretrained, images, monkeypatch):
    file, source = pretrained
    lines = []
    monkeypatch.setattr("mimseg.models.teachers.pretrained.print_log", lambda line, logger: lines.append(line))
    model = with_features(build, checkpoint=file)
    tensors = len(source.encoder.state_dict())
    assert len(lines) == 1 and lines[0].endswith(f": {tensors} tensors of {file} (mimseg, student)")
    teacher = model.teachers["t"]
    seen = teacher.look(images, FEATURES | {WANT, ClassAttention()})
    torch.testing.assert_close(seen.features, source.eval().encoder(images).patch_tokens)
    expected = attend(source.encoder, images, [WANT, ClassAttention()])
    assert all(torch.equal(seen.attention[want], expected[want]) for want in expected)
    assert not teacher.training and not any(p.requires_grad for p in teacher.parameters())
    model.train()
    assert not teacher.network.training
    assert 0 < model(images)["loss_reconstruct"] < 4


def test_the_ema_weights_of_a_file_can_be_taken(build, pretrained, images):
    file, source = pretrained
    teacher = with_features(build, checkpoint=file, weights="ema").teachers["t"]
    expected = source.teachers["ema"].parts["encoder"](images).patch_tokens
    torch.testing.assert_close(teacher.look(images, FEATURES).features, expected)


def test_for_attention_only_the_first_blocks_are_kept(build, pretrained, images):
    file, source = pretrained
    model = with_attention(build, checkpoint=file)
    names = {name for name, _ in model.teachers["t"].network.named_parameters()}
    assert names == {
        name for name, _ in source.encoder.named_parameters() if not name.startswith(("blocks.1.", "norm."))
    }
    seen = model.teachers["t"].look(images, frozenset({WANT}))
    assert torch.equal(seen.attention[WANT], attend(source.encoder, images, [WANT])[WANT]) and seen.features is None


def test_its_weights_stay_out_of_checkpoints_and_strict_loading_does_not_miss_them(build, pretrained):
    file, _ = pretrained
    for model in (with_features(build, checkpoint=file), with_attention(build, checkpoint=file)):
        saved = model.state_dict()
        assert not any("teachers" in key for key in saved)
        before = copy.deepcopy(model.teachers["t"].network)
        model.load_state_dict(saved, strict=True)
        load_state_dict(model, saved, strict=True)  # MMEngine's own, which a resume goes through
        assert all(
            torch.equal(a, b) for a, b in zip(before.parameters(), model.teachers["t"].parameters(), strict=True)
        )
        saved.pop("encoder.norm.weight")
        with pytest.raises(RuntimeError, match="encoder.norm.weight"):
            model.load_state_dict(saved, strict=True)


def test_another_architecture_from_a_timm_file(build, images, tmp_path):
    """A learned position table, six blocks, and another width than the student's."""
    size = dict(embed_dim=24, depth=3, num_heads=3)
    network = timm.create_model("vit_tiny_patch16_224", **size, patch_size=4, img_size=(16, 24), num_classes=0).eval()
    torch.save(network.state_dict(), tmp_path / "timm.pth")
    encoder = dict(type="SparseViT", arch=size, patch_size=4, positions="learned", image_size=(16, 24))
    model = with_features(build, checkpoint=str(tmp_path / "timm.pth"), encoder=encoder)
    assert model.tasks["reconstruct"].decoder.head.out_features == 24
    seen = model.teachers["t"].look(images, FEATURES)
    torch.testing.assert_close(seen.features, network.forward_features(images)[:, 1:], rtol=1e-4, atol=1e-4)
    fixed = dict(encoder, positions="sincos", image_size=None)
    with pytest.raises(ValueError, match=r"model.teachers.\w+: .*set model.teachers.\w+.encoder.positions=learned"):
        with_features(build, checkpoint=str(tmp_path / "timm.pth"), encoder=fixed)


def test_channels_follow_from_the_student(build, tmp_path):
    grey = dict(type="ImagePreprocessor", mean=[0.5], std=[0.2])
    source = build("mae", data_preprocessor=grey)
    torch.save({"state_dict": source.state_dict()}, tmp_path / "grey.pth")
    encoder = dict(type="SparseViT", arch=dict(embed_dim=32, depth=2, num_heads=2), patch_size=4)
    teacher = dict(type="PretrainedTeacher", checkpoint=str(tmp_path / "grey.pth"), encoder=encoder)
    model = build("mae", data_preprocessor=grey, tasks=dict(reconstruct=FEATURE_TASK), teachers=dict(t=teacher))
    assert model.teachers["t"].network.in_channels == 1


def test_it_is_never_left_at_random_weights(build, pretrained, tmp_path):
    file, source = pretrained
    with pytest.raises(FileNotFoundError, match=r"model.teachers.\w+.checkpoint='nowhere.pth' does not exist; set it"):
        with_features(build, checkpoint="nowhere.pth")
    state = {name: tensor for name, tensor in source.state_dict().items() if "blocks.1" not in name}
    torch.save({"state_dict": state}, tmp_path / "part.pth")
    with pytest.raises(
        ValueError, match=r"model.teachers.\w+: .* of the weights under 'encoder.', at least 100% are needed"
    ):
        with_attention(build, checkpoint=str(tmp_path / "part.pth"))
    wide = dict(type="SparseViT", arch=dict(embed_dim=64, depth=2, num_heads=2), patch_size=4)
    with pytest.raises(ValueError, match=r"of another architecture: .*\(model.teachers.\w+.encoder.arch\)") as error:
        with_features(build, checkpoint=file, encoder=wide)
    assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match="weights must be 'student' or 'ema', got 'best'"):
        with_features(build, checkpoint=file, weights="best")


def test_a_hostile_file_does_not_run(build, tmp_path):
    class Payload:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    torch.save({"x": Payload()}, tmp_path / "bad.pth")
    with pytest.raises(UntrustedCheckpointError, match=r"model.teachers.\w+: .*tools/convert.py") as error:
        with_features(build, checkpoint=str(tmp_path / "bad.pth"))
    assert "add --trust-checkpoint" not in str(error.value)
    assert not (tmp_path / "ran").exists()


def student_model(build, **changes):
    return build("mae", tasks=dict(attention=ATTENTION_TASK), teachers=dict(t=dict(type="StudentTeacher")), **changes)


def test_the_student_as_teacher_is_no_copy_and_has_no_weights(build, images):
    model = student_model(build)
    teacher = model.teachers["t"]
    assert not list(teacher.parameters()) and not any("teachers" in name for name in model.state_dict())
    before = teacher.look(images, frozenset({WANT})).attention[WANT]
    with torch.no_grad():
        model.encoder.blocks[0].attn.qkv.weight.mul_(2)
    after = teacher.look(images, frozenset({WANT})).attention[WANT]
    assert torch.equal(after, attend(model.encoder, images, [WANT])[WANT]) and not torch.allclose(before, after)
    torch.testing.assert_close(teacher.look(images, FEATURES).features, model.encoder.eval()(images).patch_tokens)
    twin = copy.deepcopy(model)
    assert twin.teachers["t"].encoders[0] is twin.encoder


def test_the_student_looks_without_drop_path_and_trains_on_with_it(build, images):
    model = student_model(build, encoder=dict(drop_path=0.9)).train()
    model.encoder.norm.eval()
    looks = [model.teachers["t"].look(images, FEATURES).features for _ in range(2)]
    assert torch.equal(*looks)
    assert model.encoder.training and model.encoder.blocks[1].drop_path1.training and not model.encoder.norm.training


def test_looking_does_not_take_the_gradient_from_the_student(build, images, monkeypatch):
    """Autocast may remember the weights that it rounded without gradient, and use them in the student's own pass."""
    monkeypatch.setattr(bf16, "NATIVE", True)  # through F.linear, as on every GPU
    model = student_model(build)
    remembers = []
    model.encoder.blocks[0].register_forward_hook(
        lambda *_: remembers.append((torch.is_grad_enabled(), torch.is_autocast_cache_enabled()))
    )
    deeper = frozenset({PatchAttention(1, 0)})
    with torch.autocast("cpu", dtype=torch.bfloat16):
        model.teachers["t"].look(images, deeper)
        sum(model(images).values()).backward()
    assert remembers == [(False, False), (True, True)]
    for name, parameter in model.encoder.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_a_fine_tuned_classifier_teaches_with_its_norm_on_every_token(tmp_path):
    """FastMIM with distillation: learned positions for larger images, and a norm that was behind the pooling."""
    init_default_scope("mimseg")
    torch.manual_seed(0)
    larger = dict(type="SparseViT", arch=dict(embed_dim=48, depth=2, num_heads=2), patch_size=4, positions="learned")
    statistics = dict(type="ImagePreprocessor", mean=[120.0, 110.0, 100.0], std=[50.0, 60.0, 70.0])
    classifier = MODELS.build(
        dict(type="Classifier", data_preprocessor=statistics, encoder={**larger, "image_size": 24}, num_classes=3)
    ).eval()
    torch.nn.init.normal_(classifier.norm.weight)
    file = tmp_path / "classifier.pth"
    torch.save({"state_dict": classifier.state_dict(), "meta": {"mimseg": describe(classifier)}}, file)
    student = dict(larger, type="DenseViT", arch=dict(embed_dim=32, depth=2, num_heads=2), mask_at="pixels")
    student |= dict(image_size=16, positions="sincos")
    task = dict(
        type="Task",
        decoder=dict(type="LinearDecoder"),
        target=dict(type="FeatureTarget", teacher="larger"),
        loss=dict(type="PatchL1"),
        positions="all",
    )
    masking = dict(type="MaskGenerator", policy=dict(type="RandomPolicy"), ratio=dict(type="FixedRatio", ratio=0.75))
    model = MODELS.build(
        dict(
            type="MaskedImageModel",
            data_preprocessor=statistics,
            encoder=student,
            neck=dict(type="ProjectionNeck", width=24),
            masking=masking,
            teachers=dict(
                larger=dict(type="PretrainedTeacher", checkpoint=str(file), encoder={**larger, "image_size": 16})
            ),
            tasks=dict(distill=task),
        )
    )
    images = torch.randn(2, 3, 24, 24)
    tokens = classifier.encoder(images).patch_tokens  # before the norm, with the positions of 24 px
    model.teachers["larger"].network.positions = classifier.encoder.positions  # its own are resized to 16 px
    features = model.teachers["larger"].look(images, FEATURES).features
    torch.testing.assert_close(features, classifier.norm(tokens))
    predicted = model.tasks["distill"].decoder(model.neck(model.encoder(images, mask_of(model, images))), "all")
    expected = (predicted - features).abs().mean()
    loss = model.loss_under(images, mask_of(model, images))["loss_distill"]
    torch.testing.assert_close(loss, expected)


def mask_of(model, images):
    return decide_masks(model, images, torch.Generator().manual_seed(0)).mask
