"""Names of files as text that any log, report or terminal takes, in one line."""


def printable(name: object) -> str:
    r"""Escape what is no printable character: ``\n``, ``\x1b``, and bytes of a name that is not UTF-8 (``\udcff``)."""
    text = str(name)
    return text if text.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
