import itertools

import pytest
import torch

from mimseg.benchmark.masks import is_adaptive, masks_milliseconds, ratios_taken


def test_ratios_are_those_of_eq_7(subject_of, images):
    model = subject_of("amr").model
    images[0, :, :8] = 0  # two rows of flat patches
    images[1, :, 4:] = 0
    taken = ratios_taken(model, images, "fp32")
    for image, ratio in zip(images, taken.tolist(), strict=True):
        tokens = model.encoder.embed(image[None])[0] + model.encoder.position_table((6, 4))
        salience = (tokens @ tokens.T).softmax(dim=1).sum(dim=0)
        salient = (salience - salience.min()) / (salience.max() - salience.min()) > 0.1
        expected = 0.4 + 2 * 0.2 * salient.double().mean().item()
        assert expected - 1e-6 < ratio < expected + 1 / 24  # whole patches, rounded up
    assert len(set(taken.tolist())) > 1


def test_which_models_adapt(subject_of):
    assert is_adaptive(subject_of("amr").model)
    assert is_adaptive(subject_of("amr", masking=dict(ratio=dict(type="AdaptiveRatio", level="batch"))).model)
    assert not is_adaptive(subject_of("sbam").model)
    assert not is_adaptive(torch.nn.Linear(1, 1))


def test_masks_of_any_kind_are_timed_from_given_scores(subject_of, kind):
    model = subject_of(kind).model
    score = model.masking.score
    seen = []
    ticks = itertools.count(1)

    def stopwatch(call):
        seen.append(call().mask.shape)
        return next(ticks) / 1000

    assert masks_milliseconds(model, (3, 24, 16), 8, stopwatch) == pytest.approx(10.5)  # of 1 to 20 ms
    assert seen == [(8, 24)] * 20
    assert model.masking.score is score  # the real one is back
