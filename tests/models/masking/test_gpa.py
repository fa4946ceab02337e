"""GPA: a teacher's attention decides what is masked, and is predicted."""

import pytest
import timm
import torch

from mimseg.models import Draw, Step, TeacherView
from mimseg.models.backbones.attention_maps import attend
from mimseg.models.masking.policies.soft_to_hard import SoftToHardPolicy
from mimseg.models.masking.scores import AttentionScore, ClassAttentionScore
from mimseg.models.targets.attention import AttentionTarget
from mimseg.models.teachers import base as teachers_base
from mimseg.ops.attention import ClassAttention, PatchAttention
from mimseg.ops.masking import PatchMask

MAP = dict(teacher="t", block=1, head=0)
ATTENTION_TASK = dict(
    type="Task",
    decoder=dict(type="TransformerDecoder", depth=2, num_heads=2),
    target=dict(type="AttentionTarget", **MAP),
    loss=dict(type="PatchMSE"),
)
GPA = dict(
    masking=dict(score=dict(type="AttentionScore", **MAP), policy=dict(type="SoftToHardPolicy")),
    tasks=dict(attention=ATTENTION_TASK),
    teachers=dict(t=dict(type="EMATeacher")),
)
GRID = (2, 3)


def step_with(attention, want, mask=None):
    images = torch.zeros(len(attention), 3, 8, 12)
    return Step(images, 4, GRID, 0.5, views={"t": TeacherView(attention={want: attention})}, mask=mask)


def test_scores_ask_for_their_map_and_hand_it_on():
    values = torch.randn(2, 6)
    for score, want in (
        (AttentionScore("t"), PatchAttention(9, 11)),
        (AttentionScore("t", 3, None, "query", False, False), PatchAttention(3, None, "query", False, False)),
        (ClassAttentionScore("t"), ClassAttention(-1)),
        (ClassAttentionScore("t", block=4), ClassAttention(4)),
        (ClassAttentionScore("t", heads="minmax_mean"), ClassAttention(-1, "minmax_mean")),
    ):
        assert score.needs == {("t", want)} and len(score.needs) == 1
        assert torch.equal(score(step_with(values, want)), values)


def test_score_and_target_with_equal_arguments_want_the_same_map():
    arguments = dict(teacher="t", block=2, head=None, axis="query", with_self=False)
    assert AttentionScore(**arguments).needs == AttentionTarget(**arguments).needs


def test_score_and_target_read_b9h11_unless_told_otherwise():
    """The paper's choice for ViT-B, by key, with the patch itself and the class token."""
    for part in (AttentionScore("t"), AttentionTarget("t")):
        assert part.needs == {("t", PatchAttention(9, 11, "key", True, True))}


@pytest.mark.parametrize("part", [AttentionScore, AttentionTarget])
def test_an_unknown_axis_is_refused_when_it_is_built(part):
    with pytest.raises(ValueError, match="axis of the attention must be 'key' or 'query', got 'value'"):
        part("t", axis="value")


def test_an_unknown_normalisation_is_refused():
    with pytest.raises(ValueError, match="normalize must be 'standardized', 'minmax', 'shift' or 'raw', got 'zscore'"):
        AttentionTarget("t", normalize="zscore")


def by_hand(values, normalize):
    """Each image's six values on their own, in plain Python."""
    rows = []
    for row in values.tolist():
        if normalize == "shift":
            row = [value - min(row) for value in row]
        elif normalize != "raw":
            row = [(value - min(row)) / (max(row) - min(row)) for value in row]
        if normalize == "standardized":
            mean = sum(row) / 6
            variance = sum((value - mean) ** 2 for value in row) / 5
            row = [(value - mean) / (variance + 1e-6) ** 0.5 for value in row]
        rows.append(row)
    return torch.tensor(rows)


@pytest.mark.parametrize("normalize", ["standardized", "minmax", "shift", "raw"])
def test_targets_are_normalised_over_all_patches_then_taken_at_the_masked(normalize):
    values = 5 + 30 * torch.randn(2, 6, generator=torch.Generator().manual_seed(0))
    mask = torch.tensor([[1, 0, 1, 0, 0, 1], [0, 1, 1, 1, 0, 0]], dtype=torch.bool)
    target = AttentionTarget("t", normalize=normalize)
    step = step_with(values, target.want, PatchMask.from_bool(mask, 3))
    expected = by_hand(values, normalize)
    torch.testing.assert_close(target(step, "all"), expected.unsqueeze(-1))
    torch.testing.assert_close(target(step), expected[mask].view(2, 3, 1))
    assert target.out_dim(None, {}) == 1


def test_targets_of_a_different_number_of_patches_in_each_image_are_packed():
    values = torch.randn(2, 6)
    mask = torch.tensor([[1, 0, 0, 0, 0, 1], [0, 1, 1, 1, 0, 0]], dtype=torch.bool)
    target = AttentionTarget("t", normalize="raw")
    step = step_with(values, target.want, PatchMask.from_counts(mask, mask.sum(1)))
    assert torch.equal(target(step), values[mask].unsqueeze(-1))


def test_a_teacher_with_another_grid_is_named():
    target = AttentionTarget("t")
    with pytest.raises(ValueError, match=r"gives the attention of 24 patches but the student has 6 \(2x3\)"):
        target(step_with(torch.randn(2, 24), target.want))


def test_a_step_without_a_mask_has_nothing_to_select():
    with pytest.raises(RuntimeError, match="the step has no mask yet"):
        step_with(torch.randn(2, 6), PatchAttention()).select(torch.zeros(2, 6, 1))


def test_the_map_is_computed_once_for_mask_and_target(build, images, monkeypatch):
    model = build(**GPA)
    asked = []
    observe = teachers_base.observe
    monkeypatch.setattr(teachers_base, "observe", lambda *args, **kw: asked.append(args[2]) or observe(*args, **kw))
    losses = model(images)
    assert asked == [{PatchAttention(1, 0)}]
    assert set(losses) == {"loss_reconstruct", "loss_attention"}
    assert model.tasks["attention"].decoder.head.out_features == 1


def test_masks_follow_the_attention_and_the_loss_compares_with_it(build, images):
    model = build(**GPA)
    model.set_progress(0.5)
    seen = {}
    model.masking.register_forward_hook(lambda module, inputs, mask: seen.update(mask=mask))
    model.tasks["attention"].decoder.register_forward_hook(lambda module, inputs, output: seen.update(predicted=output))
    torch.manual_seed(3)
    loss = model(images)["loss_attention"]
    torch.manual_seed(3)
    drawn = torch.rand(4, 48)
    want = PatchAttention(1, 0)
    attention = attend(model.encoder, images, [want])[want]
    mask = SoftToHardPolicy()(Draw(drawn, 18, 0.5, (4, 6), attention))
    assert torch.equal(seen["mask"].mask, mask)
    stretched = (attention - attention.amin(1, keepdim=True)) / (attention.amax(1) - attention.amin(1)).unsqueeze(1)
    target = (stretched - stretched.mean(1, keepdim=True)) / (stretched.var(1, keepdim=True) + 1e-6).sqrt()
    expected = (seen["predicted"].squeeze(-1) - target[mask].view(4, 18)).square().mean()
    torch.testing.assert_close(loss, expected, rtol=1e-4, atol=1e-5)


def test_attention_at_all_positions(build, images):
    model = build(**{**GPA, "tasks": dict(attention=dict(ATTENTION_TASK, positions="all"))})
    shapes = []
    model.tasks["attention"].criterion.register_forward_hook(lambda module, inputs, out: shapes.append(inputs[1].shape))
    model(images)["loss_attention"].backward()
    assert shapes == [(4, 24, 1)]


def test_the_teacher_does_not_run_where_nothing_reads_its_attention(build, images):
    late = dict(ATTENTION_TASK, start=0.75)
    policy = dict(type="SoftToHardPolicy", soft_start=0.0, hard_start=0.0, hard_end=0.5)
    model = build(**{**GPA, "masking": dict(GPA["masking"], policy=policy), "tasks": dict(attention=late)})
    calls = []
    model.teachers["t"].parts["trunk"].blocks[0].register_forward_hook(lambda *_: calls.append(1))
    for progress, expected in ((0.0, 0), (0.5, 1), (0.8, 2)):
        model.set_progress(progress)
        model(images)
        assert len(calls) == expected


def test_a_step_never_waits_for_the_device(build):
    """Meta tensors hold no data: any .item(), bool() or data-dependent shape raises."""
    for teacher in ("EMATeacher", "StudentTeacher"):
        with torch.device("meta"):
            model = build(**{**GPA, "teachers": dict(t=dict(type=teacher))})
            losses = model(torch.randn(4, 3, 16, 24))
            sum(losses.values()).backward()
            model.update_teachers(0)
        assert losses["loss_attention"].shape == ()


def test_attention_score_and_target_are_checked_when_the_model_is_built(build):
    wrong = dict(teacher="t", block=2, head=0)
    with pytest.raises(ValueError, match="the SparseViT has 2 blocks; set block to 0 .. 1"):
        build(**{**GPA, "masking": dict(GPA["masking"], score=dict(type="AttentionScore", **wrong))})
    with pytest.raises(ValueError, match="asks teacher 't' for its attention but there is no such teacher"):
        build(**{**GPA, "teachers": dict(t=None, other=dict(type="EMATeacher"))})


def test_a_teacher_without_attention_is_refused(build, tmp_path):
    options = dict(embed_dim=16, depth=1, num_heads=1, img_size=32, patch_size=4, num_classes=0)
    torch.save(timm.create_model("vit_tiny_patch16_224", **options).state_dict(), tmp_path / "t.pth")
    teacher = dict(
        type="FrozenTeacher", model="vit_tiny_patch16_224", checkpoint=str(tmp_path / "t.pth"), options=options
    )
    with pytest.raises(
        ValueError, match=r"teacher 't' \(FrozenTeacher\) cannot give attention; it gives \['features'\]"
    ):
        build(**{**GPA, "teachers": dict(t=teacher)})
