"""Overrides keep what was typed, unless it is a number, True, False, None, a list, a tuple or a dict."""

import pytest
from mmengine.config import Config

from mimseg.apis.run.options import merge_option, parse_options, parse_value


@pytest.mark.parametrize(
    "text",
    [
        "/data/my pictures",
        "my run",
        " leading and trailing ",
        "C:\\new\\table",
        "a=b=c",
        "Bilder/größe/日本",
        "1e-3x",
        "1_000",
        "12 images",
        "/data/(old)",
        "[unclosed",
        "{not a dict}",
        "it's",
        "",
        "~/x",
    ],
)
def test_text_stays_as_typed(text):
    assert parse_value(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-3", -3),
        ("1e-4", 1e-4),
        ("True", True),
        ("false", False),
        ("None", None),
        ("none", "none"),
        ('"a,b"', "a,b"),
        ("'3'", "3"),
        ("'a b'", "a b"),
        ('"[1, 2]"', "[1, 2]"),
        ("a,b", ["a", "b"]),
        ("a, my b", ["a", "my b"]),
        ("1,2.5", [1, 2.5]),
        ("a,", ["a,"][0]),
        ("[a,b]", ["a", "b"]),
        ("[my a, 'b, c', 2]", ["my a", "b, c", 2]),
        ("[]", []),
        ("(1,2)", (1, 2)),
        ("(1,)", (1,)),
        ("[(1,2),[x,None]]", [(1, 2), ["x", None]]),
        ("(1,2),(3,4)", [(1, 2), (3, 4)]),
        ('{"type": "X", "sizes": [1, 2]}', {"type": "X", "sizes": [1, 2]}),
    ],
)
def test_other_values(text, value):
    parsed = parse_value(text)
    assert parsed == value
    assert type(parsed) is type(value)


def test_brackets_that_do_not_match():
    with pytest.raises(ValueError, match=r"--cfg-options a=\[1,\(2\]: the brackets of .* do not match"):
        parse_options(["a=[1,(2]"])


@pytest.mark.parametrize("option", ["a", "=1", "a..b=1", ".a=1", "a.=1"])
def test_what_is_no_key_and_value(option):
    with pytest.raises(ValueError, match="write key=value"):
        parse_options([option])


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("a.b.c", "a.b is 3, which has no parts"),
        ("hooks.2.x", "hooks is a list of 1: it has no entry 2 that could be set"),
        ("hooks.x", "hooks is a list of 1: it has no entry x"),
        ("pair.0", "pair is a tuple of 2"),
    ],
)
def test_keys_that_lead_nowhere(key, line):
    with pytest.raises(ValueError) as error:
        merge_option(Config({"a": {"b": 3}, "hooks": [{"x": 1}], "pair": (1, 2)}), key, 5)
    assert line in str(error.value)
    assert str(error.value).startswith(f"--cfg-options {key}=5: ")


def test_a_dict_is_merged():
    cfg = Config({"a": {"b": 3, "c": 4}})
    merge_option(cfg, "a", {"b": 5})
    assert cfg.a == {"b": 5, "c": 4}


def test_a_dict_replaces_what_is_none():
    """``data.train`` may be a folder, or the settings of a dataset."""
    cfg = Config({"data": {"train": "photos"}})
    merge_option(cfg, "data.train", {"data_root": "photos", "ann_file": "list.txt"})
    assert cfg.data.train == {"data_root": "photos", "ann_file": "list.txt"}
