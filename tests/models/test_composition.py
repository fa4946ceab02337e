"""Every mask strategy on every kind of host, with every kind of target: each makes a training step, or is refused."""

import copy

import pytest
import torch
from mmengine.registry import init_default_scope

from mimseg.models import decide_masks
from mimseg.registry import MODELS

FIXED = dict(type="FixedRatio", ratio=0.6)
AMR = dict(type="AdaptiveRatio", ratio=0.5, spread=0.2, threshold=0.3)
EMA = dict(ema=dict(type="EMATeacher"))

# of each: how it masks, and whether that takes a score of the teacher 'ema'
STRATEGIES = {
    "random": (dict(policy=dict(type="RandomPolicy")), None),
    "block": (dict(policy=dict(type="BlockPolicy", min_area=2)), None),
    "hpm": (dict(score=dict(type="PredictedLossScore"), policy=dict(type="EasyToHardPolicy")), "ema"),
    "sbam": (dict(score=dict(type="SalienceScore"), policy=dict(type="NoisyPolicy")), None),
    "gpa": (
        dict(score=dict(type="AttentionScore", teacher="ema", block=1, head=0), policy=dict(type="SoftToHardPolicy")),
        "ema",
    ),
    "attmask": (dict(score=dict(type="ClassAttentionScore", teacher="ema"), policy=dict(type="AttMaskPolicy")), "ema"),
}
SCORELESS = {"random", "block"}
OF_ATTENTION = {"gpa", "attmask"}

VIT = dict(embed_dim=32, depth=2, num_heads=2)
HOSTS = {
    "mae-vit": dict(encoder=dict(type="SparseViT", arch=VIT, patch_size=16), neck=dict(type="MaskTokenNeck", width=16)),
    "simmim-vit": dict(encoder=dict(type="DenseViT", arch=VIT, patch_size=16, image_size=96), neck=None),
    "simmim-swin": dict(
        encoder=dict(
            type="DenseSwin",
            arch=dict(embed_dim=16, depths=(1, 1, 1, 1), num_heads=(1, 2, 2, 4)),
            image_size=96,
            window_size=3,
        ),
        neck=None,
    ),
    "fastmim-vit": dict(
        encoder=dict(
            type="DenseViT", arch=VIT, patch_size=16, image_size=96, mask_at="pixels", positions="sincos", init="xavier"
        ),
        neck=dict(type="ProjectionNeck", width=16),
    ),
    "fastmim-convnext": dict(
        encoder=dict(
            type="DenseBackbone",
            backbone="convnext_atto",
            options=dict(depths=(1, 1, 1, 1), dims=(4, 8, 16, 16)),
            image_size=96,
        ),
        neck=dict(type="ProjectionNeck", width=16),
    ),
}
TRANSFORMER = dict(type="TransformerDecoder", depth=1, num_heads=2)
PREDICT_LOSS = dict(
    type="Task",
    decoder=TRANSFORMER,
    target=dict(type="PatchLossTarget", task="reconstruct"),
    loss=dict(type="RelativePatchLoss"),
)
PIXELS = (dict(type="PixelTarget"), dict(type="PatchL1"))
HOG = (dict(type="HOGTarget"), dict(type="PatchMSE"))
FEATURES = (dict(type="FeatureTarget", teacher="ema"), dict(type="PatchCosine"))


def compose(strategy, ratio, host, target):
    """The config of a combination."""
    masking, teacher = STRATEGIES[strategy]
    masking = dict(type="MaskGenerator", ratio=ratio, **masking)
    if host != "mae-vit":
        masking["unit"] = 32
    if host.startswith("fastmim") and target is PIXELS:
        target = HOG
    decoder = TRANSFORMER if host == "mae-vit" else dict(type="LinearDecoder")
    tasks = dict(reconstruct=dict(type="Task", decoder=decoder, target=target[0], loss=target[1]))
    if strategy == "hpm":
        tasks["predict_loss"] = PREDICT_LOSS
    return copy.deepcopy(
        dict(
            type="MaskedImageModel",
            data_preprocessor=dict(type="ImagePreprocessor", mean=[120.0, 110.0, 100.0], std=[50.0, 60.0, 70.0]),
            **HOSTS[host],
            masking=masking,
            tasks=tasks,
            teachers=EMA if teacher or target is FEATURES else {},
        )
    )


def build(*parts):
    init_default_scope("mimseg")
    torch.manual_seed(0)
    return MODELS.build(compose(*parts))


def why_not(strategy, ratio, host):
    """What a combination that cannot make sense is refused with."""
    if ratio is AMR and strategy in SCORELESS:
        return "with AdaptiveRatio needs a score"
    if strategy in OF_ATTENTION and host in ("simmim-swin", "fastmim-convnext"):
        return "has no attention of a class token"
    if strategy == "sbam" and host == "fastmim-convnext":
        return "SalienceScore reads embedded patches, which DenseBackbone does not give"
    return None


@pytest.mark.parametrize("target", [PIXELS, FEATURES], ids=["pixels", "features"])
@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("ratio", [FIXED, AMR], ids=["fixed", "amr"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_combination_trains_or_is_refused(strategy, ratio, host, target):
    if reason := why_not(strategy, ratio, host):
        with pytest.raises(ValueError, match=reason) as refused:
            build(strategy, ratio, host, target)
        assert "\n" not in str(refused.value)
        return
    model = build(strategy, ratio, host, target).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    images = torch.randn(3, 3, 96, 96, generator=torch.Generator().manual_seed(1))
    images = images * torch.tensor([0.1, 1.0, 3.0]).view(3, 1, 1, 1)
    masks = []
    model.masking.register_forward_hook(lambda module, inputs, mask: masks.append(mask))
    before = [parameter.detach().clone() for parameter in model.encoder.parameters()]
    losses = model(images)
    assert ("mask_ratio" in losses) == (ratio is AMR)
    losses.pop("mask_ratio", None)
    sum(losses.values()).backward()
    optimizer.step()
    model.update_teachers(0)
    assert set(losses) == {"loss_reconstruct"} | ({"loss_predict_loss"} if strategy == "hpm" else set())
    assert all(torch.isfinite(loss) for loss in losses.values())
    moved = [not torch.equal(old, new) for old, new in zip(before, model.encoder.parameters(), strict=True)]
    assert sum(moved) > 0.8 * len(moved)
    (mask,) = masks
    assert mask.is_ragged == (ratio is AMR)
    if ratio is FIXED:
        length, unit = mask.mask.shape[1], 4 if host in ("simmim-vit", "fastmim-vit") else 1
        number = length // unit - int(length // unit * 0.4)
        assert mask.mask.sum(dim=1).tolist() == [number * unit] * 3


def test_swin_masks_follow_the_attention_of_a_vit_that_is_loaded(tmp_path):
    """What Swin's own teacher cannot give, a ViT's file can: its 16 px patches are averaged over 32 px units."""
    vit = build("random", FIXED, "mae-vit", PIXELS)
    torch.save(vit.state_dict(), tmp_path / "vit.pth")
    config = compose("gpa", AMR, "simmim-swin", PIXELS)
    config["teachers"]["ema"] = dict(
        type="PretrainedTeacher", checkpoint=str(tmp_path / "vit.pth"), encoder=HOSTS["mae-vit"]["encoder"]
    )
    model = MODELS.build(config)
    images = torch.randn(2, 3, 96, 96)
    decision = decide_masks(model, images)
    assert decision.score.shape == (2, 9) and decision.mask.mask.shape == (2, 9)
    assert torch.isfinite(model.loss(images)["loss_reconstruct"])
    config["tasks"]["attention"] = dict(
        type="Task",
        decoder=dict(type="LinearDecoder"),
        target=dict(type="AttentionTarget", teacher="ema", block=1, head=0),
        loss=dict(type="PatchMSE"),
    )
    with pytest.raises(ValueError, match="'ema', whose patches are 16 px, but the encoder's are 32 px"):
        MODELS.build(config)


@pytest.mark.parametrize(
    ("host", "changes", "message"),
    [
        ("mae-vit", dict(neck=None), "SparseViT leaves masked patches out and Neck does not bring them back"),
        ("simmim-vit", dict(neck=dict(type="MaskTokenNeck", width=16)), "DenseViT gives tokens for all patches"),
        ("simmim-swin", dict(neck=dict(type="MaskTokenNeck", width=16)), "DenseSwin gives tokens for all patches"),
    ],
)
def test_hosts_and_necks_that_do_not_go_together_are_refused(host, changes, message):
    init_default_scope("mimseg")
    with pytest.raises(ValueError, match=message):
        MODELS.build(compose("random", FIXED, host, PIXELS) | changes)


def amt_on_simmim(host="simmim-vit", throw=0.25, **encoder):
    """36 patches in 9 units, of which 4 are masked and 2 thrown away."""
    config = compose("attmask", dict(type="FixedRatio", ratio=0.4), host, PIXELS)
    config["masking"]["policy"] = dict(type="AMTPolicy", throw=throw)
    config["encoder"].update(encoder)
    return config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "AMTPolicy throws patches away, which DenseViT cannot leave out; use a SparseViT, or a DenseViT with"),
        (dict(host="fastmim-convnext"), "has no attention of a class token|DenseBackbone cannot leave out"),
    ],
)
def test_patches_cannot_be_thrown_out_of_encoders_whose_positions_are_in_the_attention(changes, message):
    init_default_scope("mimseg")
    with pytest.raises(ValueError, match=message):
        MODELS.build(amt_on_simmim(**changes))


def test_without_throwing_attention_driven_masking_goes_with_every_dense_vit():
    init_default_scope("mimseg")
    model = MODELS.build(amt_on_simmim(throw=0.0)).train()
    mask = decide_masks(model, torch.randn(2, 3, 96, 96)).mask
    assert not mask.throws and mask.mask.sum(dim=1).tolist() == [16, 16]
    assert torch.isfinite(model.loss(torch.randn(2, 3, 96, 96))["loss_reconstruct"])


@pytest.mark.parametrize("positions", ["learned", "sincos"])
def test_thrown_patches_do_not_enter_a_dense_vit(positions):
    """AMT's public code on SimMIM: masked patches are mask tokens, thrown ones are not there at all."""
    init_default_scope("mimseg")
    torch.manual_seed(0)
    model = MODELS.build(amt_on_simmim(positions=positions, init="normal")).eval()
    images = torch.randn(2, 3, 96, 96)
    mask = decide_masks(model, images, torch.Generator().manual_seed(1)).mask
    assert mask.visible.shape == (2, 12) and mask.masked.shape == (2, 16) and mask.throws
    latent = model.encoder(images, mask)
    for b in range(2):
        (kept,) = torch.where(~mask.mask[b] | torch.zeros(36, dtype=torch.bool).index_fill(0, mask.masked[b], True))
        tokens = model.encoder.embed(images)[b].clone()
        tokens[mask.masked[b]] = model.encoder.mask_token[0, 0]
        tokens = tokens + model.encoder.positions((6, 6))
        first = model.encoder.cls_token[0]
        first = first + model.encoder.positions.prefix if positions == "learned" else first
        x = torch.cat([first, tokens[kept]])[None]
        for block in model.encoder.blocks:
            x = block(x)
        expected = torch.zeros(37, 32)
        expected[0], expected[1 + kept] = model.encoder.norm(x)[0, 0], model.encoder.norm(x)[0, 1:]
        torch.testing.assert_close(latent.tokens[b], expected, rtol=1e-4, atol=1e-5)
    loss = model.loss_under(images, mask)["loss_reconstruct"]
    changed = images.clone()
    patches = changed.view(2, 3, 6, 16, 6, 16)
    for b in range(2):
        for index in set(range(36)) - set(mask.visible[b].tolist()) - set(mask.masked[b].tolist()):
            patches[b, :, index // 6, :, index % 6] = 9.0
    assert torch.equal(model.loss_under(changed, mask)["loss_reconstruct"], loss)


def test_a_decoder_that_would_read_thrown_patches_is_refused():
    init_default_scope("mimseg")
    config = amt_on_simmim(positions="learned")
    config["tasks"]["reconstruct"]["decoder"] = TRANSFORMER
    with pytest.raises(ValueError, match="gives zeros for them, which the TransformerDecoder of task 'reconstruct'"):
        MODELS.build(config)


@pytest.mark.parametrize(
    ("policy", "ratio", "message"),
    [
        (dict(type="AMTPolicy", throw=0.1), AMR, "masks equally many patches of every image"),
        (dict(type="AMTPolicy", throw=0.4), FIXED, "masking.ratio=0.6 and masking.policy.throw=0.4 leave no patch"),
        (dict(type="UniformPolicy"), dict(AMR, level="batch"), "UniformPolicy masks three of every four"),
        (dict(type="NoisyPolicy"), dict(type="FixedRatio", ratio="abc"), "must be a number in .0, 1., got 'abc'"),
        (dict(type="NoisyPolicy"), dict(type="FixedRatio", ratio=1.5), "masking.ratio.ratio.*must be a number in"),
    ],
)
def test_policies_and_ratios_that_do_not_go_together_are_refused(policy, ratio, message):
    init_default_scope("mimseg")
    config = compose("attmask", ratio, "mae-vit", PIXELS)
    config["masking"]["policy"] = policy
    with pytest.raises(ValueError, match=message):
        MODELS.build(config)


@pytest.mark.parametrize("unit", [0, -16, "16", 8.0])
def test_a_unit_is_a_number_of_pixels(unit):
    init_default_scope("mimseg")
    config = compose("random", FIXED, "mae-vit", PIXELS)
    config["masking"]["unit"] = unit
    with pytest.raises(ValueError, match="masking.unit is the side of a mask unit in whole pixels"):
        MODELS.build(config)


def test_all_patches_cannot_be_predicted_where_some_are_thrown_away():
    init_default_scope("mimseg")
    config = compose("attmask", FIXED, "mae-vit", PIXELS)
    config["masking"]["policy"] = dict(type="AMTPolicy", throw=0.1)
    config["tasks"]["reconstruct"]["positions"] = "all"
    with pytest.raises(ValueError, match="task 'reconstruct' predicts all patches but AMTPolicy throws some away"):
        MODELS.build(config)


def test_a_dense_host_may_have_transformer_decoders_on_a_narrower_width():
    init_default_scope("mimseg")
    config = compose("hpm", AMR, "simmim-swin", PIXELS)
    config["neck"] = dict(type="ProjectionNeck", width=16)
    config["tasks"]["reconstruct"]["decoder"] = TRANSFORMER
    losses = MODELS.build(config)(torch.randn(2, 3, 96, 96))
    assert all(torch.isfinite(loss) for loss in losses.values())
