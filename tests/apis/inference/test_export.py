"""What is exported computes what the encoder does, for any batch size, and says what it takes."""

import json
from importlib.util import find_spec

import pytest
import torch
from mmengine.config import Config

from mimseg.apis.inference import export as module
from mimseg.apis.inference import programs
from mimseg.apis.inference.export import export_encoder
from mimseg.apis.inference.inference import build_model

ARCH = dict(embed_dim=32, depth=2, num_heads=2)
ENCODERS = {
    "sparse": dict(type="SparseViT", arch=ARCH, patch_size=8),
    "dense": dict(type="DenseViT", arch=ARCH, patch_size=8, image_size=32),  # relative positions, resized
    "swin": dict(
        type="DenseSwin", arch=dict(embed_dim=8, depths=(2, 2), num_heads=(1, 2)), image_size=32, window_size=4
    ),
    "timm": dict(
        type="DenseBackbone",
        backbone="convnext_atto",
        image_size=32,
        options=dict(depths=(1, 1, 1, 1), dims=(4, 6, 8, 10)),
    ),
}
SIZE = (32, 64)
MEAN, STD = [120.0, 110.0, 100.0], [60.0, 50.0, 40.0]
PREPROCESSOR = dict(type="ImagePreprocessor", mean=MEAN, std=STD)


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def config_of(model, crop_fraction=0.875):
    pipeline = [dict(type="LoadImage"), dict(type="CenterResizedCrop", scale=SIZE, crop_fraction=crop_fraction)]
    loader = dict(dataset=dict(type="UnlabelledFolder", data_root="nowhere", pipeline=pipeline))
    return Config(dict(model=model, test_dataloader=loader))


@pytest.fixture
def made(tmp_path):
    """A config, a checkpoint of its model with random weights, and the model."""

    def make(model):
        cfg = config_of(model)
        torch.manual_seed(0)
        built = build_model(cfg).eval()
        with torch.no_grad():
            for parameter in built.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
        torch.save({"state_dict": built.state_dict(), "meta": {}}, tmp_path / "epoch_3.pth")
        return cfg, tmp_path / "epoch_3.pth", built

    return make


def extractor(name):
    return dict(type="FeatureExtractor", data_preprocessor=PREPROCESSOR, encoder=ENCODERS[name])


def images(batch):
    return torch.randn(batch, 3, *SIZE, generator=torch.Generator().manual_seed(batch))


def as_map(tokens, h, w):
    """Row by row, column by column."""
    return torch.stack([torch.stack([tokens[:, y * w + x] for x in range(w)], dim=-1) for y in range(h)], dim=-2)


@pytest.mark.parametrize(
    ("name", "output", "shape", "grid"),
    [
        ("sparse", "tokens", [33, 32], [4, 8]),
        ("dense", "map", [32, 4, 8], [4, 8]),
        ("swin", "map", [16, 4, 8], [4, 8]),
        ("timm", "pooled", [10], [1, 2]),
    ],
)
@torch.no_grad()
def test_a_program_of_torch_export(made, tmp_path, name, output, shape, grid):
    cfg, checkpoint, model = made(extractor(name))
    done = export_encoder(cfg, checkpoint, tmp_path / "out.pt2", output=output, log=str)
    program = torch.export.load(tmp_path / "out.pt2").module()
    for batch in (1, 2, 5):
        pictures = images(batch)
        latent = model.encoder(pictures)
        expected = dict(tokens=latent.tokens, pooled=latent.patch_tokens.mean(dim=1)).get(output)
        if output == "map":
            expected = as_map(latent.patch_tokens, *grid)
        torch.testing.assert_close(program(pictures), expected, rtol=0, atol=1e-5)
    facts = json.loads((tmp_path / "out.pt2.json").read_text())
    assert facts["output"]["shape"] == ["batch", *shape] and facts["output"]["grid"] == grid
    assert done.difference < 1e-4 and str(tmp_path / "out.pt2.json") in str(done)


def test_what_it_takes_is_written_beside_it_and_told(made, tmp_path):
    cfg, checkpoint, _ = made(extractor("sparse"))
    done = export_encoder(cfg, checkpoint, tmp_path / "out.pt2", image_size=(24, 8), log=str)
    facts = json.loads(done.facts_file.read_text())
    takes = facts["input"]
    assert takes["shape"] == ["batch", 3, 24, 8] and takes["channel_order"] == "RGB" and takes["dtype"] == "float32"
    assert (takes["mean"], takes["std"]) == (MEAN, STD)
    assert takes["crop"].startswith("central, 0.875 of")
    assert facts["output"] == {"name": "tokens", "shape": ["batch", 4, 32], "grid": [3, 1], "prefix_tokens": 1}
    assert facts["checkpoint"] == str(checkpoint) and facts["encoder"] == "SparseViT"
    assert "mean 120, 110, 100 and std 60, 50, 40" in str(done) and "(batch, 3, 24, 8)" in str(done)


def test_of_a_pre_training_only_the_encoder_is_built_and_the_teachers_can_be_had(made, tmp_path):
    decoder = dict(type="TransformerDecoder", depth=1, num_heads=2)
    target = dict(type="PixelTarget", normalize=True)
    model = dict(
        type="MaskedImageModel",
        data_preprocessor=PREPROCESSOR,
        encoder=ENCODERS["sparse"],
        neck=dict(type="MaskTokenNeck", width=32),
        masking=dict(
            type="MaskGenerator",
            policy=dict(type="EasyToHardPolicy"),
            ratio=dict(type="FixedRatio", ratio=0.75),
            score=dict(type="PredictedLossScore"),
        ),
        tasks=dict(
            reconstruct=dict(type="Task", decoder=decoder, target=target, loss=dict(type="PatchMSE")),
            predict_loss=dict(
                type="Task",
                decoder=decoder,
                target=dict(type="PatchLossTarget", task="reconstruct"),
                loss=dict(type="RelativePatchLoss"),
            ),
        ),
        teachers=dict(ema=dict(type="EMATeacher")),
    )
    cfg, checkpoint, built = made(model)
    cfg.model.teachers.lost = dict(type="FrozenTeacher", backbone="a network that does not exist")
    cfg.model.neck.type = "NoSuchNeck"
    for weights, encoder in (("student", built.encoder), ("ema", built.teachers["ema"].parts["encoder"])):
        target = tmp_path / f"{weights}.pt2"
        done = export_encoder(cfg, checkpoint, target, output="pooled", weights=weights, log=str)
        got = torch.export.load(target).module()(images(3))
        with torch.no_grad():
            expected = encoder(images(3)).patch_tokens.mean(dim=1)
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-5)
        assert done.facts["weights"] == weights
    assert cfg.model.type == "MaskedImageModel"  # the caller's config is as it was


def test_existing_files_are_replaced_only_when_asked(made, tmp_path):
    cfg, checkpoint, _ = made(extractor("sparse"))
    for name in ("there.pt2", "beside.pt2.json"):
        (tmp_path / name).write_text("precious")
        with pytest.raises(ValueError, match=f"{name} exists; name another target, or replace it with --overwrite"):
            export_encoder(cfg, checkpoint, tmp_path / name.removesuffix(".json"), log=str)


def test_mistakes_leave_nothing(made, tmp_path, monkeypatch):
    cfg, checkpoint, _ = made(extractor("sparse"))
    out = tmp_path / "out.pt2"

    def refused(match, target=out, config=cfg, **options):
        with pytest.raises(ValueError, match=match):
            export_encoder(config, checkpoint, target, log=str, **options)

    refused("ends in .pt2", target=tmp_path / "out.onnx")
    refused("--format tflite: known are torch-export, onnx", format="tflite")
    refused("--output must be 'tokens', 'map' or 'pooled', got 'logits'", output="logits")
    refused("20x32 is not a multiple of patch_size=8", image_size=(20, 32))
    refused("a detector or segmentor is not exported", config=Config(dict(default_scope="mmdet", model=dict())))
    monkeypatch.setattr(programs, "TOLERANCE", -1.0)
    refused("differs from the encoder by .* nothing was written")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    refused(
        r"--format onnx needs onnx and onnxscript, .* -e '.\[export\]'", target=tmp_path / "out.onnx", format="onnx"
    )
    assert {path.name for path in tmp_path.iterdir()} == {"epoch_3.pth"}


@pytest.mark.skipif(not find_spec("onnx") or not find_spec("onnxscript"), reason="needs the extra `export`")
@pytest.mark.parametrize("name", list(ENCODERS))
@torch.no_grad()
def test_onnx_computes_the_same(made, tmp_path, name):
    onnxruntime = pytest.importorskip("onnxruntime", reason="the extra `export` brings onnxruntime")
    cfg, checkpoint, model = made(extractor(name))
    done = export_encoder(cfg, checkpoint, tmp_path / "out.onnx", format="onnx", log=str)
    assert done.difference < 1e-4
    session = onnxruntime.InferenceSession(str(tmp_path / "out.onnx"), providers=["CPUExecutionProvider"])
    for batch in (1, 4):
        (got,) = session.run(None, {"images": images(batch).numpy()})
        torch.testing.assert_close(torch.from_numpy(got), model.encoder(images(batch)).tokens, rtol=0, atol=1e-4)
