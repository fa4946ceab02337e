"""Tasks that are off, end, see the full image or are detached; and PASS's loss (Eq. 5)."""

import copy

import pytest
import torch

from mimseg.models import AbsolutePatchLoss, predict_loss
from mimseg.ops.masking import PatchMask

PREDICT = dict(
    type="Task",
    decoder=dict(type="TransformerDecoder", depth=1, num_heads=2),
    target=dict(type="PatchLossTarget", task="reconstruct"),
    loss=dict(type="AbsolutePatchLoss", target="raw", divide_by="all"),
)


@pytest.fixture
def build_pass(build):
    def make(name="mae", **changes):
        return build(name, tasks=dict(predict_loss=copy.deepcopy(PREDICT) | changes))

    return make


def step(model, images):
    torch.manual_seed(3)
    model.zero_grad()
    losses = model(images)
    sum(losses.values()).backward()
    return {name: loss.detach() for name, loss in losses.items()}


def gradients(part):
    return [None if p.grad is None else p.grad.clone() for p in part.parameters() if p.requires_grad]


def test_a_task_that_is_off_costs_nothing_and_the_others_do_not_notice(build_pass, build, images):
    model, plain = build_pass(), build()
    plain.load_state_dict(model.state_dict(), strict=False)
    calls = []
    model.tasks["predict_loss"].decoder.register_forward_hook(lambda *_: calls.append(1))
    on = step(model, images)
    assert set(on) == {"loss_reconstruct", "loss_predict_loss"} and len(calls) == 1
    model.switch_task("predict_loss", False)
    off = step(model, images)
    assert set(off) == {"loss_reconstruct"} and len(calls) == 1
    assert torch.equal(off["loss_reconstruct"], on["loss_reconstruct"])
    assert gradients(model.tasks["predict_loss"]) == [None] * len(gradients(model.tasks["predict_loss"]))
    assert torch.equal(step(plain, images)["loss_reconstruct"], off["loss_reconstruct"])
    assert all(map(torch.equal, gradients(plain.encoder), gradients(model.encoder)))
    model.switch_task("predict_loss", True)
    assert set(step(model, images)) == set(on) and len(calls) == 2


def test_an_optimizer_leaves_a_task_alone_that_is_off(build_pass, images):
    model = build_pass()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.1)
    step(model, images)
    optimizer.step()  # its moments are not zero any more
    model.switch_task("predict_loss", False)
    decoder = model.tasks["predict_loss"].decoder
    before = [parameter.detach().clone() for parameter in decoder.parameters()]
    step(model, images)
    optimizer.step()
    assert all(map(torch.equal, before, decoder.parameters()))


def test_no_teacher_runs_for_a_task_that_is_off(build, images):
    features = dict(
        type="Task",
        decoder=dict(type="TransformerDecoder", depth=1, num_heads=2),
        target=dict(type="FeatureTarget", teacher="ema"),
        loss=dict(type="PatchCosine"),
    )
    model = build(tasks=dict(features=features), teachers=dict(ema=dict(type="EMATeacher")))
    looks = []
    look = model.teachers["ema"].look
    model.teachers["ema"].look = lambda *args: looks.append(1) or look(*args)
    step(model, images)
    model.switch_task("features", False)
    step(model, images)
    assert len(looks) == 1


def test_losses_under_given_masks_are_of_all_tasks(build_pass, images, step_of):
    """What is compared between epochs must not come and go with a switch."""
    model = build_pass(end=0.5).eval()
    mask = model.masking(step_of(model, images))
    before = model.loss_under(images, mask)
    model.switch_task("predict_loss", False)
    after = model.loss_under(images, mask)
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert set(after) == {"loss_reconstruct", "loss_predict_loss"}


def test_a_task_ends_with_its_share_of_training(build_pass, images):
    model = build_pass(end=20 / 200)
    trained = []
    for epoch in range(200):
        model.set_progress((epoch + 1) / 200)
        if model.tasks["predict_loss"].active(model.progress):
            trained.append(epoch)
    assert trained == list(range(20))
    assert set(step(model, images)) == {"loss_reconstruct"}


@pytest.mark.parametrize(
    ("name", "on", "message"),
    [
        ("predict", False, "there is no task 'predict' to switch; the tasks are reconstruct, predict_loss"),
        ("reconstruct", False, "'reconstruct' cannot be off: task 'predict_loss' reads its loss"),
    ],
)
def test_what_cannot_be_switched_is_refused(build_pass, name, on, message):
    with pytest.raises(ValueError, match=message) as refused:
        build_pass().switch_task(name, on)
    assert "\n" not in str(refused.value)


def test_tasks_are_switched_in_the_order_in_which_they_read_each_other(build_pass):
    model = build_pass()
    model.switch_task("predict_loss", False)
    model.switch_task("reconstruct", False)
    with pytest.raises(ValueError, match="reads the loss of 'reconstruct', which is off"):
        model.switch_task("predict_loss", True)
    model.switch_task("reconstruct", True)
    model.switch_task("predict_loss", True)


@pytest.mark.parametrize("train_input", ["visible", "full"])
def test_a_detached_task_does_not_reach_the_neck(build_pass, images, train_input):
    reached = {}
    for detach in (False, True):
        model = build_pass(train_input=train_input, detach=detach)
        torch.manual_seed(3)
        model(images)["loss_predict_loss"].backward()
        reached[detach] = [any(g is not None for g in gradients(part)) for part in (model.encoder, model.neck)]
        assert all(g is not None for g in gradients(model.tasks["predict_loss"].decoder))
    assert reached == {False: [True, True], True: [False, False]}


@pytest.mark.parametrize("ratio", [0.5, 0.75])
def test_a_predictor_trained_on_the_full_image_sees_what_it_sees_in_use(build_pass, images, ratio):
    model = build_pass(train_input="full")
    model.masking.ratio.ratio = ratio
    seen = {}
    model.masking.register_forward_hook(lambda module, args, mask: seen.update(mask=mask))
    model.tasks["predict_loss"].criterion.register_forward_hook(lambda module, args, out: seen.update(p=args[0]))
    encoded = []
    model.encoder.register_forward_hook(lambda module, args, out: encoded.append(out.tokens.shape[1]))
    step(model, images)
    assert encoded == [1 + 24 - round(24 * ratio), 1 + 24]
    full = predict_loss(model.eval(), images)
    expected = seen["mask"].take_masked(full.unsqueeze(-1))
    torch.testing.assert_close(seen["p"].detach(), expected, rtol=1e-4, atol=1e-5)


def test_the_loss_of_the_predictor_is_equation_5(images):
    """All positions count in the normaliser, masked ones alone in the sum."""
    predicted, losses = torch.rand(2, 3, 1), torch.rand(2, 3, 1)
    mask = torch.tensor([[True, False, True, False, True, False, False, False]] * 2)
    total = 0.0
    for b in range(2):
        for m in range(3):
            total += (predicted[b, m, 0] - losses[b, m, 0]).item() ** 2
    patches = PatchMask.from_bool(mask, 3)
    over_all, _ = AbsolutePatchLoss("raw", divide_by="all")(predicted, losses, patches)
    over_masked, _ = AbsolutePatchLoss("raw", divide_by="masked")(predicted, losses, patches)
    assert over_all.item() == pytest.approx(total / (2 * 8))
    assert over_masked.item() == pytest.approx(total / (2 * 3))
    assert torch.equal(over_masked, AbsolutePatchLoss("raw")(predicted, losses, patches)[0])


def test_equation_5_with_a_number_of_masked_patches_per_image():
    mask = torch.tensor([[True, False, True, False], [False, True, False, False]])
    predicted, losses = torch.tensor([[1.0], [2.0], [5.0]]), torch.tensor([[0.0], [0.0], [2.0]])
    patches = PatchMask.from_counts(mask, mask.sum(1))
    over_all, _ = AbsolutePatchLoss("raw", divide_by="all")(predicted, losses, patches)
    assert over_all.item() == pytest.approx((1 + 4 + 9) / 8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(predict_loss=dict(PREDICT, train_input="masked")), "train_input must be 'visible' or 'full'"),
        (dict(predict_loss=dict(PREDICT, start=0.5, end=0.5)), "share of training in .0.5, 1., after its start"),
        (dict(predict_loss=dict(PREDICT, end=1.5)), "end is a share of training"),
        (dict(reconstruct=dict(train_input="full")), "PixelTarget that sees the full image has nothing to predict"),
        (
            dict(predict_loss=dict(PREDICT, loss=dict(type="AbsolutePatchLoss", divide_by="batch"))),
            "divide_by must be 'masked' or 'all', got 'batch'",
        ),
    ],
)
def test_switches_that_make_no_sense_are_refused(build, changes, message):
    with pytest.raises(ValueError, match=message):
        build(tasks=changes)


def test_a_decoder_may_be_narrower_than_the_tokens(build_pass, images):
    narrow = build_pass(decoder=dict(type="TransformerDecoder", depth=1, num_heads=2, dim=8)).tasks["predict_loss"]
    sizes = {tuple(p.shape) for p in narrow.decoder.parameters()}
    assert (8, 32) in sizes and (24, 8) in sizes and (1, 8) in sizes
    model = build_pass(decoder=dict(type="TransformerDecoder", depth=1, num_heads=2, dim=8))
    step(model, images)
    assert all(g is not None and g.any() for g in gradients(model.tasks["predict_loss"].decoder.project))
    same = build_pass(decoder=dict(type="TransformerDecoder", depth=1, num_heads=2, dim=32))
    assert same.state_dict().keys() == build_pass().state_dict().keys()
