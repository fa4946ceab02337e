"""ViT for dense prediction, against attention written the long way."""

import pytest
import torch
from torch import nn

from mimseg.registry import MODELS

ARCH = dict(embed_dim=32, depth=4, num_heads=2)
SPARSE = dict(type="SparseViT", arch=ARCH, patch_size=4, positions="learned", image_size=20)
SCALED = dict(type="DenseViT", arch=ARCH, patch_size=4, positions="learned", image_size=20, layer_scale=0.7)
DECOMPOSED, TABLE = dict(relative="decomposed"), dict(relative="table")


def plain_attention(attn, x, bias_of=None):
    """One image's tokens (N, D), pair by pair in matrices; ``bias_of(head, query)`` gives (N, N)."""
    n, heads, d = len(x), attn.num_heads, attn.head_dim
    q, k, v = (x @ attn.qkv.weight.t() + attn.qkv.bias).reshape(n, 3, heads, d).unbind(1)
    out = []
    for head in range(heads):
        logits = q[:, head] @ k[:, head].t() / d**0.5
        if bias_of is not None:
            logits = logits + bias_of(head, q[:, head])
        out.append(logits.softmax(dim=-1) @ v[:, head])
    return torch.cat(out, dim=-1) @ attn.proj.weight.t() + attn.proj.bias


def distances(grid):
    """Every token's differences of rows and of columns from all tokens, query minus key."""
    cells = torch.tensor([(y, x) for y in range(grid[0]) for x in range(grid[1])])
    return [(cell - cells).unbind(dim=1) for cell in cells]


def decomposed_bias(tables, grid):
    """``q . rows[distance] + q . columns[distance]``, query by query."""
    h, w = grid

    def bias_of(head, queries):
        asked = zip(queries, distances(grid), strict=True)
        return torch.stack(
            [(tables.rows[down + h - 1] + tables.columns[right + w - 1]) @ q for q, (down, right) in asked]
        )

    return bias_of


def table_bias(tables, grid):
    """BEiT's rows in raster order of the distances."""
    h, w = grid

    def bias_of(head, queries):
        rows = [(down + h - 1) * (2 * w - 1) + right + w - 1 for down, right in distances(grid)]
        return torch.stack([tables.table[row, head] for row in rows])

    return bias_of


def plain_windows(attn, x, grid, window, bias_of=None):
    """One image's normalised tokens (N, D): zeros fill the map up, every window by itself, and back."""
    rows, columns = (-(-side // window) for side in grid)
    full = torch.zeros(rows * window, columns * window, x.shape[-1])
    full[: grid[0], : grid[1]] = x.unflatten(0, grid)
    out = torch.zeros_like(full)
    for r in range(rows):
        for c in range(columns):
            cut = (slice(r * window, (r + 1) * window), slice(c * window, (c + 1) * window))
            mixed = plain_attention(attn, full[cut].flatten(0, 1), bias_of)
            out[cut] = mixed.unflatten(0, (window, window))
    return out[: grid[0], : grid[1]].flatten(0, 1)


def plain_forward(model, images, attend):
    """Maps after every block: timm's pre-norm block, ``attend(index, attn, normed)`` of one image at a time."""
    vit, maps = model.encoder, []
    high, wide = images.shape[2] // 4, images.shape[3] // 4
    for image in images:
        patches = image.unfold(1, 4, 4).unfold(2, 4, 4).permute(1, 2, 3, 4, 0).flatten(2).flatten(0, 1)
        x = patches @ vit.patch_embed.weight.t() + vit.patch_embed.bias + vit.positions.table[1:]
        after = []
        for index, block in enumerate(vit.blocks):
            scale = [getattr(ls, "gamma", 1.0) for ls in (getattr(block, "ls1", None), getattr(block, "ls2", None))]
            x = x + scale[0] * attend(index, block.attn, block.norm1(x))
            hidden = nn.functional.gelu(block.mlp.fc1(block.norm2(x)))
            x = x + scale[1] * block.mlp.fc2(hidden)
            after.append(x.t().unflatten(1, (high, wide)))
        maps.append(torch.stack(after))
    return torch.stack(maps, dim=1)


@pytest.mark.parametrize("encoder", [SPARSE, SCALED], ids=["plain", "LayerScale"])
@pytest.mark.parametrize("relative", [None, "decomposed", "table"])
def test_padded_windows_and_global_blocks_as_the_long_way(backbone, encoder, relative):
    """A 5 x 5 map in windows of 3 (filled up to 6 x 6), blocks 1 and 3 global."""
    model = backbone(encoder=encoder, window=3, global_blocks=(1, 3), relative=relative, taps=(1, 2, 3))
    images = torch.randn(2, 3, 20, 20)

    def attend(index, attn, normed):
        side = 5 if index in (1, 3) else 3
        bias_of = None
        if relative == "decomposed":
            bias_of = decomposed_bias(model.relative[index], (side, side))
        elif relative == "table":
            bias_of = table_bias(model.relative[index], (side, side))
        return plain_attention(attn, normed, bias_of) if side == 5 else plain_windows(attn, normed, (5, 5), 3, bias_of)

    with torch.no_grad():
        expected, maps = plain_forward(model, images, attend), model(images)
    assert len(maps) == 3
    for one, other in zip(maps, expected[[1, 2, 3]], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("relative", [None, "decomposed", "table"])
@pytest.mark.parametrize("window", [5, 7])
def test_a_window_that_covers_the_map_is_global_attention(backbone, relative, window):
    windowed = backbone(encoder=SPARSE, window=window, relative=relative, relative_sharing="model")
    everywhere = backbone(encoder=SPARSE, window=window, global_blocks=range(4), relative=relative)
    everywhere.encoder.load_state_dict(windowed.encoder.state_dict())
    if relative is not None:
        of_windows = windowed.relative["windowed"]
        for part in everywhere.relative:
            for name, parameter in part.named_parameters():
                parameter.data.copy_(middle(getattr(of_windows, name).data, window))
    images = torch.randn(2, 3, 20, 20)
    torch.testing.assert_close(windowed(images)[0], everywhere(images)[0], rtol=1e-5, atol=1e-5)


def middle(table, side):
    """Of tables for windows of ``side``, the entries of distances within 5 x 5."""
    off = side - 5
    if len(table) == 2 * side - 1:
        return table[off : off + 9]
    cells = table[:-3].unflatten(0, (2 * side - 1, 2 * side - 1))[off : off + 9, off : off + 9]
    return torch.cat([cells.flatten(0, 1), table[-3:]])


@pytest.mark.parametrize("options", [DECOMPOSED, TABLE, dict(TABLE, relative_sharing="model")])
def test_relative_positions_start_without_effect(backbone, options):
    torch.manual_seed(0)
    fresh = MODELS.build(
        dict(type="mimseg.ViTBackbone", encoder=SPARSE, window=3, global_blocks=(3,), **options)
    ).eval()
    plain = backbone(encoder=SPARSE, window=3, global_blocks=(3,))
    plain.encoder.load_state_dict(fresh.encoder.state_dict())
    assert not any(parameter.any() for parameter in fresh.relative.parameters())
    images = torch.randn(1, 3, 20, 20)
    torch.testing.assert_close(fresh(images)[0], plain(images)[0], rtol=1e-5, atol=1e-6)


def test_without_windows_it_is_the_encoder(backbone):
    """Class token and final norm included, every block's map being a prefix of the encoder's pass."""
    model = backbone(encoder=SPARSE, class_token=True, final_norm=True, taps=(0, 3))
    images = torch.randn(2, 3, 20, 20)
    first, last = model(images)
    tokens = model.encoder(images).patch_tokens
    torch.testing.assert_close(last, tokens.transpose(1, 2).unflatten(2, (5, 5)))
    after = model.encoder.blocks[0](model.encoder.enter(images))[:, 1:]
    torch.testing.assert_close(first, after.transpose(1, 2).unflatten(2, (5, 5)))


def test_the_class_token_has_rows_of_its_own_in_the_table(backbone):
    """Against the encoder of SimMIM, which shares one such table among its blocks."""
    theirs = backbone(encoder=dict(SCALED, positions="relative"), class_token=True, final_norm=True)
    ours = backbone(encoder=dict(SCALED, positions="sincos"), class_token=True, final_norm=True, relative="table")
    without = {name: tensor for name, tensor in theirs.encoder.state_dict().items() if "relative" not in name}
    ours.encoder.load_state_dict(without, strict=False)
    ours.encoder.positions.table = torch.zeros(25, 32)
    ours.encoder.positions.made = (5, 5), (5, 5)  # for the grid at hand, of the reference
    table = theirs.encoder.relative_position_bias.table.data
    for part in ours.relative:
        part.table.data.copy_(table)
    images = torch.randn(2, 3, 20, 20)
    expected = theirs.encoder(images).patch_tokens.transpose(1, 2).unflatten(2, (5, 5))
    torch.testing.assert_close(theirs(images)[0], expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours(images)[0], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("recompute", [False, True])
def test_an_encoder_may_bring_a_table_for_every_block(backbone, recompute):
    encoder = dict(SCALED, positions="relative", relative_sharing="block")
    model = backbone(encoder=encoder, class_token=True, final_norm=True, activation_checkpointing=recompute)
    for table in model.encoder.relative_position_bias:
        torch.nn.init.normal_(table.table)
    images = torch.randn(2, 3, 20, 20)
    expected = model.encoder(images).patch_tokens.transpose(1, 2).unflatten(2, (5, 5))
    torch.testing.assert_close(model(images)[0], expected, rtol=1e-5, atol=1e-5)
    assert model.layer_of("encoder.relative_position_bias.2.table") == 3
    assert backbone(encoder=encoder)(images)[0].shape == (2, 32, 5, 5)  # without a class token


@pytest.mark.parametrize("size", [(20, 20), (19, 45), (33, 18), (7, 1)])
def test_any_image_size_gives_a_map_of_all_of_it(backbone, size):
    for options in (DECOMPOSED, dict(TABLE, relative_sharing="model")):
        model = backbone(encoder=SPARSE, window=3, global_blocks=(3,), taps=(2, 3), **options)
        maps = model(torch.randn(2, 3, *size))
        grid = [-(-side // 4) for side in size]
        assert [tuple(x.shape) for x in maps] == [(2, 32, *grid)] * 2
        assert all(x.isfinite().all() for x in maps)


def test_an_image_is_filled_up_with_zeros_at_the_right_and_bottom(backbone):
    model = backbone(encoder=SPARSE, window=3, global_blocks=(3,), **DECOMPOSED)
    images = torch.randn(1, 3, 30, 41)
    filled = torch.zeros(1, 3, 32, 44)
    filled[:, :, :30, :41] = images
    assert torch.equal(model(images)[0], model(filled)[0])


def test_decomposed_positions_of_another_grid_are_stretched_linearly(backbone):
    model = backbone(encoder=SPARSE, relative="decomposed")
    for part in model.relative:  # a ramp of 9 distances, stretched to 23 (align_corners=False)
        part.rows.data.copy_(torch.arange(9.0).unsqueeze(1).expand(-1, 16))
        part.columns.data.zero_()
    pairs = model.relative[0]._pairs(model.relative[0].rows, 12)
    ramp = [min(max((i + 0.5) * 9 / 23 - 0.5, 0), 8) for i in range(23)]
    expected = torch.tensor([[ramp[i - j + 11] for j in range(12)] for i in range(12)])
    torch.testing.assert_close(pairs[..., 0], expected)


def test_the_absolute_table_may_stay_at_the_size_of_pre_training(backbone):
    """As in ViTDet: 5 x 5, resized for every 8 x 8 map as at loading; relative positions are for the 8 x 8 map."""
    options = dict(window=3, global_blocks=(3,), relative="decomposed")
    small = backbone(encoder=SPARSE, image_size=32, **options)
    large = backbone(encoder=dict(SPARSE, image_size=32), **options)
    state = small.state_dict()
    table = state["encoder.positions.table"]
    image = table[1:].t().reshape(1, 32, 5, 5)
    resized = nn.functional.interpolate(image, size=(8, 8), mode="bicubic", align_corners=False).flatten(2)[0].t()
    state["encoder.positions.table"] = torch.cat([table[:1], resized])
    state["encoder.positions.size"] = torch.tensor([8, 8])
    large.load_state_dict(state)
    assert small.relative[3].rows.shape == (15, 16)
    images = torch.randn(1, 3, 32, 32)
    torch.testing.assert_close(small(images)[0], large(images)[0], rtol=1e-5, atol=1e-5)


def test_recomputing_changes_no_gradient(backbone):
    images = torch.randn(1, 3, 20, 20)
    gradients = []
    for recompute in (False, True):
        model = backbone(
            encoder=SPARSE, window=3, global_blocks=(3,), activation_checkpointing=recompute, **DECOMPOSED
        ).train()
        model(images)[0].square().sum().backward()
        gradients.append({name: p.grad for name, p in model.named_parameters() if p.requires_grad})
    one, other = gradients
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert set(one) == set(other) and not any(grad is None for grad in one.values())


@pytest.mark.parametrize("options", [DECOMPOSED, TABLE, dict(TABLE, relative_sharing="model")])
def test_bf16_follows_fp32(backbone, options):
    model = backbone(encoder=SPARSE, window=3, global_blocks=(3,), **options)
    images = torch.randn(1, 3, 20, 20)
    exact = model(images)[0]
    with torch.autocast("cpu", torch.bfloat16):
        rounded = model(images)[0]
    assert (rounded.float() - exact).abs().mean() < 0.03 * exact.abs().mean()


def test_every_trained_parameter_gets_a_gradient(backbone):
    """Data parallelism waits for all of them."""
    for options in (
        dict(window=3, global_blocks=(3,), **DECOMPOSED),
        dict(relative="table", class_token=True, taps=(0, 1, 2, 3)),
    ):
        for encoder in (SPARSE, SCALED):
            model = backbone(encoder=encoder, **options).train()
            sum(x.square().sum() for x in model(torch.randn(1, 3, 20, 20))).backward()
            trained = {name for name, p in model.named_parameters() if p.requires_grad}
            assert {name for name, p in model.named_parameters() if p.grad is not None} == trained
            assert ("encoder.cls_token" in trained) == options.get("class_token", False)


def test_parameters_of_vitdet_b_by_hand(backbone):
    """Blocks as in pre-training; per block 2 * (2 * 14 - 1) or 2 * (2 * 64 - 1) vectors of 64."""
    encoder = dict(type="SparseViT", arch="base", positions="learned", image_size=1024)
    with torch.device("meta"):
        model = MODELS.build(
            dict(
                type="mimseg.ViTBackbone",
                encoder=encoder,
                window=14,
                global_blocks=(2, 5, 8, 11),
                relative="decomposed",
            )
        )
    count = {name: sum(p.numel() for p in part.parameters()) for name, part in model.named_children()}
    blocks = 12 * (4 * 768 * 768 + 4 * 768 + 8 * 768 * 768 + 5 * 768 + 4 * 768)
    assert count["encoder"] == blocks + 768 * 768 + 768 + 768 + (1 + 64 * 64) * 768
    assert count["relative"] == 8 * 2 * 27 * 64 + 4 * 2 * 127 * 64


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (dict(taps=(0, 2)), r"taps=\(0, 2\) must rise and end with the last block, 3"),
        (dict(taps=(2, 1, 3)), "must rise"),
        (dict(global_blocks=(3,)), "window=None makes all blocks global"),
        (dict(window=3, global_blocks=(4,)), r"global_blocks=\(4,\) must lie in 0 .. 3"),
        (dict(window=0), "window=0 must be at least 1 token"),
        (dict(window=3, class_token=True), "class_token=True goes with neither windows nor"),
        (dict(class_token=True, relative="decomposed"), "class_token=True goes with neither"),
        (dict(relative="tables"), "relative must be 'decomposed', 'table' or None, got 'tables'"),
        (dict(relative="table", relative_sharing="stage"), "relative_sharing must be 'block' or 'model', got 'stage'"),
        (dict(encoder=dict(SCALED, positions="relative"), window=3), "has relative positions of its own"),
        (dict(encoder=dict(SCALED, positions="relative"), relative="table"), "encoder.positions='learned'"),
        (dict(encoder=dict(type="SparseViT", arch=ARCH), relative="table"), "needs model.backbone.image_size"),
        (dict(image_size=32), "image_size=32 is for relative positions; set model.backbone.relative"),
        (
            dict(encoder=dict(type="DenseSwin", arch=dict(embed_dim=8, depths=(1,), num_heads=(1,)), image_size=32)),
            "not a DenseSwin",
        ),
    ],
)
def test_contradictions_are_one_line(backbone, options, complaint):
    with pytest.raises(ValueError, match=complaint) as error:
        backbone(**{"encoder": SPARSE, **options})
    assert "\n" not in str(error.value)
