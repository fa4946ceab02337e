import pytest
import timm
import torch
import torch.nn.functional as F
from mmengine.runner.checkpoint import load_state_dict

from mimseg.checkpoints import load_weights
from mimseg.models import EMATeacher, FrozenTeacher
from mimseg.models.backbones.attention_maps import attend
from mimseg.ops.attention import PatchAttention
from mimseg.registry import MODELS


def test_decay_ramps_over_the_first_hundred_epochs():
    decays = [EMATeacher().decay(epoch) for epoch in (0, 50, 99, 100, 799)]
    assert decays == pytest.approx([0.999, 0.99945, 0.999891, 0.9999, 0.9999], abs=1e-12)


def test_the_teacher_is_the_student_at_first_and_follows_it(build, images):
    model = build("hpm")
    pairs = model.teachers["ema"].pairs(model.student)
    assert len(pairs) > 20 and all(torch.equal(a, b) for a, b in pairs)
    before = [a.clone() for a, _ in pairs]
    with torch.no_grad():
        for parameter in model.encoder.parameters():
            parameter.add_(1.0)
    model.update_teachers(epoch=50)
    for old, (mine, theirs) in zip(before, pairs, strict=True):
        torch.testing.assert_close(mine, 0.99945 * old + (1 - 0.99945) * theirs)
    model.reset_teachers()
    assert all(torch.equal(a, b) for a, b in pairs)


def test_the_teacher_holds_no_reconstruction_decoder_and_no_gradient(build, images):
    model = build("hpm")
    teacher = model.teachers["ema"]
    assert set(teacher.parts) == {"encoder", "neck", "predictor"}
    sum(model(images).values()).backward()
    assert all(p.grad is None and not p.requires_grad for p in teacher.parameters())
    model.train()
    assert not teacher.training and not teacher.parts["encoder"].training


def test_a_teacher_of_features_only_is_an_encoder_only(build, images):
    target = dict(target=dict(type="FeatureTarget", teacher="ema"), loss=dict(type="PatchCosine"))
    model = build("mae", tasks=dict(reconstruct=target), teachers=dict(ema=dict(type="EMATeacher")))
    assert set(model.teachers["ema"].parts) == {"encoder"}
    assert model.tasks["reconstruct"].decoder.head.out_features == 32
    assert 0 < model(images)["loss_reconstruct"] < 4


def test_one_encoder_pass_gives_features_and_predicted_loss(build, images):
    target = dict(target=dict(type="FeatureTarget", teacher="ema"), loss=dict(type="PatchCosine"))
    model = build("hpm", tasks=dict(reconstruct=target))
    passes = []
    model.teachers["ema"].parts["encoder"].register_forward_hook(lambda *_: passes.append(1))
    model(images)
    assert len(passes) == 1
    view = model.teachers["ema"].look(images, frozenset({"features"}))
    assert view.predicted_loss is None and view.features.shape == (4, 24, 32)


ATTENTION_MASKS = dict(
    masking=dict(
        score=dict(type="AttentionScore", teacher="ema", block=0, head=1), policy=dict(type="SoftToHardPolicy")
    ),
    teachers=dict(ema=dict(type="EMATeacher")),
)


def test_a_teacher_of_attention_only_is_the_first_blocks_and_follows_them(build, images):
    model = build("mae", **ATTENTION_MASKS)
    teacher = model.teachers["ema"]
    want = PatchAttention(0, 1)
    assert set(teacher.parts) == {"trunk"}
    whole = {name for name, _ in model.encoder.named_parameters()}
    kept = {name for name, _ in teacher.parts["trunk"].named_parameters()}
    assert whole - kept == {name for name in whole if name.startswith(("blocks.1.", "norm."))}
    assert teacher.look(images, frozenset({want})).features is None
    expected = attend(model.encoder, images, [want])[want]
    torch.testing.assert_close(teacher.look(images, frozenset({want})).attention[want], expected)
    with torch.no_grad():
        before = [mine.clone() for mine, _ in teacher.pairs(model.student)]
        for parameter in model.encoder.parameters():
            parameter.add_(torch.randn_like(parameter))
    model.update_teachers(epoch=0)
    for old, (mine, theirs) in zip(before, teacher.pairs(model.student), strict=True):
        torch.testing.assert_close(mine, 0.999 * old + 0.001 * theirs)
    model.reset_teachers()
    expected = attend(model.encoder, images, [want])[want]
    assert torch.equal(teacher.look(images, frozenset({want})).attention[want], expected)


def test_attention_features_and_predicted_loss_come_from_one_pass(build, images):
    model = build("hpm")
    teacher = EMATeacher()
    want = PatchAttention(0, 1)
    wanted = frozenset({want, "features", "predicted_loss"})
    teacher.setup(model.student, wanted)
    calls = []
    for number, block in enumerate(teacher.parts["encoder"].blocks):
        block.register_forward_hook(lambda *_, number=number: calls.append(number))
    seen = teacher.look(images, wanted)
    assert calls == [0, 1]
    apart = model.teachers["ema"].look(images, frozenset({"predicted_loss"}))
    torch.testing.assert_close(seen.predicted_loss, apart.predicted_loss)
    torch.testing.assert_close(seen.features, model.encoder.eval()(images).patch_tokens)
    torch.testing.assert_close(seen.attention[want], attend(model.encoder, images, [want])[want])
    calls.clear()
    assert teacher.look(images, frozenset({want})).features is None and calls == []
    assert teacher.look(images, frozenset({"features"})).attention == {} and calls == [0, 1]


def test_a_checkpoint_with_a_trunk_is_no_source_of_a_whole_teacher(build, tmp_path):
    """Otherwise its first blocks would be mixed with the student's last ones."""
    model = build("mae", **ATTENTION_MASKS)
    torch.save({"state_dict": model.state_dict()}, tmp_path / "gpa.pth")
    with pytest.raises(ValueError, match="holds no EMA teacher"):
        load_weights(build("mae"), tmp_path / "gpa.pth", weights="ema", log=str)
    other = build("mae", **ATTENTION_MASKS)
    load_weights(other, tmp_path / "gpa.pth", log=str)
    assert all(torch.equal(other.state_dict()[name], tensor) for name, tensor in model.state_dict().items())


def test_the_mean_head_predicts_the_mean_of_its_channels(build, images):
    model = build("hpm", tasks=dict(predict_loss=dict(decoder=dict(mean_of=768))))
    decoder = model.tasks["predict_loss"].decoder
    assert decoder.head.out_features == 768
    latent = model.neck(model.encoder(images))
    expected = decoder.head.weight.mean(0), decoder.head.bias.mean()
    seen = []
    decoder.norm.register_forward_hook(lambda m, i, out: seen.append(out))
    out = decoder(latent)
    torch.testing.assert_close(out.squeeze(-1), seen[0] @ expected[0] + expected[1])
    with pytest.raises(ValueError, match="mean_of=768 averages to one number but the target has 48"):
        build("hpm", tasks=dict(reconstruct=dict(decoder=dict(mean_of=768))))


SMALL = dict(embed_dim=32, depth=1, num_heads=2, img_size=32, patch_size=4)


@pytest.fixture
def weights(tmp_path):
    """``weights(**options)`` -> (file, network) of a tiny timm ViT."""

    def make(**options):
        torch.manual_seed(0)
        network = timm.create_model("vit_tiny_patch16_224", **SMALL, **options).eval()
        file = tmp_path / "teacher.pth"
        torch.save(network.state_dict(), file)
        return str(file), network

    return make


def frozen_model(build, **teacher):
    return build(
        "mae",
        tasks=dict(reconstruct=dict(target=dict(type="FeatureTarget", teacher="t"), loss=dict(type="PatchCosine"))),
        teachers=dict(
            t=dict(type="FrozenTeacher", model="vit_tiny_patch16_224", **{"options": dict(SMALL), **teacher})
        ),
    )


def test_frozen_features_are_the_final_norm_output_without_the_class_token(build, weights):
    file, network = weights(num_classes=10)
    model = frozen_model(build, checkpoint=file)
    images = torch.randn(2, 3, 32, 32)
    view = model.teachers["t"].look(images, frozenset({"features"}))
    torch.testing.assert_close(view.features, network.forward_features(images)[:, 1:])
    model(images)["loss_reconstruct"].backward()


def test_frozen_weights_stay_out_of_checkpoints_and_strict_loading_does_not_miss_them(build, weights):
    file, network = weights(num_classes=0)
    model = frozen_model(build, checkpoint=file)
    saved = model.state_dict()
    assert not any("teachers" in key for key in saved)
    model.load_state_dict(saved, strict=True)
    load_state_dict(model, saved, strict=True)  # MMEngine's own, which a resume goes through
    assert torch.equal(model.teachers["t"].network.blocks[0].attn.qkv.weight, network.blocks[0].attn.qkv.weight)
    saved.pop("encoder.norm.weight")
    with pytest.raises(RuntimeError, match="encoder.norm.weight"):
        model.load_state_dict(saved, strict=True)


def test_projection_applies_the_head_to_every_token(build, weights):
    file, network = weights(num_classes=12)
    model = build(
        "mae",
        tasks=dict(reconstruct=dict(target=dict(type="FeatureTarget", teacher="t"), loss=dict(type="PatchCosine"))),
        teachers=dict(
            t=dict(
                type="FrozenTeacher",
                model="vit_tiny_patch16_224",
                checkpoint=file,
                project=True,
                options=dict(SMALL, num_classes=12),
            )
        ),
    )
    images = torch.randn(2, 3, 32, 32)
    view = model.teachers["t"].look(images, frozenset({"features"}))
    torch.testing.assert_close(view.features, network.head(network.forward_features(images)[:, 1:]))
    assert model.tasks["reconstruct"].decoder.head.out_features == 12


def test_own_statistics_undo_the_student_normalisation(build, weights):
    file, network = weights(num_classes=0)
    raw = torch.rand(2, 3, 32, 32) * 255
    model = frozen_model(build, checkpoint=file, input_stats="own")
    normalised = model.data_preprocessor({"inputs": raw})["inputs"]
    expected = network.forward_features((raw / 255 - 0.5) / 0.5)[:, 1:]  # this timm model's own statistics are 0.5
    got = model.teachers["t"].look(normalised, frozenset({"features"})).features
    torch.testing.assert_close(got, expected, rtol=1e-3, atol=1e-4)


def test_feature_loss_is_two_minus_two_cosines(build):
    loss = MODELS.build(dict(type="mimseg.PatchCosine"))
    a, b = torch.randn(2, 5, 8), torch.randn(2, 5, 8)
    total, per_patch = loss(a, b)
    torch.testing.assert_close(per_patch, 2 - 2 * F.cosine_similarity(a, b, dim=-1))
    torch.testing.assert_close(total, per_patch.mean())


def test_missing_or_foreign_weights_are_loud(build, weights):
    with pytest.raises(FileNotFoundError, match="teacher checkpoint 'nowhere.pth' does not exist"):
        frozen_model(build, checkpoint="nowhere.pth")
    file, _ = weights()
    torch.save({"blocks.0.attn.qkv.weight": torch.zeros(96, 32), "other": torch.zeros(1)}, file)
    with pytest.raises(ValueError, match=r"does not fit timm's vit_tiny_patch16_224: \d+ weights missing"):
        frozen_model(build, checkpoint=file)


def test_without_a_file_no_network_is_asked_and_no_model_built(build, monkeypatch):
    monkeypatch.setattr(timm, "create_model", lambda *a, **k: pytest.fail("a model was built"))
    with pytest.raises(
        ValueError, match=r"model.teachers.t.checkpoint is not set.*set model.teachers.t.checkpoint=FILE"
    ):
        frozen_model(build)


@pytest.mark.parametrize("option", ["pretrained", "checkpoint_path", "pretrained_cfg_overlay"])
def test_timm_loads_nothing_by_itself(build, weights, option):
    file, _ = weights()
    with pytest.raises(ValueError, match=rf"model.teachers.t: options.{option} would let timm load"):
        frozen_model(build, checkpoint=file, **{"options": {option: file}})
    with pytest.raises(ValueError, match="'local-dir:/tmp' is no name of a timm model"):
        FrozenTeacher("local-dir:/tmp", file)


@pytest.mark.parametrize(
    ("break_it", "complaint"),
    [
        (lambda tensor: tensor.mul_(float("nan")), "NaN and 0 infinite"),
        (lambda tensor: tensor.to(torch.int8), "of whole numbers"),
        (lambda tensor: tensor.to("meta"), "a meta tensor"),
    ],
)
def test_weights_that_are_none_are_named(build, weights, break_it, complaint):
    file, network = weights()
    state = network.state_dict()
    state["blocks.0.attn.qkv.weight"] = break_it(state["blocks.0.attn.qkv.weight"])
    torch.save(state, file)
    with pytest.raises(ValueError, match=rf"teacher checkpoint '.*': its .*blocks.0.attn.qkv.weight .*{complaint}"):
        frozen_model(build, checkpoint=file)


def test_a_teacher_with_another_patch_grid_is_named(build, weights):
    file, _ = weights()
    model = frozen_model(build, checkpoint=file)
    model.encoder.patch_size = 4
    other = build(
        "mae",
        encoder=dict(patch_size=8),
        tasks=dict(reconstruct=dict(target=dict(type="FeatureTarget", teacher="t"), loss=dict(type="PatchCosine"))),
        teachers=dict(t=dict(type="FrozenTeacher", model="vit_tiny_patch16_224", checkpoint=file, options=dict(SMALL))),
    )
    with pytest.raises(ValueError, match=r"gives 64 patch features but the student has 16 patches \(4x4\)"):
        other(torch.randn(2, 3, 32, 32))


def test_a_hostile_teacher_file_does_not_run(build, tmp_path):
    class Payload:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    torch.save({"x": Payload()}, tmp_path / "bad.pth")
    with pytest.raises(ValueError, match="holds more than tensors and could run code"):
        frozen_model(build, checkpoint=str(tmp_path / "bad.pth"))
    assert not (tmp_path / "ran").exists()


def test_running_statistics_follow_as_the_weights_do(build, images):
    """BatchNorm of an encoder like CMT: its teacher evaluates with statistics that are an average, too."""
    cmt = dict(
        type="CMT",
        arch=dict(stem_dim=8, embed_dims=(8, 8, 16, 16), depths=(1, 1, 1, 1), num_heads=(1, 1, 2, 2), mlp_ratio=2),
    )
    target = dict(target=dict(type="FeatureTarget", teacher="ema"), loss=dict(type="PatchCosine"))
    model = build(
        encoder=dict(type="DenseBackbone", backbone=cmt, image_size=64),
        neck=None,
        tasks=dict(reconstruct=target),
        teachers=dict(ema=dict(type="EMATeacher")),
    )
    state = {name: value.clone() for name, value in model.teachers["ema"].state_dict().items()}
    means = [name for name in state if name.endswith("running_mean")]
    assert means
    model.train()(torch.randn(2, 3, 64, 64))
    model.update_teachers(epoch=0)
    for name, value in model.teachers["ema"].state_dict().items():
        theirs = model.encoder.state_dict()[name.removeprefix("parts.encoder.")]
        if name.endswith("num_batches_tracked"):
            assert value == theirs == 1
        else:
            torch.testing.assert_close(value, 0.999 * state[name] + 0.001 * theirs)
    assert any(not torch.equal(state[name], model.teachers["ema"].state_dict()[name]) for name in means)
