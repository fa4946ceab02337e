"""Which attention head points at objects: ``python tools/analysis/select_attention_head.py CONFIG CHECKPOINT ...``."""

import argparse
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mimseg.arguments import count, output_folder, seed
from mimseg.command import add_model_options, image_size_of, run_command

if TYPE_CHECKING:
    from mimseg.apis.studies.attention_head import HeadSelection
    from mimseg.ops.attention import PatchAttention


def parse_args() -> argparse.Namespace:
    """Command line; imports nothing heavy, so that ``--help`` answers at once."""
    parser = argparse.ArgumentParser(
        description="Choose block and head for GPA's masks from a few labelled images: the recall of object patches "
        "among those that a head ranks highest. Prints a table and the config line, writes recall.json and recall.png."
    )
    parser.add_argument("config", help="config of a pre-training run, or one of configs/knn; its encoder must be a ViT")
    parser.add_argument("checkpoint", help="weights of mimseg, MAE, HPM, timm or Hugging Face, a file or a folder")
    objects = parser.add_mutually_exclusive_group(required=True)
    objects.add_argument("--coco", metavar="JSON", help="COCO instance annotations")
    objects.add_argument(
        "--masks", metavar="FOLDER", help="masks: a.png is that of image a.jpg; pixels that are not 0 are objects"
    )
    parser.add_argument("--images", metavar="FOLDER", required=True, help="the images")
    parser.add_argument("--shots", type=count, help="images, drawn at random (default: all that have objects)")
    parser.add_argument("--seed", type=seed, default=0, help="of the draw; few shots are among many (default: 0)")
    parser.add_argument(
        "--coverage", type=float, default=0.5, help="share of a patch from which it counts as object (default: 0.5)"
    )
    parser.add_argument(
        "--select-k",
        type=number_chosen,
        default="objects",
        metavar="K",
        help="patches that a head chooses: 'objects', as many as the image has of objects (default), or a mask ratio "
        "such as 0.75, as many as it masks",
    )
    parser.add_argument(
        "--axis", choices=("key", "query"), default="key", help="what GPA sums over; key as in its code (default)"
    )
    parser.add_argument(
        "--without-self", action="store_true", help="leave out each patch's product with itself, as Eq. 5 of GPA does"
    )
    parser.add_argument("--without-class", action="store_true", help="leave the class token out of the sum, too")
    parser.add_argument("--out", type=output_folder, help="folder (default: attention/<checkpoint>_<shots> beside it)")
    parser.add_argument("--batch-size", type=count, default=16, help="images a forward pass (default: 16)")
    add_model_options(parser, "the config's crop", "whose weights of a checkpoint")
    args = parser.parse_args()
    check_numbers(parser, args)
    return args


def number_chosen(text: str) -> str | float:
    """'objects' or a ratio."""
    if text == "objects":
        return text
    with suppress(ValueError):
        if 0 < float(text) < 1:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text} is neither 'objects' nor a mask ratio in (0, 1)")


def check_numbers(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse numbers out of range before anything is read."""
    if not 0 < args.coverage <= 1:
        parser.error(f"--coverage must lie in (0, 1], got {args.coverage}")
    args.image_size = image_size_of(parser, args)


def select(args: argparse.Namespace) -> None:
    """Measure every head on the images that the command line names, print and write the result."""
    from mimseg.apis import load_config, load_model  # heavy: after --help
    from mimseg.apis.studies.attention_head import select_attention_head
    from mimseg.apis.studies.object_masks import coco_objects, drawn_objects
    from mimseg.ops.attention import PatchAttention

    labelled, missing = coco_objects(args.coco, args.images) if args.coco else drawn_objects(args.masks, args.images)
    if missing:
        what = "images of the annotations are" if args.coco else "masks have an image that is"
        print(f"note: {len(missing)} {what} not in {args.images}, e.g. {missing[0]}", file=sys.stderr)
    cfg = load_config(args.config, args.cfg_options)
    model = load_model(cfg, args.checkpoint, device=args.device, weights=args.weights, trust=args.trust_checkpoint)
    form = PatchAttention(axis=args.axis, with_self=not args.without_self, with_class=not args.without_class)
    selection = select_attention_head(
        model,
        labelled,
        shots=args.shots,
        size=args.image_size,
        coverage=args.coverage,
        k=args.select_k,
        seed=args.seed,
        form=form,
        batch_size=args.batch_size,
    )
    if selection.left_out:
        drawn = selection.left_out + len(selection.files)
        print(f"left out: {selection.left_out} of {drawn} images, without or with nothing but object patches")
    report(args, selection, form)


def report(args: argparse.Namespace, selection: "HeadSelection", form: "PatchAttention") -> None:
    """Print the table and the config line; write recall.json and recall.png."""
    from mimseg.apis.studies.attention_head import config_options
    from mimseg.checkpoints.run_file import as_one_file
    from mimseg.visualization import draw_attention_heads, render, save_png

    heads, together = selection.recall.mean(dim=0).numpy(), selection.together.mean(dim=0).numpy()
    block, head = selection.best
    chosen = "k = object patches" if args.select_k == "objects" else f"k of mask ratio {args.select_k}"
    settings = f"{len(selection.files)} images, seed {args.seed}, {chosen}, chance {100 * selection.chance:.1f} %"
    print(settings)
    selection.table().show()
    print(f"* best: block {block}, head {head}, {100 * heads[block, head]:.1f} %")
    if (row := selection.best_sum) is not None:
        print(
            f"note: the sum over the heads of block {row} finds more, {100 * together[row]:.1f} %: "
            f"{config_options('masking.score', form, row, None)}"
        )
    checkpoint = Path(args.checkpoint)
    shots = f"{len(selection.files)}shots" if args.shots else "all"
    out = args.out or checkpoint.parent / "attention" / f"{checkpoint.stem}_{shots}"
    title = (
        f"{Path(as_one_file(args.config)).stem}   ·   {checkpoint.name}",
        settings,
        f"best: block {block}, head {head}",
    )
    figure = draw_attention_heads(heads, together, selection.best, selection.chance, title)
    save_png(render(figure), out / "recall.png")
    names = ("config", "checkpoint", "weights", "axis", "seed", "coverage")
    record = {name: getattr(args, name) for name in names} | {"k": args.select_k}
    record |= {"with_self": form.with_self, "with_class": form.with_class, **selection.as_json()}
    (out / "recall.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(f"recall.json and recall.png are in {out}")
    print(config_options("masking.score", form, block, head))
    print(f"with the attention task, too: {config_options('tasks.attention.target', form, block, head)}")


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: select(args), "interrupted; nothing was written")


if __name__ == "__main__":
    sys.exit(main())
