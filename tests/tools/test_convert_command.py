"""What ``tools/convert.py`` tells its user."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).parents[2] / "tools" / "convert.py"


@pytest.fixture
def command(monkeypatch, capsys):
    """Run the command in this process; gives exit code, stdout and stderr."""
    spec = importlib.util.spec_from_file_location("tools_convert", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["convert.py", *map(str, arguments)])
        return module.main(), *capsys.readouterr()

    return run


@pytest.fixture
def micro(tmp_path):
    """An official MAE encoder of a micro size."""
    import timm

    vit = timm.create_model("vit_base_patch16_224", img_size=(8, 12), patch_size=4, embed_dim=16, depth=1, num_heads=2,
                            num_classes=0)  # fmt: skip
    torch.save({"model": vit.state_dict()}, tmp_path / "timm.pth")
    return tmp_path / "timm.pth"


def test_help_answers_without_importing_anything_heavy():
    code = (
        "import runpy, sys\n"
        f"sys.argv = ['convert.py', '--help']\n"
        f"try: runpy.run_path(r'{SCRIPT}', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    print(end.code, sorted({'torch', 'mmengine', 'numpy'} & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=280)
    assert done.stdout.splitlines()[-1] == "0 []"


def test_it_says_what_it_did_in_one_short_table(command, micro, tmp_path):
    code, out, err = command(micro, tmp_path / "out.pth", "--to", "mimseg")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"{micro} (timm ViT, student) -> {tmp_path / 'out.pth'} (mimseg)"
    assert [line.split() for line in lines[1:4]] == [
        ["encoder", "18", "tensors"],
        ["positions", "learned", "table"],
        ["left", "out", "nothing"],
    ]
    assert len(lines) == 5
    code, out, _ = command(
        tmp_path / "out.pth", tmp_path / "t.pth", "--to", "timm", "--image-size", 8, 12, "--num-heads", 2
    )
    assert code == 0 and "timm.create_model(" in out and "img_size=(8, 12)" in out


def test_the_source_is_never_the_target(command, micro, tmp_path):
    before = micro.read_bytes()
    code, _, err = command(micro, micro, "--to", "mimseg", "--overwrite")
    assert code == 2 and "is read: writing it would destroy" in err and micro.read_bytes() == before
    (tmp_path / "out.pth").write_text("old")
    assert command(micro, tmp_path / "out.pth", "--to", "mimseg")[0] == 2
    assert command(micro, tmp_path / "out.pth", "--to", "mimseg", "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("source", "options", "complaint"),
    [
        ("none.pth", ["--to", "mimseg"], "check the path"),
        ("timm.pth", ["--to", "hf", "--image-size", "8", "12", "--num-heads", "2"], "holds no decoder"),
        ("timm.pth", ["--to", "mimseg", "--weights", "ema"], "no EMA teacher"),
        ("timm.pth", ["--to", "timm", "--image-size", "9", "12"], "9x12 is not a multiple of patch_size=4"),
        ("timm.pth", ["--to", "timm", "--image-size", "8", "12"], "--num-heads"),
    ],
)
def test_a_users_mistake_is_one_line_and_exit_code_2(command, micro, tmp_path, source, options, complaint):
    code, out, err = command(tmp_path / source, tmp_path / "out", *options)
    assert (code, out) == (2, "")
    assert err.startswith("error: ") and err.count("\n") == 1 and complaint in err
    assert not (tmp_path / "out").exists()
