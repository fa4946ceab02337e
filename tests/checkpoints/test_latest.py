import os

import torch

from mimseg.checkpoints import find_intact, find_latest


def touch(path, seconds):
    path.write_bytes(b"x")
    os.utime(path, (seconds, seconds))


def cut(path, size):
    seconds = path.stat().st_mtime
    os.truncate(path, size)
    os.utime(path, (seconds, seconds))


def test_none_where_there_is_none(tmp_path):
    assert find_latest(tmp_path) is None
    assert find_latest(tmp_path / "missing") is None


def test_the_number_decides_within_a_kind(tmp_path):
    touch(tmp_path / "epoch_9.pth", 300)
    touch(tmp_path / "epoch_10.pth", 200)
    assert find_latest(str(tmp_path)) == tmp_path / "epoch_10.pth"


def test_the_time_decides_between_kinds(tmp_path):
    touch(tmp_path / "epoch_9.pth", 300)
    touch(tmp_path / "iter_90000.pth", 200)
    assert find_latest(tmp_path).name == "epoch_9.pth"
    touch(tmp_path / "iter_90001.pth", 400)
    assert find_latest(tmp_path).name == "iter_90001.pth"


def test_other_files_and_a_stale_note_are_ignored(tmp_path):
    touch(tmp_path / "epoch_1.pth", 100)
    for name in (
        ".epoch_2.pth.tmp",
        "epoch_3.pth.tmp",
        "best_loss_epoch_4.pth",
        "epoch_x.pth",
        "epoch_5.pth.bak",
    ):
        touch(tmp_path / name, 500)
    (tmp_path / "epoch_6.pth").mkdir()
    (tmp_path / "last_checkpoint").write_text("/elsewhere/epoch_7.pth")
    assert find_latest(tmp_path) == tmp_path / "epoch_1.pth"


def save(path, seconds):
    torch.save({"weight": torch.ones(100)}, path)
    os.utime(path, (seconds, seconds))


def test_the_newest_intact_one_is_found_and_newer_ones_are_told(tmp_path):
    for number in (8, 9, 10):
        save(tmp_path / f"epoch_{number}.pth", number)
    save(tmp_path / "iter_5.pth", 9.5)
    told = []

    def report(path, damage):
        told.append((path.name, damage))

    assert find_intact(tmp_path, report).name == "epoch_10.pth" and told == []
    cut(tmp_path / "epoch_10.pth", 0)
    assert find_intact(tmp_path, report).name == "iter_5.pth"
    cut(tmp_path / "iter_5.pth", 100)
    assert find_intact(tmp_path, report).name == "epoch_9.pth"
    assert [name for name, _ in told] == ["epoch_10.pth", "epoch_10.pth", "iter_5.pth"]
    assert find_intact(tmp_path, report, before=tmp_path / "epoch_9.pth").name == "epoch_8.pth"
    for number in (8, 9):
        (tmp_path / f"epoch_{number}.pth").write_bytes(b"x")
    assert find_intact(tmp_path, report) is None and find_intact(tmp_path / "missing", report) is None
