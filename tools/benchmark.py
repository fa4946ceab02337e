"""Speed of training steps, side by side in one run.

Example: python tools/benchmark.py configs/mae/vitb_200e.py configs/hpm/vitb_200e.py --peer mmpretrain-mae

Models take turns, step by step, so that a slow moment of the machine hits all of them. A step is forward, backward and
optimizer on random images; loading is left out. Times are medians with the range of the middle half; ratios are to the
first model. FLOPs are counted, not timed.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

DEFAULT_CONFIGS = ["configs/mae/vitb_200e.py", "configs/hpm/vitb_200e.py"]
PEERS = ("mmpretrain-mae",)


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", nargs="*", default=DEFAULT_CONFIGS, help="configs to compare (default: MAE and HPM)")
    parser.add_argument("--peer", nargs="*", choices=PEERS, default=list(PEERS), help="other libraries' models")
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--steps", type=int, default=7, help="timed steps of each model")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    return parser.parse_args()


def build_ours(path: str):
    """The model of one of our configs, at the end of its schedule, when teachers work most."""
    from mimseg.apis import load_config
    from mimseg.registry import MODELS

    model = MODELS.build(load_config(path).model)
    model.set_progress(1.0)
    return model


def build_peer(name: str):
    """mmpretrain's MAE ViT-B/16 with the decoder and target of the MAE paper."""
    from mimseg.quiet import quiet_imports

    with quiet_imports():
        import mmpretrain.models  # noqa: F401
        from mmpretrain.registry import MODELS
    return MODELS.build(
        dict(
            type="MAE",
            _scope_="mmpretrain",
            backbone=dict(type="MAEViT", arch="b", patch_size=16, mask_ratio=0.75),
            neck=dict(type="MAEPretrainDecoder", patch_size=16, embed_dim=768, decoder_depth=8),
            head=dict(
                type="MAEPretrainHead",
                norm_pix=True,
                patch_size=16,
                loss=dict(type="PixelReconstructionLoss", criterion="L2"),
            ),
        )
    )


def make_step(model, images, precision: str) -> Callable[[], None]:
    """One training step with fused AdamW, teachers included."""
    import torch

    optimizer = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=1e-4, fused=True)
    ours = hasattr(model, "update_teachers")

    def step() -> None:
        with torch.autocast(images.device.type, torch.bfloat16, enabled=precision == "bf16"):
            losses = model(images, mode="loss") if ours else model.loss(images, [])
        sum(losses.values()).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if ours:
            model.update_teachers(0)

    return step


def count_flops(step: Callable[[], None]) -> float:
    """GFLOPs of one step (matrix products, forward and backward)."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        step()
    return counter.get_total_flops() / 1e9


def timed(call: Callable[[], object], device) -> float:
    """Seconds of a call, the device's work included."""
    import torch

    start = time.perf_counter()
    call()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def mask_seconds(model, image_size: int, device, images: int = 512) -> float:
    """Median seconds to make the masks of many images, scores given."""
    import torch

    from mimseg.models import Step, TeacherView

    fake = torch.zeros(1, model.encoder.in_channels, 1, 1, device=device).expand(images, -1, image_size, image_size)
    grid = model.encoder.grid_of(fake)
    view = TeacherView(predicted_loss=torch.randn(images, grid[0] * grid[1], device=device))
    step = Step(fake, model.encoder.patch_size, grid, 1.0, views=dict.fromkeys(model.teachers, view))
    return statistics.median(timed(lambda: model.masking(step), device) for _ in range(20))


def main() -> None:
    """Measure, print a table, write JSON."""
    args = parse_args()
    import torch
    from mmengine.registry import init_default_scope
    from rich.console import Console
    from rich.table import Table

    init_default_scope("mimseg")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(0)
    images = torch.randn(args.batch_size, 3, args.image_size, args.image_size, device=device)
    models = {path: build_ours(path) for path in args.configs} | {name: build_peer(name) for name in args.peer}
    steps = {name: make_step(model.to(device).train(), images, args.precision) for name, model in models.items()}
    flops = {name: count_flops(step) for name, step in steps.items()}  # also warms up
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(args.steps):
        for name, step in steps.items():
            times[name].append(timed(step, device))

    first = next(iter(steps))
    rows = []
    for name in steps:
        low, median, high = statistics.quantiles(times[name], n=4) if args.steps > 1 else times[name] * 3
        row = {
            "model": name,
            "ms": 1000 * median,
            "ms_quartiles": [1000 * low, 1000 * high],
            "images_per_second": args.batch_size / median,
            "time_ratio": median / statistics.median(times[first]),
            "gflops": flops[name],
            "flops_ratio": flops[name] / flops[first],
        }
        if hasattr(models[name], "masking"):
            row["masks_of_512_ms"] = 1000 * mask_seconds(models[name], args.image_size, device)
        rows.append(row)

    where = (
        torch.cuda.get_device_name()
        if device.type == "cuda"
        else f"{platform.machine()}, {torch.get_num_threads()} threads"
    )
    title = f"{args.image_size} px, batch {args.batch_size}, {args.precision}, {where}, torch {torch.__version__}"
    table = Table("model", "ms a step", "middle half", "img/s", "time", "GFLOPs", "FLOPs", "512 masks", title=title)
    for row in rows:
        masks = row.get("masks_of_512_ms")
        table.add_row(
            row["model"],
            f"{row['ms']:.0f}",
            "{:.0f} to {:.0f}".format(*row["ms_quartiles"]),
            f"{row['images_per_second']:.2f}",
            f"{row['time_ratio']:.2f}x",
            f"{row['gflops']:.0f}",
            f"{row['flops_ratio']:.2f}x",
            "" if masks is None else f"{masks:.1f} ms = {100 * masks / row['ms']:.2f} %",
        )
    Console(width=140).print(table)
    if args.json:
        args.json.write_text(json.dumps({"setting": title, "results": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
