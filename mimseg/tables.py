"""Tables for a terminal and for Markdown. Light to import."""

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class TextTable:
    """Cells under a header.

    Attributes:
        header: a name for every column.
        rows: as many cells each.
        title: a line above the table, if any.
        text: numbers of the columns that hold text and are aligned left; the others hold numbers.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    text: Collection[int] = (0,)

    @classmethod
    def of_columns(
        cls, columns: Mapping[str, Sequence[str]], title: str = "", text: Collection[int] = (0,)
    ) -> "TextTable":
        """Build a table from cells by heading."""
        return cls(list(columns), list(zip(*columns.values(), strict=True)), title, text)

    def markdown(self) -> str:
        """Write the table as Markdown, without its title; every line ends."""
        rule = ["---" if column in self.text else "--:" for column in range(len(self.header))]
        lines = [[cell.replace("|", "\\|") for cell in line] for line in (self.header, rule, *self.rows)]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)

    def show(self) -> None:
        """Print the table; where there is no terminal, as wide as its cells, so that no line is broken."""
        from rich.cells import cell_len
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        table = Table(title=escape(self.title) or None)
        for column, name in enumerate(self.header):
            table.add_column(escape(name), justify="left" if column in self.text else "right", overflow="fold")
        for row in self.rows:
            table.add_row(*map(escape, row))
        widths = (max(map(cell_len, cells)) + 3 for cells in zip(self.header, *self.rows, strict=True))
        (Console() if sys.stdout.isatty() else Console(width=sum(widths) + 1)).print(table)
