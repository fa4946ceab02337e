"""A pickle is read as symbols: nothing that it names is looked up or called."""

import os
import pickle
from collections import OrderedDict

import pytest

from mimseg.checkpoints.symbolic import Call, Items, Name, PickleError, read_symbols


class Payload:
    def __reduce__(self):
        return os.mkdir, ("/tmp/never",)


def test_calls_are_told_with_name_key_and_arguments():
    symbols = read_symbols(pickle.dumps({"x": {"y": Payload()}}, 2))
    (call,) = symbols.calls
    assert call.name == Name(f"{os.name}.mkdir") and call.key == "y" and call.arguments.items == ["/tmp/never"]
    assert isinstance(symbols.root, Items) and not os.path.exists("/tmp/never")


def test_plain_values_come_back():
    content = [1, -1, 300, 70_000, 2**40, 1.5, "text", None, True, False, (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)]
    data = pickle.dumps(content, 2)
    symbols = read_symbols(b"before" + data + b"behind", 6)
    plain = [item.items if isinstance(item, Items) else item for item in symbols.root.items]
    assert plain == [list(item) if isinstance(item, tuple) else item for item in content]
    assert symbols.end == 6 + len(data)
    assert isinstance(read_symbols(pickle.dumps(OrderedDict(a=1), 2)).root, Call)


@pytest.mark.parametrize("cut", range(0, 60, 7))
def test_whatever_is_cut_off_is_one_kind_of_error(cut):
    data = pickle.dumps({"a": [Payload(), (1, 2), "text", 2**80]}, 2)
    with pytest.raises(PickleError):
        read_symbols(data[:cut])


def test_a_dozen_shared_rows_are_no_repetition():
    row = list(range(1000))
    assert len(read_symbols(pickle.dumps([row] * 12, 2)).root.items) == 12
