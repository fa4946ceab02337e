"""Numbers and places on a command line are checked by argparse, with a message of their own."""

import argparse

import pytest

from mimseg.arguments import count, number, output_file, output_folder, pixels, png, seed, whole


@pytest.mark.parametrize(
    ("convert", "text", "value"),
    [
        (count, "3", 3),
        (seed, "0", 0),
        (pixels, "224", 224),
        (whole(0), "0", 0),
        (number(above=0), "1e-3", 1e-3),
        (number(above=0, most=1), "1", 1.0),
    ],
)
def test_what_is_taken(convert, text, value):
    assert convert(text) == value


@pytest.mark.parametrize(
    ("convert", "text", "line"),
    [
        (count, "0", "must be at least 1, got 0"),
        (count, "abc", "'abc' is no whole number"),
        (count, "1.5", "'1.5' is no whole number"),
        (seed, "-1", "must be at least 0 and at most 4294967295, got -1"),
        (pixels, "10000000", "must be at least 1 and at most 65536"),
        (number(above=0), "0", "must be above 0 and finite, got 0"),
        (number(above=0), "nan", "must be above 0 and finite, got nan"),
        (number(above=0), "inf", "must be above 0 and finite, got inf"),
        (number(above=0, most=1), "2", "must be above 0 and at most 1, got 2"),
        (number(above=0), "abc", "'abc' is no number"),
        (png, "x.jpg", "x.jpg does not end in .png"),
        (output_file, "/dev/null/x.json", "/dev/null is a file"),
        (output_folder, "/dev/null", "/dev/null is a file"),
    ],
)
def test_what_is_refused(convert, text, line):
    with pytest.raises(argparse.ArgumentTypeError, match=line):
        convert(text)
