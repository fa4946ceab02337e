"""A folder as it is found in the wild: nested, with files that are no images."""

import shutil

import pytest


@pytest.fixture
def wild(micro_config, tmp_path):
    """64 pictures in two levels, and a truncated, an empty and a text file among them."""
    folder = tmp_path / "wild"
    (folder / "deep" / "er").mkdir(parents=True)
    pictures = sorted((micro_config.parent / "images").iterdir())
    for index, picture in enumerate(pictures):
        shutil.copy(picture, folder / ("deep/er" if index % 2 else ".") / picture.name)
    whole = pictures[0].read_bytes()
    (folder / "truncated.png").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "deep" / "text.jpg").write_text("not an image")
    (folder / "notes.md").write_text("not even named like one")
    return folder


@pytest.mark.parametrize("workers", [0, 2])
def test_training_goes_on_and_names_what_it_left_out(train_here, micro_config, wild, tmp_path, workers):
    options = ("--cfg-options", "schedule.epochs=2", f"train_dataloader.num_workers={workers}")
    code, _, errors = train_here(micro_config, "--data", wild, "--work-dir", tmp_path / "run", *options)
    assert code == 0, errors
    named = (tmp_path / "run" / "unreadable.txt").read_text().split()
    assert named == sorted(str(wild / name) for name in ("deep/text.jpg", "empty.jpg", "truncated.png"))
    assert (tmp_path / "run" / "iter_16.pth").is_file()  # 67 files give 8 whole batches of 8, twice
    log = next((tmp_path / "run").glob("*/*.log")).read_text()
    assert "3 unreadable files were left out so far" in log


def test_too_many_unreadable_files_stop_the_run_in_one_line(train_here, micro_config, wild, tmp_path):
    options = ("--cfg-options", "train_dataloader.dataset.max_unreadable=0.02")
    code, _, errors = train_here(micro_config, "--data", wild, "--work-dir", tmp_path / "run", *options)
    assert code == 2
    (line,) = [line for line in errors.splitlines() if line.startswith("error:")]
    assert "of 67 images are unreadable" in line and "raise max_unreadable" in line
