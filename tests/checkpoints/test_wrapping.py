"""Whatever dicts and prefixes a network's tensors are wrapped in."""

import itertools

import pytest
import timm
import torch

from mimseg.checkpoints import load_weights
from mimseg.checkpoints.wrapping import prefixes, unwrap

SIZE = dict(embed_dim=32, depth=2, num_heads=2)
ENCODER = dict(type="SparseViT", arch=SIZE, patch_size=4, image_size=16, positions="learned")
WORDS = ("backbone", "model", "encoder", "teacher", "student", "module", "state_dict", "model_state", "ema")
PREFIXES = (
    "backbone.",
    "model.",
    "encoder.",
    "module.",
    "backbone.vit.",
    "module.backbone.",
    "model.backbone.vit.",
    "module._orig_mod.",
    "_orig_mod.module.",
    "student.backbone.",
    "teacher.",
    "net.1x.",
    "a.b.c.d.",
)


@pytest.fixture
def vit():
    torch.manual_seed(0)
    return timm.models.VisionTransformer(img_size=16, patch_size=4, num_classes=0, **SIZE).eval()


@pytest.fixture
def loads(vit, extractor, saved, quiet):
    """Load a file; it must give every weight of the encoder."""

    def load(file, name="file.pth"):
        ours = extractor(ENCODER)
        report = load_weights(ours, saved(file, name), scope="encoder.", log=quiet)
        assert report.coverage == 1 and not report.missing
        state = ours.state_dict()
        assert torch.equal(state["encoder.blocks.1.mlp.fc1.weight"], vit.blocks[1].mlp.fc1.weight)
        return report

    return load


def under(prefix, state):
    return {prefix + name: tensor for name, tensor in state.items()}


@pytest.mark.parametrize("prefix", PREFIXES)
def test_prefixes(vit, loads, prefix):
    for file in (under(prefix, vit.state_dict()), dict(state_dict=under(prefix, vit.state_dict()))):
        loads(file)


@pytest.mark.parametrize("outer", WORDS)
def test_dicts_in_any_nesting_and_order(vit, loads, outer):
    for inner in ((), *itertools.product(WORDS), *itertools.permutations(WORDS, 2)):
        nested = vit.state_dict()
        for word in reversed((outer, *inner)):
            nested = {"epoch": 3, word: nested}
        if len(inner) < 2:
            loads(nested)
        assert unwrap(nested).tensors.keys() == vit.state_dict().keys()


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("prefix", ["backbone.", "module.backbone.", "encoder."])
def test_dicts_around_prefixes(vit, loads, word, prefix):
    loads({word: under(prefix, vit.state_dict()), "optimizer": {"state": {0: {"exp_avg": torch.ones(3)}}}, "epoch": 3})


@pytest.mark.parametrize("inside", ["_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module."])
def test_wrappers_of_single_blocks(vit, loads, inside):
    loads({name.replace("blocks.1.", f"blocks.1.{inside}"): tensor for name, tensor in vit.state_dict().items()})


def test_heads_and_decoders_beside_a_backbone_are_left(vit, loads):
    beside = {"head.fc.weight": torch.ones(3, 32), "neck.norm.weight": torch.ones(4), "decoder.0.weight": torch.ones(2)}
    report = loads(dict(state_dict={**under("backbone.", vit.state_dict()), **beside}))
    assert "the encoder's names begin with 'backbone.' in the file" in str(report)
    assert {"neck.norm.weight", "decoder.0.weight"} <= set(report.ignored)


def test_the_average_beside_the_weights_is_the_teacher(vit, saved, extractor, quiet):
    trained = {name: 2 * tensor for name, tensor in vit.state_dict().items()}
    for key, prefix in (("model_ema", "module."), ("ema", "backbone."), ("state_dict_ema", "")):
        path = saved({"model": under("module.", trained), key: under(prefix, vit.state_dict())})
        for weights, factor in (("student", 2), ("ema", 1)):
            ours = extractor(ENCODER)
            load_weights(ours, path, scope="encoder.", weights=weights, log=quiet)
            assert torch.equal(ours.encoder.blocks[0].mlp.fc2.weight, factor * vit.blocks[0].mlp.fc2.weight)


def test_a_run_of_this_project_in_wrappers(extractor, saved, quiet):
    source = extractor(dict(type="DenseViT", arch=SIZE, patch_size=4, image_size=16))
    for prefix in ("module.", "model.", "net.student."):
        ours = extractor(dict(type="DenseViT", arch=SIZE, patch_size=4, image_size=16))
        report = load_weights(ours, saved(dict(model=under(prefix, source.state_dict()))), log=quiet)
        assert report.label.startswith("mimseg") and report.coverage == 1


def test_the_encoder_of_a_segmentor_of_this_project(extractor, saved, quiet):
    source = extractor(ENCODER)
    state = {f"backbone.{name}": tensor for name, tensor in source.state_dict().items()}
    relative = {"backbone.relative.0.table": torch.ones(52, 2), "backbone.relative.0.size": torch.tensor([4, 4])}
    path = saved(dict(state_dict={**state, **relative, "decode_head.conv_seg.weight": torch.ones(2)}))
    ours = extractor(ENCODER)
    report = load_weights(ours, path, scope="encoder.", least=0.9, log=quiet)
    assert "have relative positions of their own" in str(report)
    with pytest.raises(ValueError, match="have relative positions of their own"):
        load_weights(ours, path, scope="encoder.", log=quiet)


def test_a_prefix_ends_before_a_number_and_a_student_comes_last():
    names = ["student.vit.blocks.0.a", "teacher.vit.blocks.0.a", "x.y.z.v.w.u.a.b.c.d"]
    found = prefixes(names)
    assert found[:4] == ["", "teacher.", "x.", "student."]
    assert "teacher.vit.blocks." in found and "x.y.z.v." in found
    assert not any("0" in prefix or prefix.count(".") > 8 for prefix in found)


def test_what_holds_no_tensors_under_known_keys_is_told(saved, extractor, quiet):
    assert unwrap(dict(optimizer=dict(state=dict(a=torch.ones(1))), epoch=1)).tensors == {}
    with pytest.raises(ValueError, match="holds no weights: its entries are optimizer, epoch"):
        load_weights(extractor(ENCODER), saved(dict(optimizer=dict(a=torch.ones(1)), epoch=1)), log=quiet)


def test_a_file_that_contains_itself_is_looked_through_once(vit, loads):
    file = {}
    file.update(dict.fromkeys(("model", "module", "teacher", "student"), file), state_dict=vit.state_dict())
    loads(file)
