"""What headers, settings and pages name as the result of another run lies where that run puts it."""

import re
from pathlib import Path

import pytest

from mimseg.apis import default_work_dir

ROOT = Path(__file__).parents[2]
CHECKPOINT = re.compile(r"work_dirs/([\w./$-]+)/(?:epoch|iter)_\d+\.pth")
CONFIGS = sorted(path for path in (ROOT / "configs").rglob("*.py") if not {"_base_", "_papers"} & set(path.parts))
FOLDERS = {default_work_dir(path).as_posix() for path in CONFIGS}


def test_every_checkpoint_that_a_config_names_is_another_configs():
    named = [(path.name, f"work_dirs/{found}") for path in CONFIGS for found in CHECKPOINT.findall(path.read_text())]
    assert len(named) > 60
    assert [name for name in named if name[1] not in FOLDERS] == []


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_every_checkpoint_on_a_page_is_a_configs_or_lies_where_the_page_puts_it(page):
    text = (ROOT / "docs" / page).read_text()
    chosen = set(re.findall(r"--work-dir (\S+)", text.replace("{", "").replace("}", "")))
    named = [f"work_dirs/{found}" for found in CHECKPOINT.findall(text.replace("{", "").replace("}", ""))]
    odd = [name for name in named if name not in FOLDERS | chosen and not _is_one_of(name, chosen)]
    assert odd == []


def _is_one_of(name: str, chosen: set[str]) -> bool:
    """Whether a chosen folder with variables may be this one."""
    patterns = ["[\\w.-]+".join(map(re.escape, re.split(r"\$\w+?(?=_|/|$)", folder))) for folder in chosen]
    return any(re.fullmatch(pattern, name.replace("$seed", "seed")) for pattern in patterns)
