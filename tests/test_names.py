import os

from mimseg.names import printable


def test_any_name_becomes_one_printable_line():
    assert printable("köln 1.png") == "köln 1.png"
    name = printable(os.fsdecode(b"a\xff\n\x1b[31m.png"))
    assert name == r"a\udcff\n\x1b[31m.png"
    assert name.encode() and len(name.splitlines()) == 1
