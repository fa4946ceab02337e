"""What headers, settings and pages name as the result of another run lies where that run puts it."""

import re

import pytest
from config_tree import FILES, NAMES, ROOT

from mimseg.apis import default_work_dir

CHECKPOINT = re.compile(r"work_dirs/([\w./$-]+)/(?:epoch|iter)_\d+\.pth")
FOLDERS = {default_work_dir(ROOT / name).as_posix() for name in NAMES}


def test_every_checkpoint_that_a_config_names_is_another_configs():
    named = [(name, f"work_dirs/{found}") for name in FILES for found in CHECKPOINT.findall((ROOT / name).read_text())]
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
