"""Tasks that take turns, whose decoder is passed by at first, or starts as a copy of another's (GPA's readings)."""

import copy

import pytest
import torch

from mimseg.models import reconstruct_hidden

ATTENTION = dict(
    type="Task",
    decoder=dict(type="TransformerDecoder", depth=2, num_heads=2),
    target=dict(type="AttentionTarget", teacher="t", block=1, head=0),
    loss=dict(type="PatchMSE"),
)
TEACHERS = dict(t=dict(type="EMATeacher"))


@pytest.fixture
def build_gpa(build):
    """``build_gpa(model={...}, **of the attention task)`` -> an MAE with a second task."""

    def make(model=None, **changes):
        return build(tasks=dict(attention=copy.deepcopy(ATTENTION) | changes), teachers=TEACHERS, **(model or {}))

    return make


def losses_at(model, images, steps_done, progress=1.0):
    torch.manual_seed(3)
    model.zero_grad()
    model.set_progress(progress)
    model.set_position(progress, steps_done)
    losses = model(images)
    sum(losses.values()).backward()
    return {name: loss.item() for name, loss in losses.items()}


def reached(model, task):
    return any(p.grad is not None for p in model.tasks[task].decoder.parameters())


def test_tasks_take_turns_one_step_each(build_gpa, images):
    """Each loss is what it is in the sum, alone in its step, and trains its own decoder and the encoder."""
    together = losses_at(build_gpa(), images, 0)
    assert set(together) == {"loss_reconstruct", "loss_attention"}
    model = build_gpa(dict(alternate=("reconstruct", "attention")))
    for steps_done in (0, 1, 2, 3, 7, 8):
        name, other = ("reconstruct", "attention") if steps_done % 2 == 0 else ("attention", "reconstruct")
        assert losses_at(model, images, steps_done) == {f"loss_{name}": together[f"loss_{name}"]}
        assert reached(model, name) and not reached(model, other)
        assert model.encoder.blocks[0].mlp.fc1.weight.grad.any()


def test_a_teacher_that_only_the_waiting_task_reads_does_not_run(build_gpa, images):
    model = build_gpa(dict(alternate=("reconstruct", "attention")))
    calls = []
    model.teachers["t"].parts["trunk"].blocks[0].register_forward_hook(lambda *_: calls.append(1))
    losses_at(model, images, 0)
    assert calls == []
    losses_at(model, images, 1)
    assert calls == [1]


def test_a_task_that_has_not_begun_has_no_turn(build_gpa, images):
    model = build_gpa(dict(alternate=("reconstruct", "attention")), start=0.75)
    assert [set(losses_at(model, images, n, 0.7)) for n in (0, 1)] == [{"loss_reconstruct"}] * 2
    assert [set(losses_at(model, images, n, 0.8)) for n in (0, 1)] == [{"loss_reconstruct"}, {"loss_attention"}]


def test_losses_on_held_out_images_know_no_turns(build_gpa, images, step_of):
    model = build_gpa(dict(alternate=("reconstruct", "attention"))).eval()
    mask = model.masking(step_of(model, images))
    model.set_position(0.5, 1)
    assert set(model.loss_under(images, mask)) == {"loss_reconstruct", "loss_attention"}
    assert reconstruct_hidden(model, images).predicted.shape[-1] == 48


@pytest.mark.parametrize("alternate", [("reconstruct",), ("reconstruct", "attentions"), ("attention", "attention")])
def test_turns_of_what_is_no_task_are_refused(build_gpa, alternate):
    with pytest.raises(ValueError, match=r"model.alternate=.* must name two or more of the tasks reconstruct, attent"):
        build_gpa(dict(alternate=alternate))


def test_a_task_whose_loss_another_one_reads_cannot_wait(build):
    with pytest.raises(ValueError, match="has 'reconstruct' wait for its turn, but task 'predict_loss' reads its loss"):
        build("hpm", alternate=("reconstruct", "predict_loss"))


@pytest.mark.parametrize("positions", ["masked", "all"])
def test_up_to_the_shortcut_the_mean_of_the_input_is_the_prediction(build_gpa, images, positions):
    """GPA's public code before three quarters: the channel mean of what the decoder gets, of all patches in order."""
    model = build_gpa(shortcut_until=0.75, positions=positions)
    seen = {}
    model.masking.register_forward_hook(lambda module, inputs, mask: seen.update(mask=mask))
    model.neck.register_forward_hook(lambda module, inputs, latent: seen.update(latent=latent))
    model.tasks["attention"].criterion.register_forward_hook(lambda module, inputs, out: seen.update(p=inputs[0]))
    losses_at(model, images, 0, 0.75)
    assert not reached(model, "attention")
    latent, mask = seen["latent"], seen["mask"]
    for b in range(4):
        by_patch = {}
        order = [*mask.visible[b].tolist(), *mask.masked[b].tolist()]
        for row, patch in enumerate(order):
            by_patch[patch] = sum(latent.tokens[b, 1 + row].tolist()) / 32
        wanted = range(24) if positions == "all" else mask.masked[b].tolist()
        expected = torch.tensor([by_patch[patch] for patch in wanted]).unsqueeze(-1)
        torch.testing.assert_close(seen["p"][b].detach(), expected, rtol=1e-4, atol=1e-6)
    losses_at(model, images, 0, 0.755)
    assert reached(model, "attention")


def test_the_shortcut_goes_with_different_numbers_of_patches(build, images):
    amr = dict(
        score=dict(type="SalienceScore"),
        policy=dict(type="NoisyPolicy"),
        ratio=dict(type="AdaptiveRatio", ratio=0.6, spread=0.3, threshold=0.3),
    )
    model = build(masking=amr, tasks=dict(attention=dict(ATTENTION, shortcut_until=1.0)), teachers=TEACHERS)
    assert all(torch.isfinite(loss) for loss in model(images * torch.tensor([0.1, 1, 2, 4]).view(4, 1, 1, 1)).values())


def test_blocks_may_start_as_those_of_another_decoder(build_gpa, images):
    apart = build_gpa()
    model = build_gpa(blocks_from="reconstruct")
    pixels, attention = (model.tasks[name].decoder for name in ("reconstruct", "attention"))
    for name, value in attention.blocks.state_dict().items():
        assert torch.equal(value, pixels.blocks.state_dict()[name])
        assert value.data_ptr() != pixels.blocks.state_dict()[name].data_ptr()
    others = [task.decoder.blocks[0].mlp.fc1.weight for task in apart.tasks.values()]
    assert not torch.equal(*others)
    assert pixels.head.weight.shape != attention.head.weight.shape
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses_at(model, images, 0)
    optimizer.step()
    assert not torch.equal(attention.blocks[0].mlp.fc1.weight, pixels.blocks[0].mlp.fc1.weight)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(blocks_from="pixels"), "blocks_from='pixels' is no other task; there are: reconstruct"),
        (dict(blocks_from="attention"), "blocks_from='attention' is no other task"),
        (
            dict(blocks_from="reconstruct", decoder=dict(type="TransformerDecoder", depth=1, num_heads=2)),
            "blocks_from='reconstruct' copies a decoder's blocks: give both tasks a TransformerDecoder",
        ),
        (
            dict(blocks_from="reconstruct", decoder=dict(type="TransformerDecoder", depth=2, num_heads=4)),
            "of one depth, width and number of heads",
        ),
        (dict(shortcut_until=1.5), r"shortcut_until is a share of training in \[0, 1\], got 1.5"),
        (
            dict(shortcut_until=0.5, target=dict(type="FeatureTarget", teacher="t")),
            "shortcut_until=0.5 predicts one number a patch, FeatureTarget has 32 a token",
        ),
    ],
)
def test_what_cannot_be_is_refused(build_gpa, changes, message):
    with pytest.raises(ValueError, match=message):
        build_gpa(**changes)


@pytest.mark.parametrize("first", [0, 1])
def test_a_task_ends_after_its_share_of_the_epochs_however_progress_counts(build, first):
    """20 of 200 epochs: those numbered 0 to 19, with (e + 1) / E as with e / E."""
    predict = dict(
        type="Task",
        decoder=dict(type="TransformerDecoder", depth=1, num_heads=2),
        target=dict(type="PatchLossTarget", task="reconstruct"),
        loss=dict(type="AbsolutePatchLoss", target="raw", divide_by="all"),
        end=20 / 200,
    )
    model = build(tasks=dict(predict_loss=predict))
    trained = []
    for epoch in range(200):
        model.set_progress((epoch + first) / 200)
        model.set_position(epoch / 200, 5 * epoch)
        if "predict_loss" in model.active_tasks():
            trained.append(epoch)
    assert trained == list(range(20))
