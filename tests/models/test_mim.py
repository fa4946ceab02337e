"""The whole step: what it computes, what it refuses, and what it leaves alone."""

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from mimseg.models import Decision, MaskTokenNeck, SparseViT, reconstruct_hidden
from mimseg.ops.masking import PatchMask


def test_mae_step_equals_the_long_way(build, images, reference_mae_loss, step_of):
    model = build()
    torch.manual_seed(5)
    loss = model(images)["loss_reconstruct"]
    torch.manual_seed(5)
    mask = model.masking(step_of(model, images)).mask
    torch.testing.assert_close(loss, reference_mae_loss(model, images, mask), rtol=1e-5, atol=1e-6)


def test_both_hpm_losses_reach_the_encoder_and_the_shared_neck(build, images):
    for name in ("loss_reconstruct", "loss_predict_loss"):
        model = build("hpm")
        model(images)[name].backward()
        assert model.encoder.blocks[0].attn.qkv.weight.grad.abs().sum() > 0
        assert model.neck.mask_token.grad.abs().sum() > 0
        other = "predict_loss" if name == "loss_reconstruct" else "reconstruct"
        assert all(p.grad is None for p in model.tasks[other].decoder.parameters())  # only the target is detached
        assert all(p.grad is None for p in model.teachers.parameters())


def test_the_loss_predictor_learns_the_reconstruction_task_own_losses(build, images):
    model = build("hpm", tasks=dict(predict_loss=dict(loss=dict(type="AbsolutePatchLoss", target="raw"))))
    seen = {}
    criterion = model.tasks["predict_loss"].criterion
    criterion.register_forward_hook(lambda m, args, out: seen.update(target=args[1]))
    losses = model(images)
    assert seen["target"].shape == (4, 18, 1) and not seen["target"].requires_grad
    torch.testing.assert_close(seen["target"].mean(), losses["loss_reconstruct"].detach())


def test_the_teacher_runs_only_when_the_mask_reads_it(build, images):
    model = build("hpm")
    calls = []
    model.teachers["ema"].parts["encoder"].register_forward_hook(lambda *_: calls.append(1))
    model.set_progress(0.01)  # floor(0.005 * 18) = 0 hard patches
    model(images)
    assert not calls
    model.set_progress(1.0)
    model(images)
    assert len(calls) == 1


def test_a_task_before_its_start_costs_nothing(build, images):
    model = build("hpm", tasks=dict(predict_loss=dict(start=0.5)))
    model.set_progress(0.5)
    calls = []
    model.tasks["predict_loss"].decoder.register_forward_hook(lambda *_: calls.append(1))
    assert set(model(images)) == {"loss_reconstruct"} and not calls
    model.set_progress(0.51)
    assert set(model(images)) == {"loss_reconstruct", "loss_predict_loss"} and calls


def test_a_step_never_waits_for_the_device(build, images):
    """Meta tensors hold no data: any .item(), bool() or data-dependent shape raises."""
    with torch.device("meta"):
        model = build("hpm")
        losses = model(torch.randn(4, 3, 16, 24))
        sum(losses.values()).backward()
        model.update_teachers(0)
        assert losses["loss_predict_loss"].shape == ()


def test_a_step_never_loops_over_samples(build):
    class Count(TorchDispatchMode):
        def __init__(self):
            super().__init__()
            self.calls = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            self.calls += 1
            return func(*args, **(kwargs or {}))

    model, counts = build("hpm"), []
    model(torch.randn(2, 3, 16, 16))
    for batch in (2, 16):
        with Count() as count:
            model(torch.randn(batch, 3, 16, 16))
        counts.append(count.calls)
    assert counts[0] == counts[1]


@pytest.mark.parametrize("channels", [1, 2, 4, 16])
@pytest.mark.parametrize(
    ("patch", "size"), [(4, (8, 20)), (8, (32, 16)), (14, (28, 42)), (16, (48, 64)), (32, (64, 96))]
)
def test_any_channels_patch_and_size(build, channels, patch, size):
    statistics = dict(type="ImagePreprocessor", mean=[0.5] * channels, std=[0.2] * channels)
    model = build("hpm", data_preprocessor=statistics, encoder=dict(patch_size=patch))
    losses = model(torch.randn(2, channels, *size))
    sum(losses.values()).backward()
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert model.tasks["reconstruct"].decoder.head.out_features == patch * patch * channels


def test_shapes_that_do_not_fit_are_named(build, step_of):
    model = build()
    with pytest.raises(ValueError, match=r"takes images \(B, 3, H, W\) but got \(2, 4, 16, 16\)"):
        model(torch.randn(2, 4, 16, 16))
    with pytest.raises(ValueError, match=r"image size 18x16 is not a multiple of patch_size=4"):
        model(torch.randn(2, 3, 18, 16))
    mask = PatchMask.from_bool(torch.zeros(2, 9, dtype=torch.bool), 0)
    with pytest.raises(ValueError, match=r"mask has shape \(2, 9\) but the images give \(2, 16\)"):
        model.encoder(torch.randn(2, 3, 16, 16), mask)
    images = torch.randn(2, 3, 16, 16)
    latent = model.encoder(images, model.masking(step_of(model, images)))
    with pytest.raises(ValueError, match="holds the visible ones only; put a MaskTokenNeck before it"):
        model.tasks["reconstruct"].decoder(latent)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(teachers=None), r"asks teacher 'ema' for its predicted_loss but there is no such teacher"),
        (dict(tasks=dict(predict_loss=None)), r"no task 'predict_loss'; the tasks are reconstruct"),
        (
            dict(tasks=dict(reconstruct=None)),
            r"'predict_loss' reads the loss of \['reconstruct'\], which must come before",
        ),
        (dict(masking=dict(score=None)), r"EasyToHardPolicy with FixedRatio needs a score"),
        (dict(masking=dict(policy=dict(type="RandomPolicy"))), r"RandomPolicy with FixedRatio reads no score"),
        (
            dict(masking=dict(score=None, policy=dict(type="RandomPolicy"))),
            r"no score or target reads teacher 'ema'",
        ),
        (
            dict(tasks=dict(predict_loss=dict(loss=dict(type="PatchMSE")))),
            r"PatchMSE cannot be compared with PatchLossTarget",
        ),
        (dict(encoder=dict(arch="gigantic")), r"unknown ViT arch 'gigantic'; use one of micro, tiny"),
        (dict(encoder=dict(arch=dict(width=2))), r"exactly the keys \['embed_dim', 'depth', 'num_heads'\]"),
        (
            dict(masking=dict(policy=dict(type="EasyToHardPolicy", alpha_end=1.5))),
            r"alpha_end=1.5 must lie in \[0, 1\]",
        ),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_built(build, changes, message):
    with pytest.raises(ValueError, match=message):
        build("hpm", **changes)


def test_unknown_arguments_are_errors(build):
    with pytest.raises(TypeError, match="mask_ratio"):
        build(encoder=dict(mask_ratio=0.75))


def test_features_are_the_mean_of_the_patch_tokens(build, images):
    model = build().eval()
    latent = model.encoder(images)
    torch.testing.assert_close(model(images, mode="tensor"), latent.tokens[:, 1:].mean(1))
    torch.testing.assert_close(model.extract_features(images, pool="cls"), latent.tokens[:, 0])
    with pytest.raises(ValueError, match="pool must be"):
        model.extract_features(images, pool="max")


def test_reconstruction_shows_what_is_visible_and_how_wrong_the_rest_is(build, images):
    model = build("hpm").eval()
    shown = reconstruct_hidden(model, images, torch.Generator().manual_seed(0))
    again = reconstruct_hidden(model, images, torch.Generator().manual_seed(0))
    assert torch.equal(shown.mask, again.mask) and shown.grid == (4, 6)
    hidden = F.interpolate(shown.mask.view(4, 1, 4, 6).float(), scale_factor=4).bool().expand_as(images)
    assert torch.equal(shown.pixels[~hidden], images[~hidden])
    assert torch.equal(shown.patch_loss.isnan(), ~shown.mask)
    assert shown.predicted_loss.shape == (4, 24) and "mean and std of the input" in shown.note
    assert reconstruct_hidden(build("mae"), images).predicted_loss is None


def test_a_perfect_normalised_prediction_gives_back_the_pixels(build, images, step_of):
    model = build()
    target = model.tasks["reconstruct"].target
    step = step_of(model, images)
    step.mask = model.masking(step)
    perfect = target(step)
    model.tasks["reconstruct"].decoder.forward = lambda latent: perfect
    model.masking.decide = lambda given, generator=None: Decision(step.mask, None, step.grid)
    shown = reconstruct_hidden(model, images)
    torch.testing.assert_close(shown.pixels, images, atol=1e-5, rtol=1e-5)
    assert torch.nan_to_num(shown.patch_loss).abs().max() < 1e-9


def test_activation_checkpointing_changes_nothing(build, images):
    results = {}
    for name, changes in {"plain": {}, "recompute": dict(activation_checkpointing=True)}.items():
        model = build("hpm", **changes)
        torch.manual_seed(1)
        sum(model(images).values()).backward()
        results[name] = model.encoder.blocks[0].attn.qkv.weight.grad
    torch.testing.assert_close(results["plain"], results["recompute"])


@pytest.mark.slow
def test_compiled_blocks_give_the_same_losses(build, images):
    plain, compiled = build("hpm"), build("hpm", compile=True)
    for model in (plain, compiled):
        torch.manual_seed(1)
        model.losses = model(images)
    for name, loss in plain.losses.items():
        torch.testing.assert_close(compiled.losses[name], loss, rtol=1e-4, atol=1e-5)
    assert compiled.state_dict().keys() == plain.state_dict().keys()


def test_bf16_autocast_keeps_losses_in_fp32(build, images):
    model = build("hpm")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        losses = model(images)
    assert {loss.dtype for loss in losses.values()} == {torch.float32}
    sum(losses.values()).backward()


def test_sizes_follow_from_the_named_architecture():
    counts = {}
    with torch.device("meta"):
        for arch in ("micro", "tiny", "small", "base", "large", "huge"):
            encoder = SparseViT(arch, patch_size=14 if arch == "huge" else 16)
            counts[arch] = sum(p.numel() for p in encoder.parameters()) / 1e6
        neck = sum(p.numel() for p in MaskTokenNeck(768, 512).parameters())
    # ViT without head and position table: blocks 12 D^2 + 13 D each, patch embedding, class token, final norm
    expected = {"micro": 1.29, "tiny": 5.49, "small": 21.59, "base": 85.65, "large": 303.1, "huge": 630.4}
    for arch, millions in expected.items():
        assert counts[arch] == pytest.approx(millions, rel=0.005), arch
    assert neck == 768 * 512 + 512 + 512
