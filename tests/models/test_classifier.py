"""Features and classifiers: what the head sees, what trains, and the losses, against plain PyTorch."""

import pytest
import torch
import torch.nn.functional as F
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpretrain.structures import DataSample

import mimseg.engine  # noqa: F401  (fills the registries)
from mimseg.models import Classifier, FeatureExtractor

STATS = dict(type="mimseg.ImagePreprocessor", mean=[100.0] * 3, std=[50.0] * 3)
ENCODER = dict(type="mimseg.SparseViT", arch=dict(embed_dim=32, depth=2, num_heads=2), patch_size=4)


@pytest.fixture(autouse=True)
def one_thread():
    init_default_scope("mimseg")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def classifier(encoder=None, **settings) -> Classifier:
    return Classifier(STATS, {**ENCODER, **(encoder or {})}, num_classes=5, **settings)


def batches(number, size=8):
    generator = torch.Generator().manual_seed(1)
    for _ in range(number):
        images = torch.randint(0, 256, (size, 3, 16, 16), generator=generator, dtype=torch.uint8)
        labels = torch.randint(0, 5, (size,), generator=generator)
        yield images, labels


def as_batch(images, labels):
    samples = [
        DataSample(metainfo=dict(img_path=f"{i}.png")).set_gt_label(int(label)) for i, label in enumerate(labels)
    ]
    return dict(inputs=images, data_samples=samples)


def test_features_are_the_mean_patch_token_or_the_class_token():
    model = FeatureExtractor(STATS, ENCODER)
    images = torch.randn(2, 3, 16, 8)
    tokens = model.encoder(images).tokens
    assert torch.equal(model.extract_features(images), tokens[:, 1:].mean(dim=1))
    assert torch.equal(model.extract_features(images, pool="cls"), tokens[:, 0])
    with pytest.raises(ValueError, match="pool must be 'avg' or 'cls', got 'max'"):
        FeatureExtractor(STATS, ENCODER, pool="max")
    with pytest.raises(ValueError, match="gives features only"):
        model(images, mode="loss")


def test_a_fine_tuned_head_sees_the_normalised_mean_of_tokens_that_no_norm_touched():
    model = classifier().eval()
    images = torch.randn(2, 3, 16, 16)
    x = model.encoder.patch_embed(F.unfold(images, 4, stride=4).transpose(1, 2).reshape(2, 16, 3, 16).mT.flatten(2))
    x = torch.cat([model.encoder.cls_token.expand(2, -1, -1), x + model.encoder.positions((4, 4))], dim=1)
    for block in model.encoder.blocks:
        x = block(x)
    expected = F.layer_norm(x[:, 1:].mean(dim=1), (32,), eps=1e-6) @ model.head.weight.T
    torch.testing.assert_close(model(images), expected, rtol=1e-4, atol=1e-6)


def test_learned_positions_start_as_the_fixed_ones_train_and_follow_the_image():
    torch.manual_seed(0)
    fixed = classifier().eval()
    torch.manual_seed(0)
    learned = classifier(dict(positions="learned", image_size=16)).eval()
    images = torch.randn(2, 3, 16, 16)
    torch.testing.assert_close(learned(images), fixed(images))
    assert learned(torch.randn(2, 3, 24, 8)).shape == (2, 5)
    learned(images).sum().backward()
    assert learned.encoder.positions.table.grad.abs().sum(dim=1).gt(0).all()
    assert learned.encoder.positions.size.tolist() == [4, 4]
    with pytest.raises(ValueError, match="needs encoder.image_size"):
        classifier(dict(positions="learned"))
    with pytest.raises(ValueError, match="encoder.positions must be .* got 'rotary'"):
        classifier(dict(positions="rotary"))


def plain_linear_probe(model, steps, lr):
    """The same probe written out: frozen features, batch statistics by hand, SGD with momentum by hand."""
    weight, bias = model.head.weight.detach().clone(), model.head.bias.detach().clone()
    momentum = [torch.zeros_like(weight), torch.zeros_like(bias)]
    losses = []
    for images, labels in batches(steps):
        with torch.no_grad():
            features = model.encoder((images.float() - 100) / 50).tokens[:, 1:].mean(dim=1)
        features = (features - features.mean(dim=0)) / (features.var(dim=0, unbiased=False) + 1e-6).sqrt()
        probabilities = (features @ weight.T + bias).softmax(dim=1)
        losses.append(-probabilities[range(len(labels)), labels].log().mean())
        error = (probabilities - F.one_hot(labels, 5)) / len(labels)
        for parameter, buffer, gradient in zip(
            (weight, bias), momentum, (error.T @ features, error.sum(dim=0)), strict=True
        ):
            buffer.mul_(0.9).add_(gradient)
            parameter.sub_(lr * buffer)
    return torch.stack(losses), weight


def test_a_linear_probe_equals_a_plain_loop_over_20_steps():
    model = classifier(norm="batch", frozen=True, head_std=0.01).train()
    frozen = {name: value.clone() for name, value in model.encoder.state_dict().items()}
    expected_losses, expected_weight = plain_linear_probe(model, 20, lr=0.5)
    optimizer = dict(type="SGD", lr=0.5, momentum=0.9, weight_decay=0.0, fused=True)
    wrapper = build_optim_wrapper(
        model, dict(type="MIMOptimWrapper", constructor="WeightDecayByShape", optimizer=optimizer)
    )
    losses = [model.train_step(as_batch(*batch), wrapper)["loss"] for batch in batches(20)]
    torch.testing.assert_close(torch.stack(losses), expected_losses, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(model.head.weight.detach(), expected_weight, rtol=1e-4, atol=1e-5)
    assert losses[-1] != losses[0]
    assert all(torch.equal(value, frozen[name]) for name, value in model.encoder.state_dict().items())
    assert not model.encoder.training


def test_fine_tuning_equals_a_plain_loop_over_20_steps():
    """AdamW with layer decay and label smoothing, each parameter in a group of its own in the plain loop."""
    model = classifier(dict(positions="learned", image_size=16), head_std=2e-5, label_smoothing=0.1).train()
    plain = classifier(dict(positions="learned", image_size=16), head_std=2e-5, label_smoothing=0.1).train()
    plain.load_state_dict(model.state_dict())
    before, cls_before = model.head.weight.detach().clone(), model.encoder.cls_token.detach().clone()
    optimizer = dict(type="AdamW", lr=1e-3, betas=(0.9, 0.999), weight_decay=0.05, fused=True)
    paramwise = dict(layer_decay=0.5, no_decay=("cls_token", "positions"))
    wrapper = build_optim_wrapper(
        model, dict(type="MIMOptimWrapper", constructor="LayerDecay", paramwise_cfg=paramwise, optimizer=optimizer)
    )
    # 2 blocks: embeddings are 3 layers below the head, block 0 two, block 1 one
    below = {"blocks.0": 2, "blocks.1": 1, "patch_embed": 3, "cls_token": 3, "positions": 3}
    groups = []
    for name, parameter in plain.named_parameters():
        depth = next((n for part, n in below.items() if part in name), 0)
        exempt = parameter.ndim == 1 or "cls_token" in name or "positions" in name
        groups.append(dict(params=[parameter], lr=1e-3 * 0.5**depth, weight_decay=0.0 if exempt else 0.05))
    adamw = torch.optim.AdamW(groups, betas=(0.9, 0.999))
    for images, labels in batches(20):
        logits = plain((images.float() - 100) / 50)
        target = 0.9 * F.one_hot(labels, 5) + 0.1 / 5
        expected = -(target * logits.log_softmax(dim=1)).sum(dim=1).mean()
        adamw.zero_grad()
        expected.backward()
        adamw.step()
        loss = model.train_step(as_batch(images, labels), wrapper)["loss"]
        torch.testing.assert_close(loss.detach(), expected.detach(), rtol=1e-4, atol=1e-5)
    theirs = dict(plain.named_parameters())
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter, theirs[name], rtol=1e-3, atol=1e-5)
    head, token = (model.head.weight - before).abs().mean(), (model.encoder.cls_token - cls_before).abs().mean()
    assert head > 2 * token > 0  # the token's rate is an eighth of the head's


def test_mixup_and_cutmix_mix_images_and_labels_alike():
    """Constant images whose value is their label: the mixed label is the mixed image's mean."""
    model = classifier(mixup=0.8, cutmix=1.0)
    labels = torch.tensor([0, 4, 2, 1])
    images = labels.float().view(-1, 1, 1, 1).expand(-1, 3, 16, 16).contiguous()
    uniform = 0
    for _ in range(20):
        mixed, target = model.augment(images, labels)
        torch.testing.assert_close(mixed.mean(dim=(1, 2, 3)), target @ torch.arange(5.0), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(target.sum(dim=1), torch.ones(4))
        uniform += bool(mixed.std(dim=(1, 2, 3)).max() < 1e-6)
    assert 3 < uniform < 17  # both kinds are drawn
    kept, target = classifier().augment(images, labels)
    assert kept is images and target is labels


def test_predictions_and_wrong_labels():
    model = classifier().eval()
    images, labels = next(batches(1))
    batch = as_batch(images, labels)
    with torch.no_grad():
        predicted = model.val_step(batch)
        logits = model((images.float() - 100) / 50)
    torch.testing.assert_close(torch.stack([sample.pred_score for sample in predicted]), logits.softmax(dim=1))
    batch["data_samples"][3].set_gt_label(5)
    with pytest.raises(ValueError, match=r"3\.png has label 5, but model\.num_classes=5 allows 0 to 4"):
        model.val_step(batch)
    batch["data_samples"][3] = DataSample(metainfo=dict(img_path="none.png"))
    with pytest.raises(ValueError, match=r"none\.png has no label"):
        model(model.data_preprocessor(batch)["inputs"], batch["data_samples"], mode="loss")


@pytest.mark.parametrize(
    ("settings", "message"),
    [(dict(norm="group"), "norm must be"), (dict(pool="max"), "pool must be"), (dict(mixup=-1.0), "mixup and cutmix")],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        classifier(**settings)


@pytest.mark.parametrize(
    "encoder",
    [
        dict(type="mimseg.DenseViT", arch=ENCODER["arch"], patch_size=4, image_size=16),
        dict(
            type="mimseg.DenseSwin",
            arch=dict(embed_dim=8, depths=(1, 1), num_heads=(1, 2)),
            image_size=16,
            window_size=2,
        ),
    ],
)
def test_every_trained_weight_of_a_dense_encoder_gets_a_gradient(encoder):
    """Data parallelism ends a run in which one does not."""
    model = Classifier(STATS, encoder, num_classes=5, norm="layer").train()
    model.loss(torch.randn(4, 3, 16, 16), torch.tensor([0, 1, 2, 3]))["loss"].backward()
    assert not [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None]


def test_cmts_classifier_is_wide_features_and_then_their_mean():
    """As CMT's public code ends: convolution, BatchNorm, Swish, mean, dropout, linear; on the map, in plain PyTorch."""
    model = classifier(norm=None, expand=12, dropout=0.3).train()
    images = torch.randn(3, 3, 16, 24)
    torch.nn.init.normal_(model.expand.norm.weight)
    torch.nn.init.normal_(model.expand.norm.bias)
    tokens = model.encoder(images).tokens[:, 1:]
    x = F.conv2d(tokens.mT.unflatten(2, (4, 6)), model.expand.conv.weight[:, :, None, None], model.expand.conv.bias)
    mean, var = x.mean(dim=(0, 2, 3), keepdim=True), x.var(dim=(0, 2, 3), unbiased=False, keepdim=True)
    scale, shift = (p.view(1, -1, 1, 1) for p in (model.expand.norm.weight, model.expand.norm.bias))
    x = (x - mean) / (var + 1e-5).sqrt() * scale + shift
    expected = (x * torch.sigmoid(x)).mean(dim=(2, 3))
    drawn = torch.stack([model.represent(images) for _ in range(200)])
    kept = drawn.ne(0)
    assert kept.float().mean().item() == pytest.approx(0.7, abs=0.02)
    torch.testing.assert_close(drawn[kept], (expected / 0.7).expand_as(drawn)[kept], rtol=1e-4, atol=1e-5)
    model.eval().expand.norm.running_mean = mean.flatten().detach()
    model.expand.norm.running_var = var.flatten().detach()
    torch.testing.assert_close(model(images), expected @ model.head.weight.T + model.head.bias, rtol=1e-4, atol=1e-5)


def test_the_wide_features_learn_also_on_a_frozen_encoder_and_at_the_heads_rate():
    model = classifier(norm=None, expand=12, frozen=True).train()
    model.loss(torch.randn(4, 3, 16, 16), torch.tensor([0, 1, 2, 3]))["loss"].backward()
    assert {name for name, p in model.named_parameters() if p.grad is not None} == {
        f"{name}.{kind}" for name in ("expand.conv", "expand.norm", "head") for kind in ("weight", "bias")
    }
    assert model.layer_of("expand.conv.weight") == model.layer_of("head.weight") == model.num_layers - 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(expand=12), "expand=12 goes with pool='avg' and norm=None, got pool='avg' and norm='layer'"),
        (dict(expand=12, norm=None, pool="cls"), "expand=12 goes with pool='avg'"),
        (dict(dropout=1.0), r"dropout is a share in \[0, 1\), got 1.0"),
    ],
)
def test_wide_features_of_something_else_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        classifier(**settings)
