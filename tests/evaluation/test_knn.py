import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from mimseg.evaluation import knn_predictions, weighted_knn


def clustered(number: int, seed: int, classes: int = 5, width: int = 16) -> tuple[torch.Tensor, torch.Tensor]:
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(classes, width))
    labels = generator.integers(0, classes, number)
    features = 0.6 * centres[labels] + generator.normal(size=(number, width))
    return torch.from_numpy(features * generator.uniform(0.1, 9, (number, 1))).float(), torch.from_numpy(labels)


@pytest.mark.parametrize("chunk", [1, 7, 256])
def test_agrees_with_scikit_learn(chunk):
    train, train_labels = clustered(400, seed=0)
    test, test_labels = clustered(150, seed=1)
    ours = weighted_knn(train, train_labels, test, test_labels, num_classes=5, ks=(1, 10, 20, 200), chunk=chunk)
    for k, top1 in ours.items():
        # scikit-learn's cosine distance is 1 - similarity, so the vote is exp((1 - distance) / 0.07).
        reference = KNeighborsClassifier(
            k, weights=lambda d: np.exp((1 - d) / 0.07), metric="cosine", algorithm="brute"
        )
        reference.fit(train.double().numpy(), train_labels.numpy())
        assert top1 == pytest.approx(100 * reference.score(test.double().numpy(), test_labels.numpy()), abs=1e-9)
    assert 30 < ours[10] < 99  # an informative case, not all right or all wrong


@pytest.mark.parametrize("width", [8, 128])
def test_predicts_exactly_what_scikit_learn_does(width):
    """Every single prediction on random features, for the four k of the protocol."""
    generator = np.random.default_rng(width)
    bank, asked = generator.normal(size=(1000, width)), generator.normal(size=(300, width))
    labels = generator.integers(0, 7, 1000)
    ours = knn_predictions(*map(torch.from_numpy, (bank, labels, asked)), num_classes=7)
    assert list(ours) == [10, 20, 100, 200]
    for k, classes in ours.items():
        vote = KNeighborsClassifier(k, weights=lambda d: np.exp((1 - d) / 0.07), metric="cosine", algorithm="brute")
        assert np.array_equal(classes.numpy(), vote.fit(bank, labels).predict(asked))
        assert len(np.unique(classes)) == 7


def test_the_chunk_changes_nothing():
    train, labels = clustered(300, seed=0)
    test, _ = clustered(101, seed=1)
    whole = knn_predictions(train, labels, test, 5, chunk=1000)
    for chunk in (1, 13, 101):
        pieces = knn_predictions(train, labels, test, 5, chunk=chunk)
        assert all(torch.equal(pieces[k], whole[k]) for k in whole)


def test_a_low_temperature_does_not_overflow():
    """exp(1 / 0.001) is infinite in fp32 and in double; the nearest neighbour alone decides in the limit."""
    train, labels = clustered(300, seed=0)
    test, answers = clustered(100, seed=1)
    cold = weighted_knn(train, labels, test, answers, 5, ks=(1, 20), temperature=0.001)
    assert cold[20] == cold[1] > 30


def test_the_weights_decide_against_the_majority():
    # One neighbour at similarity 1 votes exp(1 / .07) = 1.6e6, two at .6 vote 2 exp(.6 / .07) = 1.05e4.
    train = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.6, -0.8]])
    test, answer = torch.tensor([[5.0, 0.0]]), torch.tensor([0])
    assert weighted_knn(train, torch.tensor([0, 1, 1]), test, answer, 2, ks=[3]) == {3: 100.0}
    # At temperature 10 the two near-equal votes win: 2 exp(.06) = 2.12 > exp(.1) = 1.11.
    assert weighted_knn(train, torch.tensor([0, 1, 1]), test, answer, 2, ks=[3], temperature=10.0) == {3: 0.0}


def test_ks_above_the_number_of_images_are_left_out():
    train, labels = clustered(15, seed=0)
    assert list(weighted_knn(train, labels, train, labels, 5, ks=(10, 15, 16, 200))) == [10, 15]
    with pytest.raises(ValueError, match=r"no k of .*15 training images"):
        weighted_knn(train, labels, train, labels, 5, ks=(16, 200))


def test_bad_input_is_named():
    train, labels = clustered(15, seed=0)
    with pytest.raises(ValueError, match="16 dimensions and test features 3"):
        weighted_knn(train, labels, torch.ones(2, 3), torch.zeros(2, dtype=torch.long), 5)
    for k in (0, -1, 2.0):
        with pytest.raises(ValueError, match=f"k is {k}; use whole numbers"):
            weighted_knn(train, labels, train, labels, 5, ks=(k, 5))
    with pytest.raises(ValueError, match="labels"):
        weighted_knn(train, labels[:-1], train, labels, 5)
    with pytest.raises(ValueError, match="which 2 classes do not cover"):
        weighted_knn(train, labels, train, labels, 2)
    broken = train.clone()
    broken[3, 2] = float("nan")
    with pytest.raises(ValueError, match="1 of 15 test images are not finite"):
        weighted_knn(train, labels, broken, labels, 5)
