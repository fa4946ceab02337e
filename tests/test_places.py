"""Places that cannot be written are told before anything is made."""

import pytest

from mimseg.places import check_file, check_folder


def complaint(check, path):
    with pytest.raises(ValueError) as error:
        check(path, "--out")
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_can_be_written_is_not_made(tmp_path):
    check_folder(tmp_path / "a" / "b", "--out")
    check_folder(tmp_path, "--out")
    check_file(tmp_path / "a" / "b.json", "--out")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "f").write_text("x")
    for path in (tmp_path / "f", tmp_path / "f" / "g"):
        assert (
            complaint(check_folder, path)
            == f"--out {path} cannot be made: {tmp_path / 'f'} is a file; choose another folder"
        )
    assert "is a file" in complaint(check_file, tmp_path / "f" / "g.json")
    check_file(tmp_path / "f", "--out")


def test_a_folder_in_the_way(tmp_path):
    assert complaint(check_file, tmp_path) == f"--out {tmp_path} is a folder: name a file in it"


@pytest.mark.parametrize("check", [check_file, check_folder])
def test_impossible_names(tmp_path, check):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "nowhere").symlink_to("none")
    assert "too many levels of symbolic links" in complaint(check, tmp_path / "loop")
    assert "is a link to nothing" in complaint(check_folder, tmp_path / "nowhere")
    assert "file name too long" in complaint(check, tmp_path / ("a" * 300))
    assert "null" in complaint(check, tmp_path / "a\0b")
    assert "is empty" in complaint(check, " ")


@pytest.mark.parametrize("check", [check_file, check_folder])
def test_read_only(tmp_path, check, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert "is read-only, or its rights forbid it" in complaint(check, tmp_path / "a")
