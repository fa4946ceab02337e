"""Tables for a terminal and for Markdown."""

import io
import sys

from mimseg.tables import TextTable


def test_markdown_aligns_text_left_and_numbers_right():
    table = TextTable(["model", "what", "0.5"], [["a|b", "top-1", "30.00"]], "not part of it", text=(0, 1))
    assert table.markdown() == "| model | what | 0.5 |\n| --- | --- | --: |\n| a\\|b | top-1 | 30.00 |\n"


def test_columns_make_the_same_table_as_rows():
    by_column = TextTable.of_columns({"a": ["x", "y"], "b": ["1", "2"]}, "title")
    assert by_column.markdown() == TextTable(["a", "b"], [("x", "1"), ("y", "2")]).markdown()
    assert by_column.title == "title"


def test_without_a_terminal_no_cell_is_cut_or_read_as_markup(capsys):
    long = "configs/" + "x" * 300 + "[bold].py"
    TextTable(["config", "M [parameters]"], [[long, "1.25"]], "sizes [of] models").show()
    lines = capsys.readouterr().out.splitlines()
    assert any(long in line and "1.25" in line for line in lines)
    assert "sizes [of] models" in lines[0] and "M [parameters]" in lines[2]


def test_a_narrow_terminal_folds_cells_and_loses_nothing(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setattr(sys, "stdout", Terminal())
    TextTable(["config", "number"], [["abcdefghijklmnopqrstuvwxyz" * 2, "1.25"]]).show()
    cells = [line.split("│")[1].strip() for line in sys.stdout.getvalue().splitlines() if line.count("│") == 3]
    assert "".join(cells) == "abcdefghijklmnopqrstuvwxyz" * 2
