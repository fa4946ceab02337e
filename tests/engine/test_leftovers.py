from mimseg.engine.leftovers import sweep_run


def test_a_runs_own_parts_are_swept_and_other_runs_below_it_are_not(tmp_path):
    name = ".a.png.0123456789abcdef.tmp"
    own = ["", "pictures", "selection", "20260101_120000", "20260101_120000/vis_data"]
    others = ["finetune", "finetune/pictures", "20260101_120000/mine", "pictures/mine"]
    for folder in own + others:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / name).write_text("half")
    assert sorted(sweep_run(tmp_path)) == sorted(tmp_path / folder / name for folder in own)
    assert all((tmp_path / folder / name).exists() for folder in others)
    assert sweep_run(tmp_path / "missing") == []
