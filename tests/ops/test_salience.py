"""Token salience against NumPy, and the facts that follow from its definition."""

import numpy as np
import pytest
import torch

from mimseg.ops.salience import check_direction, min_max, salience


def by_hand(tokens: np.ndarray, scaled: bool) -> np.ndarray:
    """One image (L, D): rows of the softmax one by one, then the sum of every column."""
    rows = []
    for token in tokens:
        products = tokens @ token / (np.sqrt(tokens.shape[1]) if scaled else 1.0)
        weights = np.exp(products - products.max())
        rows.append(weights / weights.sum())
    return np.sum(rows, axis=0)


@pytest.mark.parametrize("scaled", [False, True])
def test_salience_against_numpy(scaled):
    tokens = torch.randn(3, 12, 8, generator=torch.Generator().manual_seed(0))
    expected = np.stack([by_hand(image, scaled) for image in tokens.double().numpy()])
    np.testing.assert_allclose(salience(tokens, scaled).numpy(), expected, rtol=1e-5)


def test_tokens_in_half_precision_are_multiplied_in_single():
    """Products of long tokens that differ in their last bits: bf16 has steps of 2 from 256 on."""
    tokens = (16 + torch.randn(2, 49, 64, generator=torch.Generator().manual_seed(0))).bfloat16()
    scores = salience(tokens)
    assert scores.dtype == torch.float32
    expected = np.stack([by_hand(image, False) for image in tokens.double().numpy()])
    np.testing.assert_allclose(scores.numpy(), expected, rtol=1e-2, atol=1e-3)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(salience(tokens), scores)


def test_the_values_of_an_image_sum_to_its_patches():
    tokens = 3 * torch.randn(5, 49, 16, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(salience(tokens).sum(dim=1), torch.full((5,), 49.0))


def test_a_token_that_others_resemble_is_salient_and_permutation_carries_over():
    tokens = torch.zeros(1, 4, 4)
    tokens[0, 0] = torch.tensor([2.0, 0, 0, 0])  # the long version of what tokens 1 and 2 are
    tokens[0, 1:3] = torch.tensor([1.0, 0, 0, 0])
    tokens[0, 3] = torch.tensor([0, 0, 1.0, 0])
    scores = salience(tokens)
    assert scores.argmax() == 0
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(salience(tokens[:, order]), scores[:, order])


def test_incoming_weights_are_all_one_and_leave_the_noise():
    """Row sums of a row softmax; not ones up to rounding, which would be stretched to [0, 1]."""
    tokens = torch.randn(2, 16, 8, generator=torch.Generator().manual_seed(0))
    rows = (tokens.double() @ tokens.double().transpose(1, 2)).softmax(dim=-1).sum(dim=2)
    scores = salience(tokens, direction="incoming")
    torch.testing.assert_close(scores.double(), rows)
    assert (min_max(scores) == 0).all()
    with pytest.raises(ValueError, match="must be 'outgoing' or 'incoming', got 'both'"):
        check_direction("both")


def test_normalising_columns_gives_the_outgoing_weights_again():
    tokens = torch.randn(2, 16, 8, generator=torch.Generator().manual_seed(0))
    columns = (tokens @ tokens.transpose(1, 2)).softmax(dim=1)
    torch.testing.assert_close(columns.sum(dim=2), salience(tokens))


def test_half_precision_and_autocast_do_not_blur_it():
    """Products of 384 and 378.8 are one number in bf16; here they stay two."""
    tokens = torch.randn(2, 16, 8, generator=torch.Generator().manual_seed(0)).mul(20)
    with torch.autocast("cpu", torch.bfloat16):
        scores = salience(tokens)
    assert scores.dtype == torch.float32
    torch.testing.assert_close(scores, salience(tokens))


def test_min_max_stretches_rows_and_survives_constant_ones():
    scores = torch.tensor([[1.0, 3.0, 2.0], [7.0, 7.0, 7.0]])
    torch.testing.assert_close(min_max(scores), torch.tensor([[0.0, 1.0, 0.5], [0.0, 0.0, 0.0]]))
