"""What the pages name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
ROOMS = [ROOT, *(ROOT / room for room in ("mimseg", "mimseg/models", "configs", "tests"))]
"""From where a page may name a file."""
MADE = ("vis_data/", "work_dirs/", "data/")
"""What runs and users make."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_a_page_names_exist(page):
    named = set(re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|sh|yaml))`", page.read_text(encoding="utf-8")))
    named = {path for path in named if not path.startswith(MADE)}
    missing = sorted(path for path in named if not any((room / path).exists() for room in [page.parent, *ROOMS]))
    assert not missing
