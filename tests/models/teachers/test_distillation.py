"""FastMIM with distillation (section 5.6) after DMAE, against a ViT in plain PyTorch; tasks that read the encoder."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope

from mimseg.checkpoints.formats import describe
from mimseg.models.backbones.base import BlockFeatures
from mimseg.models.reading import Encoded
from mimseg.ops.masking import PatchMask
from mimseg.ops.posembed import sincos_2d
from mimseg.registry import MODELS

STATISTICS = dict(type="ImagePreprocessor", mean=[120.0, 110.0, 100.0], std=[50.0, 60.0, 70.0])
STUDENT = dict(
    type="DenseViT",
    arch=dict(embed_dim=32, depth=4, num_heads=2),
    patch_size=4,
    image_size=16,
    layer_scale=None,
    positions="sincos",
    init="xavier",
    mask_at="pixels",
)
LARGER = dict(
    type="SparseViT",
    arch=dict(embed_dim=48, depth=8, num_heads=3),
    patch_size=4,
    positions="learned",
    image_size=16,
)
HOG_LIKE = dict(
    type="Task",
    decoder=dict(type="TransformerDecoder", depth=1, num_heads=1),
    target=dict(type="PixelTarget", normalize=True),
    loss=dict(type="PatchMSE"),
)
DISTILL = dict(  # blocks at 3/4 of the depth: the 3rd of 4 and the 6th of 8
    type="Task",
    decoder=dict(type="LinearDecoder"),
    target=dict(type="FeatureTarget", teacher="larger", block=5),
    loss=dict(type="PatchL1"),
    positions="all",
    reads=2,
)


@pytest.fixture(scope="module", autouse=True)
def scope():
    init_default_scope("mimseg")


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    """(file, classifier): the fine-tuned teacher, with weights that are nowhere zero."""
    torch.manual_seed(5)
    model = MODELS.build(dict(type="Classifier", data_preprocessor=STATISTICS, encoder=LARGER, num_classes=3)).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    file = tmp_path_factory.mktemp("teacher") / "classifier.pth"
    torch.save({"state_dict": model.state_dict(), "meta": {"mimseg": describe(model)}}, file)
    return str(file), model


def build(encoder, neck, teachers, tasks):
    torch.manual_seed(0)
    masking = dict(type="MaskGenerator", policy=dict(type="RandomPolicy"), ratio=dict(type="FixedRatio", ratio=0.75))
    parts = dict(encoder=encoder, neck=neck, masking=masking, teachers=teachers, tasks=copy.deepcopy(tasks))
    return MODELS.build(dict(type="MaskedImageModel", data_preprocessor=STATISTICS, **parts))


def model_with(classifier, encoder=STUDENT, neck="ProjectionNeck", **distill):
    teacher = dict(type="PretrainedTeacher", checkpoint=classifier[0], encoder=LARGER)
    tasks = dict(reconstruct=HOG_LIKE, distill={**DISTILL, **distill})
    return build(encoder, dict(type=neck, width=16), dict(larger=teacher), tasks)


def images_and_mask(batch=2):
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(batch, 3, 16, 16, generator=generator)
    rows = torch.rand(batch, 16, generator=generator).argsort(dim=1)[:, :12]
    mask = torch.zeros(batch, 16, dtype=torch.bool).scatter_(1, rows, True)
    return images, PatchMask.from_bool(mask, 12)


def plain_vit(state, images, heads, blocks, positions):
    """Tokens that leave each block of a pre-norm ViT, from its weights by name: matrix products and softmax alone."""
    patches = F.unfold(images, 4, stride=4).mT.unflatten(2, (3, 16)).mT.flatten(2)  # (row, column, channel)
    x = patches @ state["patch_embed.weight"].T + state["patch_embed.bias"]
    x = torch.cat([state["cls_token"].expand(len(x), -1, -1), x], dim=1) + positions
    left = []
    for i in range(blocks):
        w = {key.removeprefix(f"blocks.{i}."): value for key, value in state.items() if key.startswith(f"blocks.{i}.")}
        normed = F.layer_norm(x, x.shape[2:], w["norm1.weight"], w["norm1.bias"], 1e-6)
        qkv = normed @ w["attn.qkv.weight"].T + w["attn.qkv.bias"]
        q, k, v = qkv.unflatten(2, (3, heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1) @ v
        x = x + mixed.transpose(1, 2).flatten(2) @ w["attn.proj.weight"].T + w["attn.proj.bias"]
        normed = F.layer_norm(x, x.shape[2:], w["norm2.weight"], w["norm2.bias"], 1e-6)
        hidden = F.gelu(normed @ w["mlp.fc1.weight"].T + w["mlp.fc1.bias"])
        x = x + hidden @ w["mlp.fc2.weight"].T + w["mlp.fc2.bias"]
        left.append(x)
    return left


def plain_loss(model, classifier, images, mask, normalize=False):
    """``|sigma(z^S) - z^T|``, a mean over images, patches and channels; the class token takes no part."""
    student = dict(model.encoder.named_parameters())
    hidden = mask.mask.view(-1, 1, 4, 4).repeat_interleave(4, 2).repeat_interleave(4, 3)
    masked = torch.where(hidden, student["mask_token"], images)
    fixed = torch.cat([torch.zeros(1, 32), sincos_2d((4, 4), 32)])
    z_student = plain_vit(student, masked, 2, 4, fixed)[2][:, 1:]
    with torch.no_grad():
        teacher = classifier.encoder.state_dict()
        z_teacher = plain_vit(teacher, images, 3, 8, teacher["positions.table"])[5][:, 1:]
    sigma = model.tasks["distill"].decoder.head
    predicted = z_student @ sigma.weight.T + sigma.bias
    if normalize:
        predicted, z_teacher = (x / x.norm(dim=-1, keepdim=True) for x in (predicted, z_teacher))
    return (predicted - z_teacher).abs().mean()


@pytest.mark.parametrize("normalize", [False, True])
def test_it_is_one_linear_map_between_blocks_at_three_quarters_of_the_depth(classifier, normalize):
    model = model_with(classifier, loss=dict(type="PatchL1", normalize=normalize))
    images, mask = images_and_mask()
    expected = plain_loss(model, classifier[1], images, mask, normalize)
    loss = model.loss_under(images, mask)["loss_distill"]
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-6)
    assert model.tasks["distill"].decoder.head.weight.shape == (48, 32)  # straight from the student's own width
    parameters = [(n, p) for n, p in model.named_parameters() if n.startswith(("encoder.", "tasks.distill."))]
    names, values = zip(*((n, p) for n, p in parameters if p.requires_grad), strict=True)
    found = torch.autograd.grad(loss, values, allow_unused=True)
    wanted = torch.autograd.grad(expected, values, allow_unused=True)
    reached = {name for name, gradient in zip(names, found, strict=True) if gradient is not None}
    assert reached == {n for n in names if not n.startswith(("encoder.blocks.3.", "encoder.norm."))}
    for name, here, there in zip(names, found, wanted, strict=True):
        torch.testing.assert_close(here, there, rtol=1e-4, atol=1e-6, msg=name)


def test_the_neck_and_the_other_task_are_as_without_distillation(classifier):
    model = model_with(classifier)
    images, mask = images_and_mask()
    both = model.loss_under(images, mask)
    latent = model.neck(model.encoder(images, mask))
    task = model.tasks["reconstruct"]
    target = task.target(model.step(images, mask))
    assert torch.equal(both["loss_reconstruct"], (task.decoder(latent) - target).square().mean(dim=-1).mean())


def test_the_teacher_keeps_the_blocks_that_are_read_and_no_more(classifier):
    teacher = model_with(classifier).teachers["larger"].network
    kept = {int(name.split(".")[1]) for name, _ in teacher.named_parameters() if name.startswith("blocks.")}
    assert kept == set(range(6)) and not list(teacher.norm.parameters())


def test_the_old_reading_goes_through_the_neck(classifier):
    model = model_with(classifier, reads="neck", target=dict(type="FeatureTarget", teacher="larger"))
    images, mask = images_and_mask()
    assert model.tasks["distill"].decoder.head.weight.shape == (48, 16)
    predicted = model.tasks["distill"].decoder(model.neck(model.encoder(images, mask)), "all")
    features = classifier[1].norm(classifier[1].encoder(images).patch_tokens)
    torch.testing.assert_close(model.loss_under(images, mask)["loss_distill"], (predicted - features).abs().mean())
    assert model.encoder(images, mask).taps == {}


def test_the_encoders_own_last_tokens_can_be_read(classifier):
    model = model_with(classifier, reads="encoder", target=dict(type="FeatureTarget", teacher="larger"))
    images, mask = images_and_mask()
    sigma = model.tasks["distill"].decoder.head
    predicted = model.encoder(images, mask).patch_tokens @ sigma.weight.T + sigma.bias
    features = classifier[1].norm(classifier[1].encoder(images).patch_tokens)
    torch.testing.assert_close(model.loss_under(images, mask)["loss_distill"], (predicted - features).abs().mean())


def test_the_neck_runs_once_and_only_for_a_task_that_reads_it(classifier):
    model = model_with(classifier)
    images, mask = images_and_mask()
    calls = []
    model.neck.register_forward_hook(lambda *_: calls.append(1))
    model.loss_under(images, mask)
    assert len(calls) == 1
    model.tasks["second"] = copy.deepcopy(model.tasks["reconstruct"])
    model.loss_under(images, mask)
    assert len(calls) == 2
    encoded = Encoded(model.encoder(images, mask), model.neck)
    encoded.read_by(model.tasks["distill"])
    assert len(calls) == 2


@pytest.mark.parametrize("teacher", [dict(type="EMATeacher"), dict(type="StudentTeacher")])
def test_teachers_that_follow_the_student_give_a_blocks_features(teacher):
    images, mask = images_and_mask()
    task = {**DISTILL, "target": dict(type="FeatureTarget", teacher="own", block=-2)}
    model = build(STUDENT, None, dict(own=teacher), dict(d=task)).eval()
    state, fixed = model.encoder.state_dict(), torch.cat([torch.zeros(1, 32), sincos_2d((4, 4), 32)])
    want = BlockFeatures(-2)
    seen = model.teachers["own"].look(images, frozenset({want})).blocks[want]
    torch.testing.assert_close(seen, plain_vit(state, images, 2, 4, fixed)[2][:, 1:], rtol=1e-4, atol=1e-5)
    if teacher["type"] == "EMATeacher":
        assert set(model.teachers["own"].parts) == {"trunk"}
    assert 0 < model.loss_under(images, mask)["loss_d"] < 5


def test_what_cannot_be_read_is_refused(classifier):
    with pytest.raises(ValueError, match=r"reads block 4 of a DenseViT with 4; set reads to 0 \.\. 3"):
        model_with(classifier, reads=4)
    with pytest.raises(ValueError, match="must be 'neck', 'encoder' or the number of a block, got 'last'"):
        model_with(classifier, reads="last")
    swin = dict(type="DenseSwin", arch=dict(embed_dim=8, depths=(1, 1), num_heads=(1, 1)), image_size=16, window_size=2)
    with pytest.raises(ValueError, match="reads block 2 of a DenseSwin, .* set the task's reads='encoder'"):
        model_with(classifier, swin)
    sparse = dict(type="SparseViT", arch=STUDENT["arch"], patch_size=4)
    with pytest.raises(ValueError, match="task 'distill' reads the tokens of a SparseViT, which gives none for masked"):
        model_with(classifier, sparse, "MaskTokenNeck")
    with pytest.raises(ValueError, match="BlockFeatures.* is wanted, but the SparseViT has 8 blocks"):
        model_with(classifier, target=dict(type="FeatureTarget", teacher="larger", block=8))
    teacher, own = dict(own=dict(type="StudentTeacher")), dict(type="FeatureTarget", teacher="own")
    with pytest.raises(ValueError, match="no task reads the ProjectionNeck; set model.neck=None"):
        build(STUDENT, dict(type="ProjectionNeck", width=16), teacher, dict(d={**DISTILL, "target": own}))
    with pytest.raises(ValueError, match="DenseSwin has no blocks with tokens of all patches to read"):
        build(swin, None, teacher, dict(d={**DISTILL, "target": {**own, "block": 0}, "reads": "encoder"}))
    predictor = dict(type="PatchLossTarget", task="reconstruct"), dict(type="RelativePatchLoss")
    with pytest.raises(ValueError, match="PatchLossTarget reads the neck, as it is asked; drop reads='encoder'"):
        model_with(classifier, target=predictor[0], loss=predictor[1], positions="masked", reads="encoder")
