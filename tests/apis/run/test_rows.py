"""Rows of a table, ``FILE.py:ROW``."""

from pathlib import Path

import pytest

from mimseg.apis import load_config
from mimseg.apis.run.config_files import ConfigFileError
from mimseg.apis.run.rows import find_config, read_table, split_row

ROOT = Path(__file__).parents[3]
BASE = f'_base_ = "{ROOT}/configs/hpm/vitb_200e.py"\n'
TABLE = (
    BASE
    + """
_half = {"model.masking.ratio.ratio": 0.5}
rows = {
    "r50": (82.36, _half),
    "random_r50": (
        {"fine-tuned": 82.5, "linear": 50.1},
        {
            **_half,
            "model.masking.score": None,
            "model.masking.policy": dict(_delete_=True, type="RandomPolicy"),
            "model.teachers.ema": None,
        },
    ),
    "as_it_is": (None, {}),
}
"""
)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.py"
    path.write_text(TABLE)
    return path


def test_a_row_is_the_table_with_its_settings(table):
    cfg = load_config(f"{table}:r50")
    assert cfg.model.masking.ratio.ratio == 0.5 and "rows" not in cfg
    assert cfg.model.masking.policy.type == "EasyToHardPolicy"


def test_none_and_delete_act_as_in_overrides(table):
    cfg = load_config(f"{table}:random_r50")
    assert cfg.model.masking.policy == dict(type="RandomPolicy")
    assert cfg.model.masking.score is None and cfg.model.teachers.ema is None
    assert load_config(f"{table}:random_r50").model.masking.policy == dict(type="RandomPolicy"), "the same once more"


def test_overrides_come_after_the_row(table):
    assert load_config(f"{table}:r50", ["model.masking.ratio.ratio=0.9"]).model.masking.ratio.ratio == 0.9


def test_the_config_says_which_row_it_is(table):
    assert load_config(f"{table}:r50").filename == f"{table}:r50"


def test_what_is_written_of_a_row_can_be_read_again_and_has_no_rows(table, tmp_path):
    cfg = load_config(f"{table}:random_r50")
    (tmp_path / "table_random_r50_resolved.py").write_text(cfg.pretty_text)
    assert load_config(tmp_path / "table_random_r50_resolved.py").to_dict() == cfg.to_dict()


def test_figures_are_numbers_by_heading(table):
    rows = read_table(table)
    assert rows["r50"].figures == {"fine-tuned": 82.36}
    assert rows["random_r50"].figures == {"fine-tuned": 82.5, "linear": 50.1}
    assert rows["as_it_is"].figures == {}
    assert read_table(ROOT / "configs/hpm/vitb_200e.py") == {}


def test_the_former_file_of_a_row_leads_to_it(table, tmp_path, capsys):
    cfg = load_config(tmp_path / "table_random_r50.py")
    assert cfg.model.masking.policy.type == "RandomPolicy" and cfg.filename == f"{table}:random_r50"
    load_config(tmp_path / "table_random_r50.py")
    line = f"note: {tmp_path}/table_random_r50.py is now {table}:random_r50\n"
    assert capsys.readouterr().err == line, "said once"


def test_a_file_that_exists_is_no_former_row(table, tmp_path):
    (tmp_path / "table_r50.py").write_text(BASE)
    assert find_config(tmp_path / "table_r50.py") == (tmp_path / "table_r50.py", None)
    assert find_config(tmp_path / "table_r51.py") == (tmp_path / "table_r51.py", None)


def test_a_path_with_a_colon_that_exists_is_that_file(tmp_path):
    odd = tmp_path / "seed:3"
    odd.mkdir()
    (odd / "a.py:b").write_text(BASE)
    (odd / "a.py").write_text(TABLE)
    assert split_row(odd / "a.py:b") == (odd / "a.py:b", None)
    assert split_row(odd / "a.py") == (odd / "a.py", None)
    assert split_row(f"{odd}/a.py:r50") == (odd / "a.py", "r50")


def test_an_heir_of_a_table_has_its_rows_and_its_own(table, tmp_path):
    heir = tmp_path / "heir.py"
    heir.write_text(
        '_base_ = "table.py"\nschedule = dict(epochs=7)\nrows = {"r90": (None, {"model.masking.ratio.ratio": 0.9})}\n'
    )
    assert list(read_table(heir)) == ["r50", "random_r50", "as_it_is", "r90"]
    cfg = load_config(f"{heir}:r50")
    assert cfg.schedule.epochs == 7 and cfg.model.masking.ratio.ratio == 0.5
    (tmp_path / "plain.py").write_text('_base_ = "table.py"\nrows = None\n')
    assert load_config(tmp_path / "plain.py").model.masking.ratio.ratio == 0.75


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("table.py", "is a table: add one of its rows, {table}:r50 say; rows: r50, random_r50, as_it_is"),
        ("table.py:", "has no row ''; rows: r50"),
        ("table.py:r5", "has no row 'r5' (did you mean {table}:r50?); rows: r50, random_r50, as_it_is"),
        ("plain.py:r50", "is no table and has no row r50: leave out :r50"),
        ("of_a_row.py", "its _base_ table.py:r50 is a row of a table, and only files are inherited"),
    ],
)
def test_what_names_no_run_is_refused_in_a_line(table, tmp_path, name, message):
    (tmp_path / "plain.py").write_text(BASE)
    (tmp_path / "of_a_row.py").write_text('_base_ = "table.py:r50"\n')
    with pytest.raises(ConfigFileError) as error:
        load_config(f"{tmp_path}/{name}")
    assert message.format(table=table) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("[1]", "rows must be a dict of rows by name, got [1]"),
        ("{}", "rows must be a dict of rows by name, got {}"),
        ('{"a/b": (None, {})}', "a row's name has letters, digits and any of _ . + - only"),
        ('{"a": {"x": 1}}', "row a must be (figure, settings by dotted key), got {'x': 1}"),
        ('{"a": (1.0, {}, 3)}', "row a must be (figure, settings by dotted key)"),
        ('{"a": ("83", {})}', "row a: its figure must be a number, numbers by heading, or None, got '83'"),
        ('{"a": (None, {"model..x": 1})}', "row a: 'model..x' is no dotted key of a setting"),
        ('{"a": (None, {"_x": 1})}', "row a: '_x' is no dotted key of a setting"),
        (
            '{"a": (None, {"schedule.epochs.x": 1})}',
            "row a: schedule.epochs.x=1: schedule.epochs is 200, which has no parts",
        ),
        ('{"a": (None, {"modle.encoder": 1})}', "config key modle is read by nothing; did you mean model?"),
    ],
)
def test_a_row_of_another_form_is_refused_in_a_line(tmp_path, rows, message):
    (tmp_path / "t.py").write_text(f"{BASE}rows = {rows}\n")
    with pytest.raises(ValueError) as error:
        load_config(f"{tmp_path}/t.py:a")
    assert message in str(error.value) and "\n" not in str(error.value)
