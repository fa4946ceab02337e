"""SimMIM: dense encoders that see a mask token, a linear decoder and an L1 loss on plain pixels."""

import math

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope
from timm.models.swin_transformer import SwinTransformer
from torch import nn

from mimseg.models import decide_masks
from mimseg.models.backbones.base import Latent
from mimseg.models.backbones.dense_swin import DenseSwin
from mimseg.models.backbones.dense_vit import DenseViT
from mimseg.models.decoders.linear import LinearDecoder
from mimseg.ops.masking import PatchMask, number_masked
from mimseg.ops.patches import unpatchify
from mimseg.ops.posembed import sincos_2d
from mimseg.registry import MODELS

VIT = dict(type="DenseViT", arch=dict(embed_dim=32, depth=2, num_heads=2), patch_size=4, image_size=(16, 24))
SWIN_ARCH = dict(embed_dim=8, depths=(1, 2, 2, 1), num_heads=(1, 2, 2, 4))
SWIN = dict(type="DenseSwin", arch=SWIN_ARCH, window_size=2, image_size=(64, 96))


def simmim(encoder):
    return dict(
        type="MaskedImageModel",
        data_preprocessor=dict(type="ImagePreprocessor", mean=[120.0, 110.0, 100.0], std=[50.0, 60.0, 70.0]),
        encoder=encoder,
        neck=None,
        masking=dict(type="MaskGenerator", policy=dict(type="RandomPolicy"), ratio=dict(type="FixedRatio", ratio=0.6)),
        tasks=dict(
            reconstruct=dict(
                type="Task",
                decoder=dict(type="LinearDecoder"),
                target=dict(type="PixelTarget", normalize=False),
                loss=dict(type="PatchL1"),
            )
        ),
    )


def make(cfg, seed=0):
    """A tiny encoder or model with fixed, and nowhere zero, weights."""
    init_default_scope("mimseg")
    torch.manual_seed(seed)
    module = MODELS.build(cfg)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    return module.eval()


def images_for(encoder, batch=2):
    size = encoder["image_size"]
    return torch.randn(batch, 3, *size, generator=torch.Generator().manual_seed(1))


def mask_of(batch, length, seed=2):
    masked = number_masked(length, 0.6)
    noise = torch.rand(batch, length, generator=torch.Generator().manual_seed(seed))
    rows = noise.argsort(dim=1)[:, :masked]
    return PatchMask.from_bool(torch.zeros(batch, length, dtype=torch.bool).scatter_(1, rows, True), masked)


def pixels_of(mask, grid, patch):
    """Bool ``(B, 1, H, W)``, True in the masked patches."""
    return mask.view(-1, 1, *grid).repeat_interleave(patch, 2).repeat_interleave(patch, 3)


both = pytest.mark.parametrize(("cfg", "grid", "patch"), [(VIT, (4, 6), 4), (SWIN, (2, 3), 32)], ids=["vit", "swin"])


@both
def test_what_is_masked_is_not_seen_and_what_is_visible_is(cfg, grid, patch):
    encoder, images = make(cfg), images_for(cfg)
    mask = mask_of(2, grid[0] * grid[1])
    latent = encoder(images, mask)
    assert (latent.order, latent.grid, latent.mask) == ("raster", grid, mask)
    assert latent.patch_tokens.shape == (2, grid[0] * grid[1], encoder.embed_dim)
    hidden = pixels_of(mask.mask, grid, patch)
    torch.testing.assert_close(encoder(images + 5 * hidden, mask).tokens, latent.tokens)
    for index in mask.visible[0].tolist():
        cell = torch.zeros(1, grid[0] * grid[1], dtype=torch.bool)
        cell[0, index] = True
        changed = encoder(images + 5 * pixels_of(cell, grid, patch), mask)
        assert not torch.allclose(changed.patch_tokens[0, index], latent.patch_tokens[0, index])


@both
def test_masked_places_hold_the_mask_token_and_nothing_else_does(cfg, grid, patch):
    """With a visible image whose embedding is the mask token everywhere, masking changes nothing."""
    encoder, images = make(cfg), images_for(cfg)
    mask = mask_of(2, grid[0] * grid[1])
    tokens = encoder.mask_token.expand_as(encoder.embed(images))
    torch.testing.assert_close(encoder(images, mask, tokens).tokens, encoder(images, None, tokens).tokens)
    assert not torch.allclose(encoder(images, mask).tokens, encoder(images).tokens)


@both
def test_tokens_that_a_score_asked_for_are_used(cfg, grid, patch):
    encoder, images = make(cfg), images_for(cfg)
    mask = mask_of(2, grid[0] * grid[1])
    tokens = encoder.embed(images)
    assert encoder.position_table(grid) is None
    torch.testing.assert_close(encoder(images, mask, tokens).tokens, encoder(images, mask).tokens)
    torch.testing.assert_close(encoder(images, None, tokens).tokens, encoder(images).tokens)


@both
def test_a_mask_for_other_images_is_refused(cfg, grid, patch):
    with pytest.raises(ValueError, match=r"mask has shape \(2, 5\)"):
        make(cfg)(images_for(cfg), mask_of(2, 5))


@both
def test_recomputed_activations_give_the_same_gradients(cfg, grid, patch):
    gradients = []
    for recompute in (False, True):
        encoder, images = make(cfg).train(), images_for(cfg)
        encoder.activation_checkpointing = recompute
        encoder(images, mask_of(2, grid[0] * grid[1])).tokens.square().mean().backward()
        gradients.append([p.grad for p in encoder.parameters()])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


@both
def test_the_loss_is_simmims_written_out(cfg, grid, patch):
    """1x1 convolution, pixel shuffle, and the absolute error of all masked pixels over their number and 3."""
    model, images = make(simmim(cfg)), images_for(cfg)
    mask = mask_of(2, grid[0] * grid[1])
    head = model.tasks["reconstruct"].decoder.head
    width, p = model.encoder.embed_dim, patch
    kernel = head.weight.view(p, p, 3, width).permute(2, 0, 1, 3).reshape(-1, width, 1, 1)
    bias = head.bias.view(p, p, 3).permute(2, 0, 1).flatten()
    features = model.encoder(images, mask).patch_tokens.transpose(1, 2).unflatten(2, grid)
    error = (F.pixel_shuffle(F.conv2d(features, kernel, bias), p) - images).abs()
    hidden = pixels_of(mask.mask, grid, p).float()
    expected = (error * hidden).sum() / hidden.sum() / 3
    torch.testing.assert_close(model.loss_under(images, mask)["loss_reconstruct"], expected)


@both
def test_a_step_never_waits_for_the_device(cfg, grid, patch):
    """Meta tensors hold no data: any .item(), bool() or data-dependent shape raises."""
    init_default_scope("mimseg")
    with torch.device("meta"):
        model = MODELS.build(simmim({**cfg, "drop_path": 0.1}))
        losses = model(torch.randn(2, 3, *cfg["image_size"]))
        losses["loss_reconstruct"].backward()
    assert losses["loss_reconstruct"].shape == ()
    assert all(p.grad is not None for p in model.parameters())


@both
def test_bf16_reaches_every_weight(cfg, grid, patch):
    model = make(simmim(cfg)).train()
    mask = mask_of(2, grid[0] * grid[1])
    exact = model.loss_under(images_for(cfg), mask)["loss_reconstruct"]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = model.loss_under(images_for(cfg), mask)["loss_reconstruct"]
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, exact, rtol=0.05, atol=0)
    loss.backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_linear_decoder_is_the_convolution_and_pixel_shuffle():
    torch.manual_seed(0)
    p, width, grid = 4, 16, (2, 3)
    decoder = LinearDecoder(width, p * p * 3)
    tokens = torch.randn(2, 6, width)
    convolution = nn.Conv2d(width, p * p * 3, 1)
    with torch.no_grad():
        order = torch.arange(p * p * 3).view(p, p, 3).permute(2, 0, 1).flatten()  # (channel, row, column)
        convolution.weight.copy_(decoder.head.weight[order, :, None, None])
        convolution.bias.copy_(decoder.head.bias[order])
    expected = F.pixel_shuffle(convolution(tokens.transpose(1, 2).unflatten(2, grid)), p)
    torch.testing.assert_close(unpatchify(decoder(Latent(tokens, grid, 0, None, "raster")), p, grid), expected)
    torch.manual_seed(0)
    assert torch.equal(decoder.head.weight, nn.Conv2d(width, p * p * 3, 1).weight[:, :, 0, 0])  # starts alike


def test_linear_decoder_reads_the_masked_patches_behind_the_prefix():
    decoder, tokens, mask = LinearDecoder(8, 5), torch.randn(2, 1 + 6, 8), mask_of(2, 6)
    latent = Latent(tokens, (2, 3), 1, mask, "raster")
    everything = torch.stack([torch.stack([decoder.head(tokens[b, 1 + i]) for i in range(6)]) for b in range(2)])
    torch.testing.assert_close(decoder(latent, "all"), everything)
    expected = torch.stack([everything[b, mask.mask[b]] for b in range(2)])
    torch.testing.assert_close(decoder(latent), expected)
    with pytest.raises(ValueError, match="order='visible'.*neck=None"):
        decoder(Latent(tokens, (2, 3), 1, mask, "visible"))


def test_dense_vit_the_long_way():
    encoder, images = make({**VIT, "layer_scale": 0.5}), images_for(VIT)
    mask, dim, heads = mask_of(2, 24), 32, 2
    kernel = encoder.patch_embed.weight.view(dim, 4, 4, 3).permute(0, 3, 1, 2)
    patches = F.conv2d(images, kernel, encoder.patch_embed.bias, stride=4).flatten(2).transpose(1, 2)
    bias = encoder.relative_position_bias((4, 6))
    for b in range(2):
        x = torch.stack([encoder.cls_token[0, 0], *patches[b]])
        x[1:][mask.mask[b]] = encoder.mask_token[0, 0]
        for block in encoder.blocks:
            parts = block.attn.qkv(F.layer_norm(x, (dim,), block.norm1.weight, block.norm1.bias, 1e-6)).split(dim, -1)
            query, key, value = (part.unflatten(-1, (heads, -1)).transpose(0, 1) for part in parts)
            weights = (query @ key.transpose(1, 2) / math.sqrt(dim // heads) + bias).softmax(-1)
            x = x + block.ls1.gamma * block.attn.proj((weights @ value).transpose(0, 1).flatten(1))
            hidden = block.mlp.fc1(F.layer_norm(x, (dim,), block.norm2.weight, block.norm2.bias, 1e-6))
            x = x + block.ls2.gamma * block.mlp.fc2(F.gelu(hidden))
        x = F.layer_norm(x, (dim,), encoder.norm.weight, encoder.norm.bias, 1e-6)
        torch.testing.assert_close(encoder(images, mask).tokens[b], x, rtol=1e-4, atol=1e-4)
    entered = encoder.enter(images)
    torch.testing.assert_close(entered[:, 1:], patches)
    assert torch.equal(entered[:, 0], encoder.cls_token[0].expand(2, -1))


def test_every_block_may_have_a_table_of_its_own():
    """SimMIM's fine-tuning (USE_RPB, not USE_SHARED_RPB): plain attention, block by block, with that block's table."""
    encoder, images = make({**VIT, "relative_sharing": "block"}), images_for(VIT)
    tables = list(encoder.relative_position_bias)
    assert len(tables) == 2
    places = [None, *((y, x) for y in range(4) for x in range(6))]
    x, heads = encoder.enter(images), 2
    for block, table in zip(encoder.blocks, tables, strict=True):
        numbers, bias = table.table[:-3].view(7, 11, 2), torch.empty(2, 25, 25)
        for i, query in enumerate(places):
            for j, key in enumerate(places):
                if query is None or key is None:
                    bias[:, i, j] = table.table[-1 if query is key else -3 if query is None else -2]
                else:
                    bias[:, i, j] = numbers[query[0] - key[0] + 3, query[1] - key[1] + 5]
        parts = block.attn.qkv(block.norm1(x)).split(32, -1)
        query, key, value = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in parts)
        weights = (query @ key.transpose(2, 3) / math.sqrt(32 // heads) + bias).softmax(-1)
        x = x + block.ls1(block.attn.proj((weights @ value).transpose(1, 2).flatten(2)))
        x = x + block.ls2(block.mlp(block.norm2(x)))
    torch.testing.assert_close(encoder(images).tokens, encoder.norm(x), rtol=1e-4, atol=1e-4)
    encoder(images).tokens.square().sum().backward()
    assert all(table.table.grad.abs().sum() > 0 for table in tables)


def test_tables_of_blocks_change_nothing_else():
    """The same random numbers, so the same weights; with equal tables, the same function; layers i + 1 of block i."""
    torch.manual_seed(0)
    shared = MODELS.build(VIT).eval()
    torch.manual_seed(0)
    own = MODELS.build({**VIT, "relative_sharing": "block"}).eval()
    assert not any(table.table.any() for table in own.relative_position_bias)
    weights = {name: value for name, value in shared.state_dict().items() if "relative" not in name}
    assert all(torch.equal(own.state_dict()[name], value) for name, value in weights.items())
    nn.init.normal_(shared.relative_position_bias.table)
    for table in own.relative_position_bias:
        table.load_state_dict(shared.relative_position_bias.state_dict())
    mask, images = mask_of(2, 24), images_for(VIT)
    assert torch.equal(own(images, mask).tokens, shared(images, mask).tokens)
    assert [own.layer_of(f"relative_position_bias.{i}.table") for i in (0, 1)] == [1, 2]


def test_dense_vit_starts_as_the_public_code():
    torch.manual_seed(0)
    encoder = DenseViT(**{key: value for key, value in VIT.items() if key != "type"})
    for block, i in zip(encoder.blocks, (1, 2), strict=True):
        for weight in (block.attn.proj.weight, block.mlp.fc2.weight):
            bound = 0.02 / math.sqrt(2 * i)
            assert 0.9 * bound < weight.abs().max() <= bound
        assert 0.018 < block.mlp.fc1.weight.abs().max() <= 0.02
        assert not block.mlp.fc1.bias.any()
        assert torch.equal(block.ls1.gamma, torch.full((32,), 0.1))
        assert torch.equal(block.norm1.weight, torch.ones(32))
    assert 0.015 < encoder.mask_token.abs().max() <= 0.02


@pytest.mark.parametrize("positions", ["learned", "sincos"])
def test_dense_vit_with_positions_in_the_tokens(positions):
    """They are added to patches and mask tokens alike, the learned one to the class token, too; no bias."""
    encoder, images, mask = make({**VIT, "positions": positions}), images_for(VIT), mask_of(2, 24)
    assert not any("relative_position_bias" in name for name in encoder.state_dict())
    table = (
        encoder.positions.table if positions == "learned" else torch.cat([torch.zeros(1, 32), sincos_2d((4, 6), 32)])
    )
    x = torch.cat([encoder.cls_token.expand(2, 1, -1), encoder.embed(images)], dim=1)
    torch.testing.assert_close(encoder.enter(images), x + table)
    torch.testing.assert_close(encoder.position_table((4, 6)), table[1:])
    x[:, 1:][mask.mask] = encoder.mask_token[0, 0]
    x = x + table
    for block in encoder.blocks:
        x = block(x, bias=torch.zeros(2, 25, 25))
    torch.testing.assert_close(encoder(images, mask).tokens, encoder.norm(x))
    assert encoder(torch.randn(1, 3, 24, 24)).tokens.shape == (1, 37, 32)
    assert all(encoder.layer_of(name) == 0 for name, _ in encoder.named_parameters() if "positions" in name)


def test_learned_positions_and_plain_weights_start_normal():
    torch.manual_seed(0)
    arch = dict(embed_dim=64, depth=2, num_heads=2)
    encoder = DenseViT(64, arch=arch, patch_size=4, layer_scale=None, positions="learned", init="normal")
    last = encoder.blocks[1]
    for weight in (encoder.positions.table, last.attn.proj.weight, last.mlp.fc2.weight, encoder.patch_embed.weight):
        assert weight.std().item() == pytest.approx(0.02, rel=0.05)
        assert weight.abs().max() > 0.05
    assert not last.mlp.fc2.bias.any()


def test_unknown_positions_and_starts_are_one_clear_line():
    with pytest.raises(
        ValueError, match="encoder.positions must be 'relative', 'learned', 'sincos' or 'sincos_per_grid', got 'rope'"
    ):
        DenseViT(16, arch=VIT["arch"], patch_size=4, positions="rope")
    with pytest.raises(ValueError, match="encoder.init must be 'beit', 'normal' or 'xavier', got 'zero'"):
        DenseViT(16, arch=VIT["arch"], patch_size=4, init="zero")
    with pytest.raises(ValueError, match="encoder.relative_sharing must be 'model' or 'block', got 'stage'"):
        DenseViT(16, arch=VIT["arch"], patch_size=4, relative_sharing="stage")
    with pytest.raises(ValueError, match="is for relative positions, but encoder.positions is 'learned'"):
        DenseViT(16, arch=VIT["arch"], patch_size=4, positions="learned", relative_sharing="block")


def test_dense_vit_without_layer_scale_and_its_layers():
    encoder = DenseViT((16, 24), arch=VIT["arch"], patch_size=4, layer_scale=None, drop_path=0.2)
    names = dict(encoder.named_parameters())
    assert not any("gamma" in name for name in names)
    assert encoder.num_layers == 4
    layers = {name: encoder.layer_of(name) for name in names}
    expected = {"patch_embed.bias": 0, "cls_token": 0, "mask_token": 0, "blocks.0.attn.qkv.weight": 1}
    expected |= {"blocks.1.norm2.bias": 2, "norm.weight": 3, "relative_position_bias.table": 3}
    assert {name: layers[name] for name in expected} == expected
    assert [getattr(block.drop_path2, "drop_prob", 0.0) for block in encoder.blocks] == pytest.approx([0.0, 0.2])


def test_bad_sizes_of_a_dense_vit_are_refused():
    with pytest.raises(ValueError, match="image size 17x17 is not a multiple of patch_size=4"):
        DenseViT(17, arch=VIT["arch"], patch_size=4)
    with pytest.raises(ValueError, match="width 32 is not a multiple of num_heads=5"):
        DenseViT(16, arch=dict(embed_dim=32, depth=1, num_heads=5), patch_size=4)


@pytest.mark.parametrize("size", [(64, 96), (96, 160), (32, 32)])
def test_swin_without_mask_is_timms(size):
    """Also at sizes that the windows were not made for."""
    options = dict(embed_dim=8, depths=(1, 2, 2, 1), num_heads=(1, 2, 2, 4), window_size=2)
    timms = SwinTransformer(img_size=(64, 96), num_classes=0, strict_img_size=False, **options).eval()
    encoder = make(SWIN)
    timms.load_state_dict({name: value for name, value in encoder.state_dict().items() if name != "mask_token"})
    images = torch.randn(2, 3, *size)
    latent = encoder(images)
    assert (latent.prefix, latent.grid) == (0, (size[0] // 32, size[1] // 32))
    torch.testing.assert_close(latent.tokens, timms.forward_features(images).flatten(1, 2))


def test_swin_windows_are_clipped_and_unshifted_where_a_stage_is_no_larger():
    """Swin-L's 12 at 192 px: stages of 48, 24, 12 and 6 tokens a side."""
    with torch.device("meta"):
        encoder = DenseSwin(192, window_size=12, arch="large")
    plans = encoder.plans_of((48, 48), torch.device("cpu"))
    windows = [[(plan.window[0], plan.shift[0]) for plan in stage] for stage in plans]
    assert windows == [[(12, 0), (12, 6)], [(12, 0), (12, 6)], [(12, 0), (12, 0)], [(6, 0), (6, 0)]]
    assert len(encoder.layers[3].blocks[0].attn.relative_position_bias_table) == 11 * 11


def test_swin_layers_put_merging_with_the_stage_it_ends():
    with torch.device("meta"):
        encoder = DenseSwin(192, window_size=6, arch="base", drop_path=0.2)
    assert (encoder.patch_size, encoder.embed_dim, encoder.num_layers) == (32, 1024, 26)
    layers = {name: encoder.layer_of(name) for name, _ in encoder.named_parameters()}
    assert set(layers.values()) == set(range(26))
    expected = {"patch_embed.proj.weight": 0, "patch_embed.norm.bias": 0, "mask_token": 0, "norm.weight": 25}
    expected |= {"layers.0.blocks.0.norm1.weight": 1, "layers.0.blocks.1.mlp.fc1.bias": 2}
    expected |= {"layers.1.downsample.norm.weight": 2, "layers.1.blocks.0.attn.qkv.weight": 3}
    expected |= {"layers.2.downsample.reduction.weight": 4, "layers.2.blocks.17.norm2.weight": 22}
    expected |= {"layers.3.downsample.reduction.weight": 22, "layers.3.blocks.1.attn.proj.bias": 24}
    assert {name: layers[name] for name in expected} == expected
    rates = [getattr(block.drop_path1, "drop_prob", 0.0) for stage in encoder.layers for block in stage.blocks]
    assert rates == pytest.approx([0.2 * i / 23 for i in range(24)])


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (dict(arch="giant"), "unknown Swin arch 'giant'; use one of tiny, small, base, large"),
        (dict(arch=dict(embed_dim=8, depth=2, num_heads=2)), "exactly the keys"),
        (dict(arch=dict(embed_dim=8, depths=(1, 1), num_heads=(1,))), "as many depths as num_heads"),
        (dict(arch=dict(embed_dim=8, depths=(1, 1), num_heads=(1, 3))), "width 16 of stage 1 is no multiple of 3"),
        (dict(window_size=0), "encoder.window_size must be at least 1"),
        (dict(image_size=200), "image size 200x200 is not a multiple of patch_size=32"),
    ],
)
def test_bad_settings_of_a_swin_are_one_clear_line(options, complaint):
    with pytest.raises(ValueError) as error:
        DenseSwin(**{"image_size": 64, **options})
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("size", "units", "masked"), [(192, 36, 22), (224, 49, 30)])
def test_masks_are_over_units_of_32_pixels(size, units, masked):
    assert number_masked(units, 0.6) == masked == math.ceil(0.6 * units)
    vit = dict(type="DenseViT", arch=dict(embed_dim=8, depth=1, num_heads=1), patch_size=16, image_size=size)
    swin = dict(type="DenseSwin", arch=dict(embed_dim=4, depths=(1,) * 4, num_heads=(1,) * 4), image_size=size)
    for encoder, k in ((vit, 2), (swin, 1)):
        cfg = simmim(encoder)
        cfg["masking"]["unit"] = 32
        mask = decide_masks(make(cfg), torch.zeros(2, 3, size, size)).mask.mask
        side = size // 32
        cells = mask.view(2, side, k, side, k).transpose(2, 3).flatten(3)
        assert torch.equal(cells.all(-1), cells.any(-1))
        assert cells.all(-1).sum(dim=(1, 2)).tolist() == [masked, masked]


@pytest.mark.parametrize(
    ("encoder", "millions"),
    [
        (dict(type="DenseViT", arch="base", image_size=224), 85.69),
        (dict(type="DenseSwin", arch="base", window_size=6, image_size=192), 86.71),
        (dict(type="DenseSwin", arch="base", window_size=7, image_size=224), 86.74),
        (dict(type="DenseSwin", arch="large", window_size=12, image_size=192), 195.2),
    ],
)
def test_real_sizes(encoder, millions):
    """Swin-B and -L of the paper have 88 and 197 million with a head of 1000 classes (1.03 and 1.54 million)."""
    init_default_scope("mimseg")
    with torch.device("meta"):
        count = sum(p.numel() for p in MODELS.build(encoder).parameters())
    assert count / 1e6 == pytest.approx(millions, rel=2e-3)
