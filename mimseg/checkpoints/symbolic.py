"""What a pickle would build, read as symbols: nothing that it names is looked up, called or allocated."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from struct import unpack_from
from typing import Any

MOST_OPERATIONS = 5_000_000
"""Of one pickle: some seconds. A checkpoint of a ViT-L with its optimizer has about 100 000."""
DEEPEST = 400
"""Containers within containers."""
MOST_LEAVES = 10_000_000
"""Of a tuple once what it repeats is written out, which is how long Python hashes it."""
LONGEST_TEXT = 4096
"""Characters of a string that are kept."""


class PickleError(ValueError):
    """A pickle that no checkpoint holds: cut off, too deep or too long, or of operations that PyTorch does not read."""


@dataclass(frozen=True)
class Name:
    """A class or function that a pickle names."""

    text: str


@dataclass
class Items:
    """A tuple or list, or the entries of a dict in turn: key, value, key, value ..."""

    items: list[Any] = field(default_factory=list)
    depth: int = 1
    leaves: int = 1


@dataclass
class Call:
    """A function or class that a pickle calls, its arguments, and the state that it gives to the result."""

    name: Any
    arguments: Items
    key: Any
    depth: int = 1
    leaves: int = 1


@dataclass
class Stored:
    """A storage of numbers that lies outside the pickle, by what identifies it."""

    identity: Items
    key: Any


@dataclass
class Symbols:
    """What a pickle names.

    Attributes:
        root: what it builds.
        calls: every call, in its order.
        stored: every storage, in its order.
        end: index of the byte behind the pickle.
    """

    root: Any
    calls: list[Call]
    stored: list[Stored]
    end: int


def read_symbols(data: Any, start: int = 0) -> Symbols:
    """Read the operations of a pickle that ``torch.load(weights_only=True)`` knows.

    Args:
        data: bytes or a memory map.
        start: where the pickle begins.

    Raises:
        PickleError: it cannot be the pickle of a checkpoint.
    """
    try:
        return _Machine(data, start).run()
    except (IndexError, KeyError, TypeError, AttributeError, ArithmeticError, UnicodeDecodeError) as error:
        raise PickleError(f"its pickle is broken ({type(error).__name__})") from None
    except Exception as error:
        if isinstance(error, PickleError):
            raise
        raise PickleError(f"its pickle is cut off ({type(error).__name__})") from None


class _Machine:
    """A stack and a memo, as in any reader of pickles."""

    def __init__(self, data: Any, start: int) -> None:
        self.data, self.at = data, start
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.calls: list[Call] = []
        self.stored: list[Stored] = []

    def run(self) -> Symbols:
        data, operations = self.data, OPERATIONS
        for _ in range(MOST_OPERATIONS):
            code = data[self.at]
            self.at += 1
            if code == STOP:
                return Symbols(self.stack.pop(), self.calls, self.stored, self.at)
            operation = operations.get(code)
            if operation is None:
                raise PickleError(f"its pickle has an operation that PyTorch does not read ({code})")
            operation(self)
        raise PickleError(f"its pickle has more than {MOST_OPERATIONS} operations")

    def take(self, size: int) -> bytes:
        taken = bytes(self.data[self.at : self.at + size])
        if len(taken) < size:
            raise PickleError(f"its pickle is cut off: {size} bytes are announced, {len(taken)} are left")
        self.at += size
        return taken

    def number(self, form: str, size: int) -> Any:
        value = unpack_from(form, self.data, self.at)[0]
        self.at += size
        return value

    def line(self) -> str:
        end = self.data.find(b"\n", self.at)
        if end < 0 or end - self.at > LONGEST_TEXT:
            raise PickleError("its pickle has a name without an end")
        text: str = bytes(self.data[self.at : end]).decode()
        self.at = end + 1
        return text

    def text(self) -> None:
        size = self.number("<I", 4)
        kept = self.data[self.at : self.at + min(size, LONGEST_TEXT)]
        if self.at + size > len(self.data):
            raise PickleError(f"its pickle is cut off: {size} bytes of text are announced")
        self.at += size
        self.stack.append(bytes(kept).decode("utf-8", "replace"))

    def to_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.marks.pop()
        return items

    def mark(self) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def pack_marked(self) -> None:
        items = self.to_mark()
        self.stack.append(self.row(items))

    def row(self, items: list[Any]) -> Items:
        row = Items()
        self.fill(row, items)
        return row

    def fill(self, holder: Any, items: list[Any]) -> None:
        """Put items into a container, and refuse what is too deep or, written out, too long to be hashed."""
        if not isinstance(holder, Items | Call):
            raise PickleError("its pickle fills what is no container")
        deepest, leaves = 0, 0
        for item in items:
            if isinstance(item, Items | Call):
                deepest, leaves = max(deepest, item.depth), leaves + item.leaves
        holder.depth = max(holder.depth, deepest + 1)
        holder.leaves += len(items) + leaves
        if holder.depth > DEEPEST:
            raise PickleError(f"it is nested more than {DEEPEST} deep")
        if holder.leaves > MOST_LEAVES and any(isinstance(item, Items | Call) for item in items):
            raise PickleError(f"it repeats itself: written out it has more than {MOST_LEAVES} entries")
        if isinstance(holder, Items):
            holder.items += items

    def pack(self, number: int) -> None:
        if len(self.stack) < number:
            raise PickleError("its pickle is broken")
        self.stack[-number:] = [self.row(self.stack[-number:])]

    def call(self) -> None:
        arguments, name = self.stack.pop(), self.stack.pop()
        if not isinstance(arguments, Items):
            raise PickleError("its pickle calls without arguments")
        call = Call(name, arguments, self.key())
        self.fill(call, [arguments])
        self.calls.append(call)
        self.stack.append(call)

    def build(self) -> None:
        state = self.stack.pop()
        if isinstance(self.stack[-1], Call):
            self.fill(self.stack[-1], [state])

    def store(self) -> None:
        identity = self.stack.pop()
        stored = Stored(identity if isinstance(identity, Items) else Items(), self.key())
        self.stored.append(stored)
        self.stack.append(stored)

    def key(self) -> Any:
        """The key under which what is being read will lie, if it is text."""
        if self.stack and isinstance(self.stack[-1], str):
            return self.stack[-1]
        for stack in self.marks[:-4:-1]:
            if len(stack) > 1 and isinstance(stack[-2], str):
                return stack[-2]
        return None

    def name(self) -> None:
        self.stack.append(Name(f"{self.line()}.{self.line()}"))

    def append(self) -> None:
        item = self.stack.pop()
        self.fill(self.stack[-1], [item])

    def extend(self) -> None:
        items = self.to_mark()
        self.fill(self.stack[-1], items)

    def entry(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.fill(self.stack[-1], [key, value])

    def long(self) -> None:
        self.stack.append(int.from_bytes(self.take(self.number("B", 1)), "little", signed=True))

    def skip(self, size: int) -> None:
        self.at += size

    def put(self, form: str, size: int) -> None:
        self.memo[self.number(form, size)] = self.stack[-1]

    def get(self, form: str, size: int) -> None:
        self.stack.append(self.memo[self.number(form, size)])

    def short_bytes(self) -> None:
        self.stack.append(self.take(self.number("B", 1)))


def _constants() -> Iterator[tuple[bytes, Callable[[_Machine], Any]]]:
    """Operations that push what needs no reading, or a number."""
    yield b"N", lambda m: m.stack.append(None)
    yield b"\x88", lambda m: m.stack.append(True)
    yield b"\x89", lambda m: m.stack.append(False)
    for code in (b")", b"]", b"}", b"\x8f"):
        yield code, lambda m: m.stack.append(Items())
    yield b"J", lambda m: m.stack.append(m.number("<i", 4))
    yield b"K", lambda m: m.stack.append(m.number("B", 1))
    yield b"M", lambda m: m.stack.append(m.number("<H", 2))
    yield b"G", lambda m: m.stack.append(m.number(">d", 8))


STOP = ord(".")
OPERATIONS: dict[int, Callable[[_Machine], Any]] = {
    code[0]: operation
    for code, operation in (
        *_constants(),
        (b"\x80", lambda m: m.skip(1)),
        (b"c", _Machine.name),
        (b"\x81", _Machine.call),
        (b"R", _Machine.call),
        (b"b", _Machine.build),
        (b"a", _Machine.append),
        (b"e", _Machine.extend),
        (b"s", _Machine.entry),
        (b"u", _Machine.extend),
        (b"(", _Machine.mark),
        (b"t", _Machine.pack_marked),
        (b"\x85", lambda m: m.pack(1)),
        (b"\x86", lambda m: m.pack(2)),
        (b"\x87", lambda m: m.pack(3)),
        (b"X", _Machine.text),
        (b"U", _Machine.short_bytes),
        (b"Q", _Machine.store),
        (b"h", lambda m: m.get("B", 1)),
        (b"j", lambda m: m.get("<I", 4)),
        (b"q", lambda m: m.put("B", 1)),
        (b"r", lambda m: m.put("<I", 4)),
        (b"\x8a", _Machine.long),
    )
}
