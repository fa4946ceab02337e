"""FastMIM: masked pixels, decoders of tokens that hold several patches, truncated encoders."""

import pytest
import timm
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope
from torch import nn

from mimseg.models import decide_masks
from mimseg.models.backbones.dense_swin import DenseSwin
from mimseg.models.backbones.dense_vit import DenseViT
from mimseg.models.decoders import LinearDecoder, MaskTokenNeck
from mimseg.ops.hog import hog
from mimseg.ops.masking import PatchMask
from mimseg.ops.patches import split_tokens
from mimseg.registry import MODELS

VIT = dict(
    type="DenseViT",
    arch=dict(embed_dim=32, depth=3, num_heads=2),
    patch_size=8,
    image_size=32,
    layer_scale=None,
    positions="sincos",
    init="xavier",
    mask_at="pixels",
)
SWIN = dict(
    type="DenseSwin",
    arch=dict(embed_dim=8, depths=(1, 2, 2), num_heads=(1, 2, 2)),
    image_size=64,
    window_size=4,
    mask_at="pixels",
)
SMALL = dict(patch_size=1, depths=(1, 1, 2, 1), dims=(4, 8, 16, 16))
CONVNEXT = dict(type="DenseBackbone", backbone="convnext_atto", options=SMALL, image_size=32)
ENCODERS = {"vit": (VIT, 8), "swin": (SWIN, 16), "convnext": (CONVNEXT, 8)}
each = pytest.mark.parametrize(("cfg", "stride"), ENCODERS.values(), ids=ENCODERS.keys())


@pytest.fixture(scope="module", autouse=True)
def scope():
    init_default_scope("mimseg")


def make(cfg, seed=0, **changes):
    """A tiny encoder with weights that are nowhere zero."""
    torch.manual_seed(seed)
    module = MODELS.build({**cfg, **changes})
    for parameter in module.parameters():
        if parameter.requires_grad:
            nn.init.normal_(parameter, std=0.3)
    return module.eval()


def images_for(cfg, batch=2):
    return torch.randn(batch, 3, cfg["image_size"], cfg["image_size"], generator=torch.Generator().manual_seed(1))


def mask_of(length, masked, batch=2):
    rows = torch.rand(batch, length, generator=torch.Generator().manual_seed(2)).argsort(dim=1)[:, :masked]
    return PatchMask.from_bool(torch.zeros(batch, length, dtype=torch.bool).scatter_(1, rows, True), masked)


def with_token(images, mask, token, size):
    """The long way: pixel by pixel."""
    out = images.clone()
    side = images.shape[3] // size
    for b in range(len(images)):
        for index in mask.mask[b].nonzero().flatten().tolist():
            y, x = index // side * size, index % side * size
            out[b, :, y : y + size, x : x + size] = token.view(3, 1, 1)
    return out


@each
@pytest.mark.parametrize("finer", [1, 2, 4])
def test_masked_pixels_hold_the_token_and_visible_ones_are_unchanged(cfg, stride, finer):
    size = stride // finer
    encoder, images = make(cfg, mask_size=size), images_for(cfg)
    length = (images.shape[2] // size) ** 2
    mask = mask_of(length, int(0.75 * length))
    assert (encoder.patch_size, encoder.split) == (size, finer)
    literal = with_token(images, mask, encoder.mask_token.detach(), size)
    torch.testing.assert_close(encoder.mask_pixels(images, mask), literal, rtol=0, atol=0)
    latent = encoder(images, mask)
    torch.testing.assert_close(latent.tokens, encoder(literal).tokens)
    assert latent.grid == (images.shape[2] // size,) * 2
    assert latent.patch_tokens.shape[1] * finer**2 == length


@each
def test_the_token_learns_unless_it_is_fixed_at_zero(cfg, stride):
    for learn in (True, False):
        encoder = make(cfg, learn_token=learn).train()
        encoder(images_for(cfg), mask_of(16, 12)).tokens.square().mean().backward()
        assert encoder.mask_token.shape == (1, 3, 1, 1)
        assert (encoder.mask_token.grad is not None) == learn
        if not learn:
            assert not encoder.mask_token.any()
    torch.manual_seed(0)
    tokens = torch.stack([MODELS.build(dict(cfg)).mask_token.detach() for _ in range(30)])
    assert tokens.std().item() == pytest.approx(0.02, rel=0.35)


@pytest.mark.parametrize("init", ["beit", "normal", "xavier"])
@pytest.mark.parametrize("mask_at", ["tokens", "pixels"])
def test_a_token_that_does_not_learn_is_zero_whatever_the_weights_are_drawn_from(mask_at, init):
    """FastMIM, Table 10a; a token in embedded patches is three-dimensional, as all that MAE's initialisation draws."""
    torch.manual_seed(0)
    encoder = MODELS.build({**VIT, "mask_at": mask_at, "init": init, "learn_token": False})
    assert not encoder.mask_token.requires_grad and not encoder.mask_token.any()
    assert MODELS.build({**VIT, "mask_at": mask_at, "init": init}).mask_token.all()


@pytest.mark.parametrize("cfg", [VIT, SWIN], ids=["vit", "swin"])
def test_a_scores_embedding_of_the_unmasked_image_is_used(cfg):
    encoder, images = make(cfg), images_for(cfg)
    mask = mask_of(16, 12)
    expected = encoder(images, mask).tokens
    embedded, calls = encoder.embed(images), []
    encoder.patch_embed.register_forward_hook(lambda module, args, out: calls.append(len(args[0])))
    torch.testing.assert_close(encoder(images, mask, embedded).tokens, expected)
    assert calls == [1]  # of the token alone


def test_what_tokens_say_of_their_patches_is_put_in_raster_order():
    tokens = torch.randn(2, 6, 5 * 4)  # 2 x 3 tokens of 2 x 2 patches
    patches = split_tokens(tokens, 2, (4, 6))
    for row in range(4):
        for column in range(6):
            vector = tokens[:, row // 2 * 3 + column // 2].view(2, 5, 2, 2)[:, :, row % 2, column % 2]
            assert torch.equal(patches[:, row * 6 + column], vector)


def fastmim(encoder, decoder="TransformerDecoder", target=None, unit=None):
    return dict(
        type="MaskedImageModel",
        data_preprocessor=dict(type="ImagePreprocessor", mean=[120.0, 110.0, 100.0], std=[50.0, 60.0, 70.0]),
        encoder=encoder,
        neck=dict(type="ProjectionNeck", width=32),
        masking=dict(
            type="MaskGenerator", policy=dict(type="RandomPolicy"), ratio=dict(type="FixedRatio", ratio=0.75), unit=unit
        ),
        tasks=dict(
            reconstruct=dict(
                type="Task",
                decoder=dict(type=decoder),
                target=target or dict(type="HOGTarget", cell=4),
                loss=dict(type="PatchMSE"),
            ),
        ),
    )


@each
@pytest.mark.parametrize("decoder", ["TransformerDecoder", "LinearDecoder"])
@pytest.mark.parametrize("finer", [1, 2])
def test_the_loss_is_over_the_cells_of_masked_patches_and_ignores_visible_ones(cfg, stride, decoder, finer):
    """Squared error of every cell of 4 px (27 numbers), over a mask brought up to cells: FastMIM's public layer."""
    size = stride // finer
    model = make(fastmim({**cfg, "mask_size": size}, decoder))
    images, task = images_for(cfg), model.tasks["reconstruct"]
    length, cells = (images.shape[2] // size) ** 2, images.shape[2] // 4
    mask = mask_of(length, int(0.75 * length))
    loss = model.loss_under(images, mask)["loss_reconstruct"]
    target = hog(images, cell=4)  # (B, 27, cells, cells)
    tokens = task.decoder(model.neck(model.encoder(images, mask)), "all")
    predicted = split_tokens(tokens, size // 4, (cells, cells)) if size > 4 else tokens
    predicted = predicted.transpose(1, 2).view_as(target)
    hidden = mask.mask.view(2, 1, *(2 * [images.shape[2] // size]))
    hidden = F.interpolate(hidden.float(), size=(cells, cells))
    error = ((predicted - target).square().mean(1, keepdim=True) * hidden).sum() / hidden.sum()
    torch.testing.assert_close(loss, error)


@pytest.mark.parametrize("size", [8, 16, 32])
def test_every_stride_has_its_target(size):
    encoder = dict(VIT, patch_size=size, image_size=64)
    for target, numbers in ((dict(type="HOGTarget"), 27 * (size // 8) ** 2), (dict(type="PixelTarget"), 3 * size**2)):
        model = make(fastmim(encoder, target=target))
        assert model.tasks["reconstruct"].decoder.head.out_features == numbers
        assert model.loss(torch.randn(2, 3, 64, 64))["loss_reconstruct"] > 0
    coarse = make(fastmim(dict(VIT, patch_size=16, image_size=128), target=dict(type="HOGTarget"), unit=64))
    mask = decide_masks(coarse, torch.randn(2, 3, 128, 128)).mask.mask.view(2, 2, 4, 2, 4)
    assert torch.equal(mask.all(4).all(2), mask.any(4).any(2))
    assert mask.sum() == 2 * 3 * 16


@each
def test_a_step_gives_every_weight_a_gradient(cfg, stride):
    model = make(fastmim(cfg)).train()
    model.loss(images_for(cfg))["loss_reconstruct"].backward()
    assert not [name for name, parameter in model.named_parameters() if parameter.grad is None]


@each
def test_other_sizes_are_taken_as_they_come(cfg, stride):
    model = make(fastmim(cfg))
    for h, w in ((6, 6), (5, 4)):
        images = torch.randn(1, 3, h * stride, w * stride)
        assert model.encoder(images).grid == (h, w)
        assert decide_masks(model, images).mask.mask.sum() == h * w - int(h * w * 0.25)
        assert model.loss(images)["loss_reconstruct"].isfinite()
    with pytest.raises(ValueError, match=f"is not a multiple of patch_size={stride}"):
        model.loss(torch.randn(1, 3, 4 * stride + 4, 4 * stride))


@each
def test_truncating_leaves_the_last_blocks_out_and_nothing_else(cfg, stride):
    whole, cut = make(cfg), make(cfg, truncate=2)
    missing = whole.state_dict().keys() - cut.state_dict().keys()
    assert cut.state_dict().keys() <= whole.state_dict().keys()
    names = {"vit": ("blocks.1.", "blocks.2."), "swin": ("layers.2.blocks.0.", "layers.2.blocks.1.")}
    key = {"DenseViT": "vit", "DenseSwin": "swin"}.get(cfg["type"])
    expected = names.get(key, ("backbone.stages.2.blocks.1.", "backbone.stages.3.blocks.0."))
    assert missing
    assert all(name.startswith(expected) for name in missing)
    assert cut.num_layers == whole.num_layers - 2 or key is None
    assert cut(images_for(cfg)).tokens.shape == whole(images_for(cfg)).tokens.shape
    with pytest.raises(ValueError, match=r"encoder.truncate=99 drops the last blocks of \d"):
        make(cfg, truncate=99)


def test_windows_follow_the_image_and_tables_follow_the_windows():
    """Ratio 4 at 4 px patches: windows of H / 16, as FastMIM-P has them, from tables for windows of 14."""
    arch = dict(embed_dim=8, depths=(2, 2, 2, 1), num_heads=(1, 1, 2, 2))
    moving = make(dict(type="DenseSwin", arch=arch, image_size=128, window_size=14, window_ratio=4))
    for side, windows in ((128, [8, 8, 8, 4]), (160, [10, 10, 10, 5]), (192, [12, 12, 12, 6])):
        fixed = make(dict(type="DenseSwin", arch=arch, image_size=side, window_size=side // 16))
        state = moving.state_dict()
        for name, table in fixed.state_dict().items():
            if name.endswith("relative_position_bias_table"):
                span = int(len(table) ** 0.5)
                square = state[name].t().reshape(1, -1, 27, 27)
                resized = F.interpolate(square, (span, span), mode="bicubic", align_corners=False)
                state[name] = resized.flatten(2)[0].t()
        fixed.load_state_dict(state)
        plans = moving.plans_of((side // 4, side // 4), torch.device("cpu"))
        assert [plan.window[0] for plan, _ in plans] == windows
        assert [plan.shift[0] for _, plan in plans] == [side // 32, side // 32, 0, 0]
        images = torch.randn(1, 3, side, side)
        torch.testing.assert_close(moving(images).tokens, fixed(images).tokens)


def test_a_backbone_gives_its_networks_last_map_behind_its_final_norm():
    encoder = make(CONVNEXT)
    network = timm.create_model("convnext_atto", num_classes=0, **SMALL).eval()
    state = {name.removeprefix("backbone."): value for name, value in encoder.state_dict().items()}
    state["head.norm.weight"], state["head.norm.bias"] = encoder.norm.weight, encoder.norm.bias
    network.load_state_dict({name: value for name, value in state.items() if name in network.state_dict()})
    images = images_for(CONVNEXT)
    expected = network.head.norm(network.forward_features(images)).flatten(2).transpose(1, 2)
    torch.testing.assert_close(encoder(images).tokens, expected)
    assert (encoder.patch_size, encoder.embed_dim, encoder.prefix) == (8, 16, 0)


def test_masks_finer_than_embedded_patches_are_pixels_business():
    with pytest.raises(ValueError, match="mask_size=4 px is smaller than the embedded patches of 8 px; set"):
        DenseViT(32, arch=VIT["arch"], patch_size=8, mask_size=4)
    with pytest.raises(ValueError, match="encoder.mask_at must be 'tokens' or 'pixels', got 'image'"):
        DenseSwin(64, mask_at="image")


def test_swin_starts_as_its_own_code_or_as_fastmims_release():
    """normal(0, 0.02), or xavier-uniform: within sqrt(6 / (in + out)), which a deviation of 0.02 is not."""
    torch.manual_seed(0)
    arch = dict(embed_dim=64, depths=(2, 2), num_heads=(1, 2))
    for init in ("normal", "xavier"):
        swin = DenseSwin(64, 4, arch, init=init)
        for part in swin.layers.modules():
            if isinstance(part, nn.Linear):
                bound = (6 / sum(part.weight.shape)) ** 0.5
                spread = 0.02 if init == "normal" else bound / 3**0.5
                assert part.weight.std().item() == pytest.approx(spread, rel=0.05)
                assert init == "normal" or part.weight.abs().max() <= bound
                assert part.bias is None or not part.bias.any()
        table = swin.layers[0].blocks[0].attn.relative_position_bias_table
        assert table.std().item() == pytest.approx(0.02, rel=0.2)
    with pytest.raises(ValueError, match="encoder.init must be 'normal' or 'xavier', got 'beit'"):
        DenseSwin(64, 4, arch, init="beit")


def test_scores_that_cannot_be_had_are_refused():
    salience = dict(
        type="MaskGenerator",
        policy=dict(type="NoisyPolicy"),
        ratio=dict(type="FixedRatio", ratio=0.75),
        score=dict(type="SalienceScore"),
    )
    with pytest.raises(ValueError, match="SalienceScore reads embedded patches, which DenseBackbone does not give"):
        MODELS.build({**fastmim(CONVNEXT), "masking": salience})
    with pytest.raises(ValueError, match="SalienceScore rates tokens, but encoder.mask_size=4 px hides parts of them"):
        MODELS.build({**fastmim({**VIT, "mask_size": 4}), "masking": salience})
    MODELS.build({**fastmim(VIT), "masking": salience}).loss(images_for(VIT))["loss_reconstruct"].backward()


def test_a_neck_may_fix_its_token_at_zero():
    neck = MaskTokenNeck(8, 16, learn_token=False)
    assert not neck.mask_token.any()
    assert not neck.mask_token.requires_grad


def test_a_linear_decoder_of_several_patches_a_token_has_a_row_for_each():
    assert LinearDecoder(8, 5, split=2).head.out_features == 20
