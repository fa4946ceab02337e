import itertools

import pytest
import torch

from mimseg.benchmark.counting import flops_by_part
from mimseg.benchmark.stepping import step, step_by_part
from mimseg.benchmark.subject import fixed_twin
from mimseg.models import decide_masks
from mimseg.ops.attention import PatchAttention

CPU = torch.device("cpu")
MAP = PatchAttention(block=1, head=0)


def test_a_subject_of_any_kind_steps_and_all_of_it_is_counted(subject_of, images, kind):
    subject = subject_of(kind)
    flops = flops_by_part(subject, images, "bf16")
    assert min(flops.values()) > 0 and {"encoder", "decoders", "backward"} <= flops.keys()
    assert ("teacher" in flops) == (kind in ("gpa", "amt"))
    assert ("masking" in flops) == (kind in ("sbam", "amr", "amr units", "block"))


@pytest.mark.parametrize("share", [0.52, 0.74, 0.76, 0.9])
def test_a_twin_hides_the_same_number_of_patches_of_every_image(subject_of, images, share):
    subject = subject_of("amr")
    twin = fixed_twin(subject, share, CPU)
    mask = decide_masks(twin.model, images).mask
    assert not mask.is_ragged
    assert mask.mask.sum(dim=1).tolist() == [round(share * 24)] * 4
    assert twin.name == f"model, {round(share * 24) / 24:.3f} at random"
    assert list(twin.model.state_dict()) == list(subject.model.state_dict())


def test_a_twin_masks_units(subject_of, images):
    twin = fixed_twin(subject_of("amr units"), 0.7, CPU)  # of 3 x 2 units 4.2
    mask = decide_masks(twin.model, images).mask.mask.view(4, 3, 2, 2, 2)
    assert mask.sum(dim=(1, 2, 3, 4)).tolist() == [16] * 4
    assert torch.equal(mask.any(dim=(2, 4)), mask.all(dim=(2, 4)))


def test_a_twin_has_no_teacher_that_only_a_score_asks(subject_of):
    changes = dict(
        masking=dict(score=dict(type="AttentionScore", teacher="ema", block=0, head=0)),
        teachers=dict(ema=dict(type="EMATeacher")),
    )
    assert len(fixed_twin(subject_of("amr", **changes), 0.75, CPU).model.teachers) == 0
    features = dict(target=dict(type="FeatureTarget", teacher="ema"), loss=dict(type="PatchCosine"))
    twin = fixed_twin(subject_of("amr", **changes, tasks=dict(reconstruct=features)), 0.75, CPU)
    assert list(twin.model.teachers) == ["ema"]


def test_embedding_all_patches_for_a_score_counts_as_masking(subject_of, images):
    plain, salient = (flops_by_part(subject_of(kind), images, "fp32") for kind in ("mae", "sbam"))
    embed, affinity = 2 * 4 * 24 * (4 * 4 * 3) * 32, 2 * 4 * 24 * 24 * 32
    assert salient["masking"] == embed + affinity
    assert plain["encoder"] - salient["encoder"] == embed // 4  # of the 6 visible patches
    assert plain["decoders"] == salient["decoders"]


def test_a_student_as_its_own_teacher_counts_as_teacher(subject_of, images):
    own = dict(
        masking=dict(score=dict(type="AttentionScore", teacher="student", block=0, head=0)),
        teachers=dict(mae=None, student=dict(type="StudentTeacher")),
    )
    flops = flops_by_part(subject_of("gpa", **own), images, "fp32")
    assert flops["teacher"] >= 2 * 4 * 24 * (4 * 4 * 3) * 32 and "masking" not in flops


def test_a_pretrained_teacher_takes_part_without_its_file(subject_of, images):
    subject = subject_of("gpa")
    assert subject.random_teachers == ("mae",)
    assert subject.model.teachers["mae"].look(images, frozenset({MAP})).attention[MAP].std() > 0
    assert step_by_part(subject, images, "fp32", itertools.count().__next__)["teacher"] > 0
    assert subject.config.model.teachers.mae.checkpoint == "nowhere/mae.pth"  # the config is as it was


def test_a_pretrained_teacher_whose_file_is_there_reads_it(subject_of, tmp_path):
    own = subject_of("mae").model.encoder
    torch.save({f"encoder.{name}": tensor for name, tensor in own.state_dict().items()}, tmp_path / "mae.pth")
    torch.manual_seed(1)
    subject = subject_of("gpa", teachers=dict(mae=dict(checkpoint=str(tmp_path / "mae.pth"))))
    assert subject.random_teachers == ()
    assert torch.equal(subject.model.teachers["mae"].network.blocks[0].attn.qkv.weight, own.blocks[0].attn.qkv.weight)


def test_a_timm_teacher_takes_part_without_a_download(subject_of, images):
    options = dict(embed_dim=24, depth=1, num_heads=2, img_size=(24, 16), patch_size=4)
    subject = subject_of(
        "mae",
        teachers=dict(dino=dict(type="FrozenTeacher", model="vit_tiny_patch16_224.augreg_in21k", options=options)),
        tasks=dict(reconstruct=dict(target=dict(type="FeatureTarget", teacher="dino"), loss=dict(type="PatchCosine"))),
    )
    assert subject.random_teachers == ("dino",)
    step(subject, images, "fp32")


def test_steps_leave_the_weights_as_they_are(subject_of, images):
    """So that a mask that follows from them hides the same number in every step."""
    subject = subject_of("amr")
    before = [parameter.clone() for parameter in subject.model.parameters()]
    for _ in range(2):
        step(subject, images, "fp32")
    assert all(torch.equal(a, b) for a, b in zip(before, subject.model.parameters(), strict=True))
    state = subject.optimizer.state[subject.model.encoder.patch_embed.weight]
    assert state["step"] == 2 and state["exp_avg"].abs().sum() > 0  # the optimizer did its work
