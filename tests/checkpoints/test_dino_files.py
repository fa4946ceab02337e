"""Files of DINO, iBOT and DINOv2: plain ViTs below the prefixes of self-distillation."""

import pytest
import timm
import torch

from mimseg.checkpoints import load_weights

SIZE = dict(embed_dim=32, depth=2, num_heads=2)
PLAIN = dict(type="DenseViT", arch=SIZE, patch_size=4, image_size=16, positions="learned", layer_scale=None)
SCALED = dict(PLAIN, layer_scale=1.0)


def vit(shaken, seed=0, **options):
    sizes = dict(img_size=16, patch_size=4, num_classes=0, **SIZE)
    return shaken(timm.models.VisionTransformer(**{**sizes, **options}), seed)


def under(prefix, state):
    return {prefix + name: tensor for name, tensor in state.items()}


def dino_file(teacher, student):
    """What DINO's training saves: a parallel student, a teacher, and their projection heads."""
    head = {"mlp.0.weight": torch.randn(8, 32), "last_layer.weight_g": torch.randn(9, 1)}
    return dict(
        student=under("module.", {**under("backbone.", student.state_dict()), **under("head.", head)}),
        teacher={**under("backbone.", teacher.state_dict()), **under("head.", head)},
        optimizer=dict(state={0: dict(exp_avg=torch.randn(3))}),
        dino_loss=dict(center=torch.randn(1, 9)),
        epoch=3,
    )


def same(ours, model, images):
    torch.testing.assert_close(ours.encoder(images).tokens, model.forward_features(images), rtol=0, atol=1e-5)


@pytest.mark.parametrize("encoder", [PLAIN, dict(type="SparseViT", **{k: PLAIN[k] for k in list(PLAIN)[1:-1]})])
def test_of_dino_the_teacher_is_taken(shaken, extractor, saved, pictures, quiet, encoder):
    teacher, student = vit(shaken), vit(shaken, seed=1)
    ours = extractor(encoder)
    report = load_weights(ours, saved(dino_file(teacher, student)), log=quiet)
    same(ours, teacher, pictures(16))
    assert "the file's teacher weights were taken, the student beside it is left out" in str(report)


def test_a_classifier_keeps_its_head_beside_dinos(shaken, classifier, saved, pictures, quiet):
    ours, teacher = classifier(PLAIN), vit(shaken)
    before = ours.head.weight.clone()
    load_weights(ours, saved(dino_file(teacher, vit(shaken, 1))), scope="encoder.", least=0.9, log=quiet)
    assert torch.equal(ours.head.weight, before)


def test_the_students_alone_and_the_published_backbone(shaken, extractor, saved, pictures, quiet):
    model = vit(shaken)
    for file in (dict(student=under("module.backbone.", model.state_dict())), model.state_dict()):
        ours = extractor(PLAIN)
        load_weights(ours, saved(file), log=quiet)
        same(ours, model, pictures(16))


def test_ibots_mask_token_has_another_name(shaken, pretext, saved, quiet):
    token = torch.randn(1, 32)
    file = dict(teacher=under("backbone.", {**vit(shaken).state_dict(), "masked_embed": token}))
    ours = pretext(PLAIN, decoder=dict(type="LinearDecoder"))
    load_weights(ours, saved(file), scope="encoder.", log=quiet)
    assert torch.equal(ours.encoder.mask_token[0], token)


def test_moco_v3_has_its_network_behind_two_prefixes(shaken, extractor, saved, pictures, quiet):
    model, ours = vit(shaken), extractor(PLAIN)
    momentum = under("module.momentum_encoder.", vit(shaken, seed=1).state_dict())
    head = {"module.base_encoder.head.0.weight": torch.randn(8, 32), "module.predictor.0.weight": torch.randn(8, 8)}
    state = {**under("module.base_encoder.", model.state_dict()), **head, **momentum}
    load_weights(ours, saved(dict(state_dict=state, arch="vit_small")), log=quiet)
    same(ours, model, pictures(16))


def dinov2(shaken, **options):
    return vit(shaken, init_values=0.1, **options)


@pytest.mark.parametrize("chunked", [False, True])
def test_dinov2_with_layer_scale_and_a_mask_token(shaken, pretext, saved, pictures, quiet, chunked):
    model, token = dinov2(shaken), torch.randn(1, 32)
    state = {**model.state_dict(), "mask_token": token}
    if chunked:  # training saves its blocks in chunks, numbered from the first
        state = {
            name.replace("blocks.1.", "blocks.1.1.").replace("blocks.0.", "blocks.0.0."): state[name] for name in state
        }
        state = {
            **under("student.backbone.", {name: 2 * t for name, t in state.items()}),
            **under("teacher.backbone.", state),
        }
    ours = pretext(SCALED, decoder=dict(type="LinearDecoder"))
    load_weights(ours, saved(dict(model=state)), scope="encoder.", log=quiet)
    same(ours, model, pictures(16))
    assert torch.equal(ours.encoder.mask_token[0], token)


def test_its_positions_of_518_px_are_resized(shaken, extractor, saved, quiet):
    model = dinov2(shaken, img_size=148)
    ours = extractor(dict(SCALED, image_size=56))
    report = load_weights(ours, saved(model.state_dict()), scope="encoder.", least=0.9, log=quiet)
    assert "grid 37x37 -> 14x14 (bicubic)" in str(report)


@pytest.mark.parametrize(
    ("official", "options", "words"),
    [
        (True, dict(), r"its ViT has 4 register tokens \(register_tokens\)"),
        (False, dict(reg_tokens=4, no_embed_class=True), r"its ViT has 4 register tokens \(reg_token\)"),
        (True, dict(mlp_layer=timm.layers.SwiGLU), r"gated feed-forward networks \(SwiGLU, as DINOv2's ViT-g\)"),
        (False, dict(mlp_layer=timm.layers.SwiGLUPacked), r"gated feed-forward networks \(SwiGLU"),
    ],
)
def test_registers_and_gates_are_refused_in_a_line(shaken, extractor, saved, quiet, official, options, words):
    state = dinov2(shaken, **options).state_dict()
    if official and not options:
        state["register_tokens"] = torch.randn(1, 4, 32)
    with pytest.raises(ValueError, match=words) as error:
        load_weights(extractor(SCALED), saved(state), scope="encoder.", least=0.1, log=quiet)
    assert "\n" not in str(error.value) and "another architecture" not in str(error.value)


def test_layer_scale_has_no_place_in_a_sparse_vit(shaken, extractor, saved, quiet):
    ours = extractor(dict(type="SparseViT", arch=SIZE, patch_size=4, image_size=16, positions="learned"))
    with pytest.raises(ValueError, match="LayerScale needs model.encoder.type=DenseViT") as error:
        load_weights(ours, saved(dinov2(shaken).state_dict()), scope="encoder.", least=0.1, log=quiet)
    assert "another architecture" not in str(error.value)


def test_without_layer_scale_in_the_file_ours_multiplies_by_one(shaken, extractor, saved, pictures, quiet):
    model, ours = vit(shaken), extractor(dict(PLAIN, layer_scale=0.1))
    report = load_weights(ours, saved(model.state_dict()), log=quiet)
    same(ours, model, pictures(16))
    assert "1: the file has no LayerScale" in str(report)


def test_a_table_without_the_class_tokens_row(shaken, extractor, saved, pictures, quiet):
    """DeiT-3's class token has no position."""
    model, ours = vit(shaken, no_embed_class=True, init_values=0.1), extractor(SCALED)
    load_weights(ours, saved(model.state_dict()), log=quiet)
    same(ours, model, pictures(16))
