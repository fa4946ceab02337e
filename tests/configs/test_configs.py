"""Every config in the tree: its keys are read, its model is the size it says, and it steps once when shrunk."""

import copy
import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from config_tree import NAMES, header, read
from mmengine.config import Config
from mmengine.dataset import Compose, default_collate
from mmengine.model import ExponentialMovingAverage
from mmengine.optim import build_optim_wrapper
from mmengine.registry import FUNCTIONS, METRICS, Registry, init_default_scope
from PIL import Image

from mimseg import registry
from mimseg.apis.run.config import check_keys
from mimseg.apis.run.expand import expand_schedule
from mimseg.registry import MODELS, SELECTORS
from mimseg.selection import make_plan

ROOT = Path(__file__).parents[2]
REGISTRIES = [value for value in vars(registry).values() if isinstance(value, Registry)] + [FUNCTIONS, METRICS]
TINY_TEACHER = dict(embed_dim=16, depth=1, num_heads=2, img_size=64)


@pytest.fixture(scope="module", autouse=True)
def scope():
    init_default_scope("mimseg")
    torch.set_num_threads(1)


def load(name: str) -> Config:
    return copy.deepcopy(read(name))


def typed_dicts(value, where="") -> Iterator[tuple[str, Mapping]]:
    """Every dict that names a class, with its place."""
    if isinstance(value, Mapping):
        if isinstance(value.get("type"), str):
            yield where, value
        for key, inner in value.items():
            if not str(key).startswith("_"):
                yield from typed_dicts(inner, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from typed_dicts(inner, f"{where}[{index}]")


def parameters_of(kind) -> set[str]:
    """Names that a class's constructor reads, through ``**kwargs`` up its bases."""
    names: set[str] = set()
    for base in inspect.getmro(kind) if inspect.isclass(kind) else (kind,):
        function = base.__dict__.get("__init__") if inspect.isclass(kind) else base
        if function is None:
            continue
        parameters = inspect.signature(function).parameters.values()
        names |= {p.name for p in parameters if p.kind is not p.VAR_KEYWORD}
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return names


def unread_keys(cfg: Config) -> list[str]:
    """Keys of class configs that the class does not take. A name that no registry knows counts, too."""
    unread = []
    for where, part in typed_dicts(cfg.to_dict()):
        kind = next((found for r in REGISTRIES if (found := r.get(part["type"])) is not None), None)
        if kind is None:
            unread.append(f"{where}.type={part['type']}")
            continue
        # what the runner or the optimizer wrapper's constructor takes out before the class sees it
        handled = {"type", "constructor", "paramwise_cfg", "_scope_"}
        handled |= parameters_of(ExponentialMovingAverage) if part["type"] == "EMAHook" else set()
        unread += [f"{where}.{key}" for key in part if key not in parameters_of(kind) | handled]
    return unread


CONFIGS = [name for name in NAMES if read(name).default_scope == "mimseg"]  # the others: test_transfer_configs.py


@pytest.mark.parametrize("name", CONFIGS)
def test_every_key_is_read(name):
    cfg = load(name)
    check_keys(cfg)
    assert not unread_keys(cfg)
    if "train_dataloader" in cfg:
        epochs = cfg.schedule.get("stop", cfg.schedule.epochs)
        expand_schedule(cfg)
        assert cfg.train_cfg.max_epochs == epochs


def test_a_key_that_nothing_reads_is_found():
    cfg = load("configs/mae/vitb_200e.py")
    cfg.model.encoder.windows = 3
    cfg.default_hooks.teacher.interval_of_nothing = 1
    assert set(unread_keys(cfg)) == {".model.encoder.windows", ".default_hooks.teacher.interval_of_nothing"}
    cfg = load("configs/mae/vitb_200e.py")
    cfg.mask_ratio = 0.5
    with pytest.raises(ValueError, match="mask_ratio"):
        check_keys(cfg)


@pytest.mark.parametrize("name", NAMES)
def test_the_header_says_what_it_is(name):
    for word in ("Paper:", "Command:", re.sub(":.*", ":ROW", name), "Figure:", "Hardware:"):
        assert word in header(name)


TRAINED = [name for name in CONFIGS if "train_dataloader" in load(name)]


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """An image file and a teacher file."""
    folder = tmp_path_factory.mktemp("sample")
    pixels = np.random.default_rng(0).integers(0, 256, (80, 96, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "image.png")
    teacher = timm.create_model("vit_tiny_patch16_224", num_classes=8, **TINY_TEACHER)
    torch.save(teacher.state_dict(), folder / "teacher.pth")
    return folder


TINY_DEPTHS, TINY_DIMS = (1, 1, 1, 1), (8, 16, 32, 32)
TINY_TIMM = {
    "twins_svt": dict(depths=TINY_DEPTHS, embed_dims=TINY_DIMS, num_heads=(1, 1, 2, 2)),
    "pvt_v2": dict(depths=TINY_DEPTHS, embed_dims=TINY_DIMS, num_heads=(1, 1, 2, 2)),
    "convnext": dict(depths=TINY_DEPTHS, dims=TINY_DIMS),
}


def shrink_encoder(encoder, side: int) -> None:
    """One block a stage, width 32 at most at the end."""
    depth = 1 + encoder.pop("truncate", 0)
    if encoder.type == "DenseSwin":
        encoder.arch = dict(embed_dim=8, depths=(1, 1, 1, depth), num_heads=(1, 1, 1, 2))
    elif encoder.type != "DenseBackbone":
        encoder.arch = dict(embed_dim=32, depth=depth, num_heads=2)
    elif isinstance(encoder.backbone, str):
        kind = next(kind for kind in TINY_TIMM if encoder.backbone.startswith(kind))
        encoder.options = TINY_TIMM[kind]
    elif encoder.backbone.type == "CMT":
        encoder.backbone.arch = dict(
            stem_dim=8, embed_dims=TINY_DIMS, depths=TINY_DEPTHS, num_heads=(1, 1, 2, 2), mlp_ratio=2
        )
    else:
        encoder.backbone.update(embed_dims=8, num_layers=TINY_DEPTHS, pretrain_img_size=side)
    if "image_size" in encoder:
        encoder.image_size = side


def shrink(cfg: Config, folder: Path) -> Config:
    """The one override that makes any config that trains small: a 4x4 grid, width 32, one block a stage."""
    encoder, masking = cfg.model.encoder, cfg.model.get("masking", {})
    side = 4 * max(encoder.get("patch_size", 32), masking.get("unit") or 0)
    shrink_encoder(encoder, side)
    if cfg.model.get("neck"):
        cfg.model.neck.width = 32
    tasks = [task for task in cfg.model.get("tasks", {}).values() if task is not None]
    for task in tasks:
        if "depth" in task.decoder:
            task.decoder.depth = 1
        if "dim" in task.decoder:
            task.decoder.dim = 16
        if isinstance(task.get("reads"), int):
            task.reads = 0
    for reader in (masking.get("score") or {}, *(task.target for task in tasks)):
        if reader.get("block") is not None:
            reader.block = 0
            if reader.type != "FeatureTarget":
                reader.head = None if reader.get("head", 0) is None else 1
    if "spread" in masking.get("ratio", {}):
        masking.ratio.spread = 0.1  # of 16 patches some must stay visible
    for teacher in filter(None, (cfg.model.get("teachers") or {}).values()):
        if teacher.type == "FrozenTeacher":
            options = dict(TINY_TEACHER, num_classes=8 if teacher.get("project") else 0)
            teacher.update(model="vit_tiny_patch16_224", checkpoint=str(folder / "teacher.pth"), options=options)
        if teacher.type == "PretrainedTeacher":
            if "encoder" in teacher:
                shrink_encoder(teacher.encoder, side)
            weights = MODELS.build(dict(teacher.get("encoder", encoder))).state_dict(prefix="encoder.")
            teacher.checkpoint = str(folder / "encoder.pth")
            torch.save(weights, teacher.checkpoint)
    if judge := cfg.model.get("judge"):
        shrink_encoder(judge.model.encoder, side)
        judge.update(checkpoint=str(folder / "judge.pth"), weights="student")
        torch.save({"state_dict": MODELS.build(judge.model).state_dict()}, judge.checkpoint)
    for transform in cfg.train_dataloader.dataset.dataset.pipeline:
        if "scale" in transform:
            transform.scale = side
    return cfg


def step_once(cfg: Config, sample: Path):
    """The model after one training step, and its encoder's weights before it."""
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    pipeline = Compose(cfg.train_dataloader.dataset.dataset.pipeline)
    batch = default_collate([pipeline(dict(img_path=str(sample / "image.png"), gt_label=n)) for n in range(2)])
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    before = [parameter.detach().clone() for parameter in model.encoder.parameters()]
    if hasattr(model, "set_progress"):
        model.set_progress(1.0)
    for _ in range(cfg.optim_wrapper.get("accumulative_counts", 1)):
        loss = model.train().train_step(batch, wrapper)["loss"]
    assert torch.isfinite(loss) and loss > 0
    return model, before


@pytest.mark.parametrize("name", [name for name in TRAINED if "Classifier" not in load(name).model.type])
def test_every_pretraining_config_steps_once(name, sample):
    model, before = step_once(shrink(load(name), sample), sample)
    model.update_teachers(0)
    assert not all(map(torch.equal, model.encoder.parameters(), before))


@pytest.mark.parametrize("name", [name for name in TRAINED if "Classifier" in load(name).model.type])
def test_every_classifier_config_steps_once_and_predicts(name, sample):
    cfg = shrink(load(name), sample)
    model, before = step_once(cfg, sample)
    assert all(map(torch.equal, model.encoder.parameters(), before)) == model.frozen
    assert model.head.bias.any()
    transforms = cfg.test_dataloader.dataset.pipeline
    image = Compose([*transforms])(dict(img_path=str(sample / "image.png"), gt_label=1))
    size = 4 * cfg.model.encoder.get("patch_size", 32)
    image["inputs"] = image["inputs"][:, :size, :size]
    (predicted,) = model.eval().val_step(default_collate([image]))
    assert predicted.pred_score.shape == (cfg.model.num_classes,)


def selection_of(name: str):
    """The config of its selection hook, None without."""
    return read(name).get("default_hooks", {}).get("selection")


@pytest.mark.parametrize("name", [name for name in TRAINED if selection_of(name)])
def test_every_selection_config_scores_images(name, sample):
    cfg, selector = shrink(load(name), sample), SELECTORS.build(selection_of(name).selector)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    for task in selector.tasks:
        model.switch_task(task, False)
    side = next(transform.scale for transform in cfg.train_dataloader.dataset.dataset.pipeline if "scale" in transform)
    images = torch.randn(3, 3, side, side) * torch.tensor([0.1, 1.0, 3.0]).view(3, 1, 1, 1)
    noise = torch.rand(3, selector.noise_per_image(model, images))
    scores = selector.score(model, images, torch.arange(3), noise)
    assert scores.shape == (3,) and scores.std() > 0 and scores.isfinite().all()


@pytest.mark.parametrize(
    ("name", "epochs"),
    [
        ("mae-vitb_200e_dtmp-only", 30),
        ("mae-vitb_200e_static20", 20),
        ("mae-vitb_200e_static100", 100),
        ("mae-vitb_200e_static200", 200),
        ("mae-vitb_200e", 30),  # the table's DTMP, with weights
        ("mae-vitb_200e_wss-only", 30),
        ("simmim-vitb_200e", 30),
        ("ablations/reading-c", 30),
        ("ablations/performed-selections", 27),
        ("ablations/reading-a", 24),  # it ends at 165.9: its 8 selections are all made
    ],
)
def test_the_predictor_is_trained_in_as_many_epochs_as_table_4_of_pass_says(name, epochs):
    name = f"configs/pass/{name}.py"
    cfg, hook = load(name), selection_of(name)
    solved = hook.get("keep"), hook.get("budget"), hook.get("stop", "full")
    plan = make_plan(1000, cfg.schedule.epochs, hook.warmup_epochs, hook.interval, *solved)
    chosen = plan.epochs_before_selections(hook.dt_epochs, hook.get("keep_last_block", False))
    switched = bool(SELECTORS.build(hook.selector).tasks)
    task = MODELS.build(cfg.model.tasks.predict_loss)
    trained = [e for e in range(200) if task.active((e + 1) / 200) and (e in chosen or not switched)]
    assert len(trained) == epochs


@pytest.mark.parametrize(
    ("name", "selector"),
    [
        ("dtmp-only", dict(type="WSSSelector", tau=None)),
        ("wss-only", dict(type="WSSSelector", tau=0.1, masks="random")),
    ],
)
def test_rows_of_pass_without_weights_or_masks_differ_in_the_selector_alone(name, selector):
    """Its Figure 5 and Table 3 compare them: nothing else may differ, the predictor's epochs least of all."""
    ours, theirs = (load(f"configs/pass/mae-vitb_200e{row}.py").to_dict() for row in ("", f"_{name}"))
    assert ours["default_hooks"]["selection"].pop("selector") == dict(type="WSSSelector", tau=0.1)
    assert theirs["default_hooks"]["selection"].pop("selector") == selector
    ours, theirs = ({key: value for key, value in cfg.items() if key[0] != "_"} for cfg in (ours, theirs))
    assert ours == theirs


def test_real_sizes_of_the_paper_models():
    """Trainable parameters in millions, counted by hand: ViT without head, neck 768 -> 512, decoders of 8 blocks."""
    expected = {
        "configs/mae/vitb_200e.py": 85.65 + 0.39 + 25.22 + 0.39,  # encoder, neck, decoder blocks, head 512 -> 768
        "configs/mae/vitl_200e.py": 303.1 + 0.52 + 25.22 + 0.39,
        "configs/mae/vith_800e.py": 630.4 + 0.66 + 25.22 + 0.30,
        "configs/hpm/vitb_200e.py": 85.65 + 0.39 + 2 * 25.22 + 0.39,
        "configs/pass/mae-vitb_200e.py": 85.65 + 0.39 + 2 * 25.22 + 0.39,
    }
    for name, millions in expected.items():
        with torch.device("meta"):
            model = MODELS.build(load(name).model)
        count = sum(p.numel() for p in model.parameters() if p.requires_grad) / 1e6
        assert count == pytest.approx(millions, rel=2e-3), name
