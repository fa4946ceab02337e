"""Other training images under the same config."""

from pathlib import Path

from mmengine.config import Config


def train_on_folder(cfg: Config, folder: str | Path) -> None:
    """Train on all images under ``folder``, flat or nested, with the config's own pipeline; in place.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: the config has no training pipeline to take over.
    """
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"--data {folder}: there is no such folder")
    outer = cfg.train_dataloader.dataset
    inner = outer.dataset if outer.type == "SeededDataset" else outer
    if "pipeline" not in inner:
        raise ValueError("--data: train_dataloader.dataset has no pipeline to apply to the folder's images")
    images = {"type": "UnlabelledFolder", "data_root": str(folder), "pipeline": inner.pipeline}
    seeded = {"type": "SeededDataset", "max_unreadable": outer.get("max_unreadable", 0.1), "dataset": images}
    cfg.train_dataloader.pop("dataset")
    cfg.train_dataloader.dataset = seeded
