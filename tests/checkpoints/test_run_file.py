"""Whose a run is, by the path of its config."""

import pytest

from mimseg.checkpoints.run_file import as_one_file, config_name, same_config


def test_a_row_has_the_path_of_the_file_that_it_was():
    assert as_one_file("configs/hpm/ablations/table3.py:argmin") == "configs/hpm/ablations/table3_argmin.py"
    assert as_one_file("/mine/t.py:r_0.5") == "/mine/t_r_0.5.py"
    assert as_one_file("configs/hpm/vitb_200e.py") == "configs/hpm/vitb_200e.py"
    assert config_name("/home/me/configs/hpm/ablations/table3.py:argmin") == "configs/hpm/ablations/table3.py:argmin"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("configs/hpm/ablations/table3.py:argmin", "/there/configs/hpm/ablations/table3_argmin.py", True),
        ("configs/hpm/ablations/table3.py:argmin", "configs/hpm/ablations/table3.py:hard-to-easy", False),
        ("configs/hpm/ablations/table3.py:argmin", "configs/hpm/ablations/table3.py", False),
        ("work_dirs/x/table3_argmin.py", "configs/hpm/ablations/table3.py:argmin", True),
        ("/mine/t.py:a", "t.py:a", True),
        ("/mine/t.py:a", "t.py:b", False),
    ],
)
def test_a_row_and_its_former_file_are_one_config(one, other, same):
    assert same_config(one, other) == same == same_config(other, one)
