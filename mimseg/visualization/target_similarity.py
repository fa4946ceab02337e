"""PSNR and SSIM over the resolution."""

from collections.abc import Mapping

from matplotlib.figure import Figure

Curve = Mapping[int, float | None]  # by side in pixels


def draw_target_similarity(psnr: Mapping[str, Curve], ssim: Mapping[str, Curve], title: str) -> Figure:
    """Draw two panels, one line a target.

    Args:
        psnr: in dB, by target and side; None (infinite) is not drawn.
        ssim: structural similarity, by target and side.
        title: heading.
    """
    figure = Figure(figsize=(9.0, 3.8), facecolor="white", layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    left, right = figure.subplots(1, 2)
    for axes, curves, heading in ((left, psnr, "PSNR, dB"), (right, ssim, "SSIM")):
        for name, curve in curves.items():
            sides = [side for side in sorted(curve) if curve[side] is not None]
            axes.plot(sides, [curve[side] for side in sides], marker="o", label=name)
        axes.set_xticks(sorted({side for curve in ssim.values() for side in curve}))
        axes.set_title(heading, fontsize=9)
        axes.set_xlabel("side of the image, pixels", fontsize=9)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    return figure
