"""Where runs go by default: no two configs, data sets or checkpoints share a folder."""

from pathlib import Path

import pytest

from mimseg.apis import default_test_dir, default_work_dir
from mimseg.apis.run.rows import read_table
from mimseg.apis.run.work_folder import data_level
from mimseg.checkpoints.run_file import Run, write_run_file

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("config", "folder"),
    [
        ("configs/hpm/vitb_200e.py", "hpm/vitb_200e"),
        ("/elsewhere/configs/hpm/vitb_200e.py", "hpm/vitb_200e"),
        ("configs/hpm/ablations/table1_dino.py:none", "hpm/ablations/table1_dino/none"),
        ("/elsewhere/deep/mine/table.py:r_0.5", "mine/table/r_0.5"),
        ("configs/configs/a.py", "a"),
        ("a.py", "a"),
        ("./mine/../mine/first.v2.py", "mine/first.v2"),
        ("work_dirs/hpm/vitb_200e/vitb_200e.py", "hpm/vitb_200e/vitb_200e"),
        ("/elsewhere/deep/mine/first.py", "mine/first"),
        ("/first.py", "first"),
        (None, "run"),
    ],
)
def test_the_folder_mirrors_the_config(config, folder):
    assert default_work_dir(config) == Path("work_dirs", folder)


def test_from_within_the_configs_it_is_the_same(monkeypatch):
    monkeypatch.chdir(ROOT / "configs")
    assert default_work_dir("hpm/vitb_200e.py") == Path("work_dirs/hpm/vitb_200e")


def test_no_two_configs_share_a_folder():
    configs = [path for path in (ROOT / "configs").rglob("*.py") if not {"_base_", "_papers"} & set(path.parts)]
    runs = [f"{path}:{row}" if row else path for path in configs for row in (read_table(path) or [""])]
    folders = {default_work_dir(run) for run in runs}
    assert len(runs) > 300 and len(folders) == len(runs)
    assert not any(parent in folders for folder in folders for parent in folder.parents), "none lies in another's"


def test_a_row_that_was_a_file_keeps_the_folder_of_its_run(tmp_path):
    table = ROOT / "configs/hpm/ablations/table1_dino.py"
    former, own = (Path("work_dirs/hpm/ablations", name) for name in ("table1_dino_none", "table1_dino/none"))
    assert default_work_dir(f"{table}:none") == default_work_dir(table.with_name("table1_dino_none.py")) == own
    write_run_file(former, Run("0" * 32, config=str(table.with_name("table1_dino_none.py"))))
    assert default_work_dir(f"{table}:none") == default_work_dir(table.with_name("table1_dino_none.py")) == former
    assert default_test_dir(f"{table}:none", former / "epoch_200.pth") == former
    write_run_file(own, Run("1" * 32, config=f"{table}:none"))
    assert default_work_dir(f"{table}:none") == own


def test_data_of_ones_own_adds_a_level(tmp_path, monkeypatch):
    assert default_work_dir("configs/hpm/vitb_200e.py", "/data/photos/") == Path("work_dirs/hpm/vitb_200e/photos")
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path / "photos")
    assert data_level(".") == data_level("../photos/") == "photos"
    assert data_level("/data/my pictures, 2024") == "my_pictures_2024"
    assert data_level("/data/Größe.v1-a") == "Größe.v1-a"
    assert data_level("/data/.hidden") == "hidden"
    assert data_level(b"/data/x\xff\ny".decode(errors="surrogateescape")) == "x_y"
    assert data_level("/") == data_level("/data/§ §") == "data"


def test_a_run_is_tested_in_its_own_folder(tmp_path):
    config, checkpoint = "configs/finetune/vitb_100e.py", "work_dirs/finetune/vitb_100e/epoch_100.pth"
    own = Path("work_dirs/finetune/vitb_100e")
    assert default_test_dir(config, checkpoint) == own
    assert default_test_dir(config, checkpoint, "/data/photos") == own / "test_photos"
    elsewhere = tmp_path / "runs" / "seed3"
    write_run_file(elsewhere, Run("0" * 32, config=str(ROOT / config)))
    assert default_test_dir(config, elsewhere / "epoch_100.pth") == elsewhere
    assert default_test_dir("configs/knn/vitb.py", elsewhere / "epoch_9.pth") == Path(
        "work_dirs/knn/vitb/runs/seed3/epoch_9"
    )


def test_checkpoints_of_others_have_a_folder_each():
    def folder(*arguments):
        return default_test_dir("configs/knn/vitb.py", *arguments).relative_to("work_dirs/knn/vitb").as_posix()

    assert folder("work_dirs/hpm/vitb_200e/epoch_200.pth") == "hpm/vitb_200e/epoch_200"
    assert folder("work_dirs/mae/vitb_200e/epoch_200.pth") == "mae/vitb_200e/epoch_200"
    assert folder("work_dirs/mae/vitb_200e/epoch_100.pth") == "mae/vitb_200e/epoch_100"
    assert folder("work_dirs/mae/vitb_200e/epoch_100.pth", None, "ema") == "mae/vitb_200e/epoch_100_ema"
    assert folder("work_dirs/mae/vitb_200e/epoch_100.pth", "/data/photos") == "mae/vitb_200e/epoch_100/photos"
    assert folder("/data/weights/mae.pth") == "weights/mae"
    assert folder("mae.pth") == "mae"
