"""Results as tables for a terminal and as a page."""

from typing import Any

from ..tables import TextTable
from .subject import PARTS

NOTES = "<!-- what stands below this line is written by hand and stays -->"
Row = dict[str, Any]
Columns = dict[str, list[str]]
"""Cells by heading; the first column is text, the others are numbers."""


def as_tables(report: dict[str, Any]) -> list[TextTable]:
    """Three tables for each precision: speed and memory, share of time, FLOPs; and one of adaptive ratios, if any."""
    return [TextTable.of_columns(columns, title) for title, columns in _titled(report)]


def as_markdown(report: dict[str, Any], old: str = "") -> str:
    """The page of a report; hand-written notes at the end of the ``old`` page are kept."""
    lines = ["# Benchmarks", "", *_how(report["setting"]), *_caveats(report), ""]
    for table in as_tables(report):
        lines += [f"## {table.title}", "", table.markdown()]
    if report["left_out"]:
        lines += ["Left out:", "", *(f"- {line}" for line in report["left_out"]), ""]
    notes = old.split(NOTES, 1)[1].strip() if NOTES in old else ""
    lines += [f"Peak memory of the whole process, all models together: {report['peak_rss_mib']:.0f} MiB.", "", NOTES]
    return "\n".join([*lines, *(["", notes] if notes else [])]) + "\n"


def _how(setting: dict[str, Any]) -> list[str]:
    """What was run where, and how to read it."""
    has = "with" if setting["bf16_instructions"] else "without"
    packages = ", ".join(f"{name} {version}" for name, version in setting["packages"].items())
    images = "random images" if setting["images"] is None else f"images of {setting['images']}"
    if setting["image_size"] is None:
        images += " of each config's own size"
    else:
        images = "{}x{} {}".format(*setting["image_size"], images)
    return [
        f"Written by `{setting['command']}`.",
        "",
        f"- Hardware: {setting['device']} ({has} bf16 instructions), {setting['threads']} threads.",
        f"- Versions: Python {setting['python']}, {packages}.",
        f"- Setting: {images}, batch {setting['batch_size']}, {setting['steps']} timed steps of each "
        "model, in turns; forward, backward, teachers and the same fused AdamW for all, its learning rate 0, so that "
        "all steps are alike. Loading is not in a step.",
        "- Times are medians with the middle half of the steps; ratios are medians over turns. Models are measured at "
        "the end of their schedules, when teachers work most. The best peer is the fastest one at the same image size.",
        "- Activations are the bytes that autograd keeps for the backward pass, parameters and their bf16 copies left "
        "out. FLOPs are those of matrix products; a score's own, and embedding all patches for it, count as masking.",
        "- Shares come from separate steps with a clock at every part. 'loss' is what the forward pass does outside "
        "the parts before it; a peer's masking is inside its encoder, its targets inside 'loss'. 'loading' is the time "
        "of one worker for a batch, as a share of the step that it overlaps with.",
    ]


def _caveats(report: dict[str, Any]) -> list[str]:
    """What holds for some models only."""
    rows, lines = report["results"], []
    if any(row["ratio"] is not None for row in rows):
        lines.append(
            "- A model with adaptive mask ratios is followed by its twin: the same model under random masks that hide "
            "as much of every image as it hides on average."
        )
        if report["setting"]["images"] is None:
            lines.append("- Adaptive ratios of random images are nearly alike; photographs' are not (--images).")
    if names := dict.fromkeys(f"{name} of {row['model']}" for row in rows for name in row["random_teachers"]):
        lines.append(
            f"- Teachers with random weights, as fast as trained ones, for want of their file: {', '.join(names)}."
        )
    return lines


def _titled(report: dict[str, Any]) -> list[tuple[str, Columns]]:
    return [*_all_columns(report["results"]), *_hog(report["hog"])]


def _all_columns(rows: list[Row]) -> list[tuple[str, Columns]]:
    titled = []
    for precision in dict.fromkeys(row["precision"] for row in rows):
        of = [row for row in rows if row["precision"] == precision]
        titled += [
            (f"Speed and memory, {precision}", _speed(of)),
            (f"Share of time, {precision}", _shares(of)),
            (f"GFLOPs of a step, {precision}", _flops(of)),
        ]
        if adaptive := [row for row in of if row["ratio"] is not None]:
            titled.append((f"Adaptive mask ratios, {precision}", _ratios(adaptive)))
    return titled


def _speed(rows: list[Row]) -> Columns:
    columns = {
        "model": [_named(row, rows[0]) for row in rows],
        "img/s": [f"{row['images_per_second']:.2f}" for row in rows],
        "ms a step": [
            f"{row['ms']:.0f} ({row['ms_quartiles'][0]:.0f} to {row['ms_quartiles'][1]:.0f})" for row in rows
        ],
        "time to first": [f"{row['time_ratio']:.2f}x" for row in rows],
        "speed to best peer": [_or_dash(row["speed_over_best_peer"], "{:.2f}x") for row in rows],
        "activations, MiB an image": [f"{row['activation_mib_per_image']:.1f}" for row in rows],
    }
    if any(row["peak_device_mib"] is not None for row in rows):
        columns["peak device memory, MiB"] = [_or_dash(row["peak_device_mib"], "{:.0f}") for row in rows]
    return columns


def _shares(rows: list[Row]) -> Columns:
    parts = [part for part in PARTS if any(part in row["share_by_part"] for row in rows)]
    columns = {"model": [row["model"] for row in rows]}
    for part in parts:
        columns[part] = [_or_dash(row["share_by_part"].get(part), "{:.1%}") for row in rows]
    loading = [None if row["loading_ms"] is None else row["loading_ms"] / row["ms"] for row in rows]
    columns["loading"] = ["left out" if share is None else f"{share:.1%}" for share in loading]
    return columns


def _flops(rows: list[Row]) -> Columns:
    parts = [part for part in PARTS if any(part in row["gflops_by_part"] for row in rows)]
    columns = {"model": [row["model"] for row in rows]}
    for part in parts:
        columns[part] = [_or_dash(row["gflops_by_part"].get(part), "{:.1f}") for row in rows]
    columns["sum"] = [f"{row['gflops']:.1f}" for row in rows]
    if "teacher" in parts:
        shares = [row["gflops_by_part"].get("teacher", 0.0) / row["gflops"] or None for row in rows]
        columns["teacher's share"] = [_or_dash(share, "{:.1%}") for share in shares]
    columns["to first"] = [f"{row['flops_ratio']:.2f}x" for row in rows]
    columns["GFLOP/s reached"] = [f"{1000 * row['gflops'] / row['ms']:.0f}" for row in rows]
    return columns


def _ratios(rows: list[Row]) -> Columns:
    """What adaptive masks hide, and what they cost beside those that hide the same share of every image."""
    return {
        "model": [row["model"] for row in rows],
        **{f"{which} ratio": [f"{row['ratio'][which]:.3f}" for row in rows] for which in ("mean", "min", "max")},
        "time to fixed": [f"{row['time_to_twin']:.2f}x" for row in rows],
        "FLOPs to fixed": [f"{row['flops_to_twin']:.2f}x" for row in rows],
    }


def _hog(timed: Row | None) -> list[tuple[str, Columns]]:
    """Ours beside another library's, if any model has HOG targets."""
    if timed is None:
        return []
    last = list(timed["ms"].values())[-1]
    columns = {
        "HOG": list(timed["ms"]),
        "ms": [f"{ms:.1f}" for ms in timed["ms"].values()],
        "speed to last": [f"{last / ms:.2f}x" for ms in timed["ms"].values()],
    }
    return [(f"HOG of {timed['batch']} images of 224x224, fp32", columns)]


def _named(row: Row, first: Row) -> str:
    """With its image size where that is not the first model's."""
    height, width = row["image_size"]
    return row["model"] if row["image_size"] == first["image_size"] else f"{row['model']} at {height}x{width}"


def _or_dash(value: float | None, pattern: str) -> str:
    return "–" if value is None else pattern.format(value)
