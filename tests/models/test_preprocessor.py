import pytest
import torch

from mimseg.models import ImagePreprocessor


@pytest.mark.parametrize("as_list", [False, True])
def test_images_are_normalised_per_channel(as_list):
    images = torch.randint(0, 256, (2, 2, 4, 6), dtype=torch.uint8)
    out = ImagePreprocessor(mean=[10, 20], std=[2, 4])({"inputs": list(images) if as_list else images})["inputs"]
    torch.testing.assert_close(out[:, 0], (images[:, 0].float() - 10) / 2)
    torch.testing.assert_close(out[:, 1], (images[:, 1].float() - 20) / 4)


def test_wrong_channels_and_statistics_are_named():
    with pytest.raises(ValueError, match=r"shape \(1, 3, 4, 4\).*mean has 1 channels"):
        ImagePreprocessor(mean=[0], std=[1])({"inputs": torch.zeros(1, 3, 4, 4)})
    with pytest.raises(ValueError, match="1 means but 2 stds"):
        ImagePreprocessor(mean=[0], std=[1, 1])
    with pytest.raises(ValueError, match="std must be positive"):
        ImagePreprocessor(mean=[0], std=[0])
