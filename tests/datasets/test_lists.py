"""Lists of files in any Unicode encoding; every other one is named with its line."""

import os

import pytest

from mimseg.datasets.lists import read_list

NAME = "ünï 图.jpg"


@pytest.fixture
def root(tmp_path):
    (tmp_path / NAME).touch()
    (tmp_path / "a.jpg").touch()
    return tmp_path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_unicode_lists_are_read(root, encoding, end):
    text = end.join(["a.jpg", "# comment", "", NAME, "a.jpg"])
    (root / "list.txt").write_bytes(text.encode(encoding))
    assert [os.path.relpath(path, root) for path in read_list(str(root / "list.txt"), str(root))] == [
        "a.jpg",
        NAME,
        "a.jpg",
    ]


def test_names_that_are_no_utf8_are_found(root):
    raw = b"l\xe9.jpg"
    open(os.fsencode(root) + b"/" + raw, "wb").close()
    (root / "list.txt").write_bytes(b"a.jpg\n" + raw + b"\n")
    assert os.fsencode(read_list(str(root / "list.txt"), str(root))[1]).endswith(raw)


def test_pipes_may_be_listed_and_are_not_opened(root):
    os.mkfifo(root / "pipe.jpg")
    (root / "list.txt").write_text("pipe.jpg\n")
    assert len(read_list(str(root / "list.txt"), str(root))) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a.jpg\nünï.jpg\n".encode("latin-1"), "line 2 is not UTF-8.*save the list as UTF-8"),
        (NAME.encode("utf-16")[2:], "line 1 holds a NUL byte.*UTF-8"),
        (b"a.jpg\n\x89PNG\0\0\n", "line 2 holds a NUL byte"),
        (b"\xff\xfea", "begins as utf-16, but is damaged"),
        (b"a.jpg\nsub\n", "names a folder in line 2: .*sub"),
        (b"a.jpg\nb.jpg\n", "names 1 of 2 files that do not exist, first in line 2"),
    ],
)
def test_other_lists_are_named_with_the_line_and_the_fix(root, content, words):
    (root / "sub").mkdir()
    (root / "list.txt").write_bytes(content)
    with pytest.raises((ValueError, OSError), match=words) as caught:
        read_list(str(root / "list.txt"), str(root))
    assert str(caught.value).isprintable()
