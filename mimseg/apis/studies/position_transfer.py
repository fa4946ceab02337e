"""What becomes of fixed positions on larger images than a ViT was pre-trained on, measured with FastMIM on scenes."""

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import mean, stdev
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ...datasets.scenes import CLASSES, make_scene
from ...evaluation.knn import weighted_knn
from ...models.backbones.positions import Positions
from ...registry import MODELS
from ...tables import TextTable

KINDS = {"sincos_per_grid": "computed for each grid", "sincos": "resized from the first stage's"}
"""What is compared, and in words: computed anew for every grid, and resized from the first stage's."""
PATCH = 4
DRAWN = 64  # px a side of a scene before it is cropped or resized
HELD_OUT = 10**9  # index of the first scene that is never trained on
BATCH = 32
RATE = 1e-3
WARM_UP = 50  # steps
NEIGHBOURS = 20
Measured = dict[str, dict[int, tuple[float, float]]]
"""Two numbers by kind of positions, and by size or stage."""


@dataclass(frozen=True)
class GrowingTraining:
    """A training in stages of growing images.

    Attributes:
        stages: side in pixels of the images of each stage, a multiple of 4.
        steps: of each stage, 32 random crops of scenes each.
        beyond: side of larger images that the model is looked at besides.
        width: of the encoder, 4 blocks with heads of 32.
        train: scenes to train on; half of them are the neighbours of k-NN.
        held_out: scenes to look at.
    """

    stages: tuple[int, ...] = (32, 40, 48)
    steps: tuple[int, ...] = (400, 100, 100)
    beyond: int = 56
    width: int = 64
    train: int = 2000
    held_out: int = 300

    def __post_init__(self) -> None:
        sides = (*self.stages, self.beyond)
        if len(self.steps) != len(self.stages) or not self.stages or min(self.steps) < 1:
            raise ValueError(f"{len(self.stages)} stages need as many numbers of steps, got {list(self.steps)}")
        if any(side % PATCH or not PATCH <= side <= DRAWN for side in sides):
            raise ValueError(f"image sizes are multiples of {PATCH} px up to {DRAWN}, got {list(sides)}")
        if self.width < 32 or self.width % 32:
            raise ValueError(f"the width is a multiple of 32, got {self.width}")
        if min(self.train // 2, self.held_out) < NEIGHBOURS:
            raise ValueError(f"k-NN needs {2 * NEIGHBOURS} scenes to train on and {NEIGHBOURS} to look at")


@dataclass
class Outcome:
    """Masked HOG loss and k-NN top-1 (percent) of held-out scenes, of one seed.

    Attributes:
        first: after the first stage, by kind of positions and side of the images.
        stages: by kind and stage from the second: at its size after one step in it, and at its end.
        last: after the last stage, by kind and side.
    """

    first: Measured = field(default_factory=dict)
    stages: Measured = field(default_factory=dict)
    last: Measured = field(default_factory=dict)


def position_transfer(training: GrowingTraining, seeds: Sequence[int], log: Callable[[str], Any]) -> list[Outcome]:
    """Train a small FastMIM through stages with both kinds of positions, for each seed.

    Both go on from one model after the first stage, with equal scenes, crops and masks.

    Args:
        training: what is trained.
        seeds: of weights, crops and masks.
        log: takes lines that tell how far it is.
    """
    log(f"drawing {training.train + training.held_out} scenes")
    scenes = Scenes(training)
    outcomes = []
    for seed in seeds:
        outcome, run = Outcome(), GrowingModel(training, scenes, seed)
        run.stage(0)
        sides = (*training.stages, training.beyond)
        for kind in KINDS:
            branch = run.branch(kind)
            outcome.first[kind] = {side: branch.look(side) for side in sides}
            outcome.stages[kind] = {}
            for index in range(1, len(training.stages)):
                outcome.stages[kind][index] = branch.stage(index)
            outcome.last[kind] = {side: branch.look(side) for side in sides}
            log(f"seed {seed}, {kind}: done")
        outcomes.append(outcome)
    return outcomes


def transfer_tables(training: GrowingTraining, outcomes: Sequence[Outcome]) -> list[TextTable]:
    """Build the tables of a study: after the first stage and, where there are several, at each and after the last."""
    held_out = "after the {} stage: loss of masked patches, k-NN top-1"
    first = _by_size(held_out.format("first"), training, [outcome.first for outcome in outcomes])
    if len(training.stages) == 1:
        return [first]
    last = _by_size(held_out.format("last"), training, [outcome.last for outcome in outcomes])
    return [first, _by_stage(training, [outcome.stages for outcome in outcomes]), last]


def _by_size(title: str, training: GrowingTraining, found: Sequence[Measured]) -> TextTable:
    """Losses and k-NN by size of the images."""
    sides = (*training.stages, training.beyond)
    rows = []
    for kind, name in KINDS.items():
        for index, (what, digits) in enumerate((("loss", 4), ("k-NN", 1))):
            cells = [_spread([one[kind][side][index] for one in found], digits) for side in sides]
            rows.append([name, what, *cells])
    return TextTable(["positions", "", *(f"{side} px" for side in sides)], rows, title)


def _by_stage(training: GrowingTraining, found: Sequence[Measured]) -> TextTable:
    """The losses at the size of each stage after its first and last step."""
    later = range(1, len(training.stages))
    header = ["positions"]
    for index in later:
        header += [f"{training.stages[index]} px, step {steps}" for steps in (1, training.steps[index])]
    rows = [
        [name, *(_spread([one[kind][index][end] for one in found], 4) for index in later for end in (0, 1))]
        for kind, name in KINDS.items()
    ]
    return TextTable(header, rows, "trained on: loss of masked patches at the size of the stage")


def _spread(values: Sequence[float], digits: int) -> str:
    """Mean, and standard deviation where there are several values."""
    deviation = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{mean(values):.{digits}f}{deviation}"


class Scenes:
    """Scenes to train on and held-out ones, normalised, with the class of the largest object of each."""

    def __init__(self, training: GrowingTraining) -> None:
        self.train, self.labels = self._draw(range(training.train))
        self.held_out, self.held_out_labels = self._draw(range(HELD_OUT, HELD_OUT + training.held_out))
        mean, std = self.train.mean((0, 2, 3), keepdim=True), self.train.std((0, 2, 3), keepdim=True)
        self.train, self.held_out = (self.train - mean) / std, (self.held_out - mean) / std

    @staticmethod
    def _draw(indices: Iterable[int]) -> tuple[Tensor, Tensor]:
        scenes = [make_scene(index, (DRAWN, DRAWN)) for index in indices]
        images = torch.stack([torch.from_numpy(scene.image).permute(2, 0, 1) for scene in scenes])
        return images.float(), torch.tensor([scene.main_label for scene in scenes])


class GrowingModel:
    """A model, its optimizer and how far it is."""

    def __init__(self, training: GrowingTraining, scenes: Scenes, seed: int) -> None:
        self.training, self.scenes, self.seed = training, scenes, seed
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.model: Any = MODELS.build(model_config(training))
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=RATE, betas=(0.9, 0.95), weight_decay=0.05)
        self.done = 0

    def branch(self, kind: str) -> "GrowingModel":
        """A copy that goes on with positions of a kind."""
        copied = copy.copy(self)
        copied.model = copy.deepcopy(self.model)
        grid = self.training.stages[0] // PATCH
        copied.model.encoder.positions = Positions(self.training.width, (grid, grid) if kind == "sincos" else None)
        copied.optimizer = torch.optim.AdamW(copied.model.parameters(), lr=RATE)
        copied.optimizer.load_state_dict(copy.deepcopy(self.optimizer.state_dict()))
        return copied

    def stage(self, index: int) -> tuple[float, float]:
        """Train a stage; gives the loss at its size after its first step, and after its last."""
        side = self.training.stages[index]
        self._train(side, 1)
        first = self.loss(side)
        self._train(side, self.training.steps[index] - 1)
        return first, self.loss(side)

    def look(self, side: int) -> tuple[float, float]:
        """Masked loss and k-NN top-1 in percent of held-out scenes at a size."""
        return self.loss(side), self._knn(side)

    def _train(self, side: int, steps: int) -> None:
        total = sum(self.training.steps)
        self.model.train()
        for _ in range(steps):
            generator = torch.Generator().manual_seed(self.seed * total + self.done)
            rate = RATE * min(1.0, (self.done + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * self.done / total))
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            chosen = torch.randint(len(self.scenes.train), (BATCH,), generator=generator)
            images = random_crops(self.scenes.train[chosen], side, generator)
            loss = self._masked_loss(images, generator)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.done += 1

    @torch.no_grad()
    def loss(self, side: int) -> float:
        """Of held-out scenes, under the same masks for all models."""
        self.model.eval()
        return float(self._masked_loss(resized(self.scenes.held_out, side), torch.Generator().manual_seed(side)))

    def _masked_loss(self, images: Tensor, generator: torch.Generator) -> Tensor:
        grid = (images.shape[2] // PATCH, images.shape[3] // PATCH)
        noise = torch.rand(len(images), grid[0] * grid[1], generator=generator)
        mask = self.model.masking.at_random(noise, PATCH, grid)
        loss: Tensor = self.model.loss_under(images, mask)["loss_reconstruct"]
        return loss

    @torch.no_grad()
    def _knn(self, side: int) -> float:
        self.model.eval()
        bank = len(self.scenes.train) // 2
        known, seen = (
            torch.cat([self.model.extract_features(resized(part, side)) for part in images.split(250)])
            for images in (self.scenes.train[:bank], self.scenes.held_out)
        )
        labels, truth = self.scenes.labels[:bank], self.scenes.held_out_labels
        return weighted_knn(known, labels, seen, truth, len(CLASSES), ks=(NEIGHBOURS,))[NEIGHBOURS]


def model_config(training: GrowingTraining) -> dict[str, Any]:
    """FastMIM with HOG of 4 px cells, 3 of 4 patches of 4 px masked."""
    arch = {"embed_dim": training.width, "depth": 4, "num_heads": training.width // 32}
    encoder = {"type": "DenseViT", "arch": arch, "patch_size": PATCH, "image_size": training.stages[0]}
    encoder |= {"positions": "sincos", "layer_scale": None, "init": "xavier", "mask_at": "pixels"}
    task = {"type": "Task", "decoder": {"type": "TransformerDecoder", "depth": 1}, "loss": {"type": "PatchMSE"}}
    ratio = {"type": "FixedRatio", "ratio": 0.75}
    return {
        "type": "MaskedImageModel",
        "data_preprocessor": {"type": "ImagePreprocessor", "mean": [0.0] * 3, "std": [1.0] * 3},
        "encoder": encoder,
        "neck": {"type": "ProjectionNeck", "width": 64},
        "masking": {"type": "MaskGenerator", "policy": {"type": "RandomPolicy"}, "ratio": ratio},
        "tasks": {"reconstruct": task | {"target": {"type": "HOGTarget", "cell": PATCH}}},
    }


def random_crops(images: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """A crop of each image ``(B, C, H, W)``: 0.2 to 1 of its area, sides 3/4 to 4/3, mirrored or not, bilinear."""
    batch = len(images)
    area, shape, down, right, mirror = torch.rand(5, batch, generator=generator)
    ratio = ((2 * shape - 1) * math.log(4 / 3)).exp()
    area = 0.2 + 0.8 * area
    high, wide = (area / ratio).sqrt().clamp(max=1), (area * ratio).sqrt().clamp(max=1)
    theta = torch.zeros(batch, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = wide * (2 * (mirror < 0.5) - 1), high
    theta[:, 0, 2], theta[:, 1, 2] = (2 * right - 1) * (1 - wide), (2 * down - 1) * (1 - high)
    grid = F.affine_grid(theta, [batch, images.shape[1], side, side], align_corners=False)
    return F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)


def resized(images: Tensor, side: int) -> Tensor:
    """Whole images ``(B, C, H, W)`` at another size, bicubically."""
    return F.interpolate(images, size=(side, side), mode="bicubic", antialias=True, align_corners=False)
