import os

from mimseg.checkpoints import find_latest


def touch(path, seconds):
    path.write_bytes(b"x")
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
