"""The corpus of bad input: reading it, the world of files that it speaks of, and running it.

Each file of ``cases/`` holds groups: a tool, the beginning of a command, and cases. A case is ``[arguments, line]`` or
a dict with ``arguments``, ``line`` (a pattern of the one line on stderr), and optionally ``command`` (instead of the
group's), ``files`` (name: text, made in the case's folder), ``folders``, ``links`` (name: target) and ``code`` (2).
In commands, ``{tmp}`` is the case's folder, ``{root}`` the repository; the others are of :class:`World`.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

ROOT = Path(__file__).parents[2]
CASES = Path(__file__).parent / "cases"
LIMIT = 120
QUICK = (
    "data.watch=[] schedule.epochs=1 schedule.warmup_epochs=0 train_dataloader.batch_size=4 "
    "train_dataloader.num_workers=0 data.size=32"
)


@dataclass(frozen=True)
class Case:
    """A wrong command, and what it must end in."""

    theme: str
    tool: str
    command: str
    line: str
    code: int = 2
    slow: bool = False
    files: dict[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    links: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For the test's id."""
        return f"{self.theme}: {self.command}"[-110:]


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def lines(self) -> list[str]:
        """What stands on stderr, without argparse's usage and warnings of Python."""
        text = re.sub(r"(?ms)^usage: .*?(?=^\S+\.py: error: )", "", self.stderr)
        return [line for line in text.splitlines() if line.strip() and not is_progress(line)]

    def verdict(self, case: Case) -> str:
        """``one line``, or what is wrong."""
        if "Traceback (most recent call last)" in self.stderr or "Traceback (most recent call last)" in self.stdout:
            return "traceback"
        if self.code == 124:
            return "hang"
        if self.code < 0:
            return "crash"
        if self.code == 0:
            return "accepted"
        if self.code != case.code:
            return f"exit code {self.code}"
        if len(self.lines) != 1:
            return f"{len(self.lines)} lines"
        return "one line" if re.search(case.line, self.lines[0]) else "another line"


def is_progress(line: str) -> bool:
    """Whether a line on stderr tells how a command gets on, as the benchmark's do."""
    return line.startswith(("step times", "reading", "loading "))


def read_cases() -> Iterator[Case]:
    """All cases."""
    for path in sorted(CASES.glob("*.yaml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8")):
            for entry in group["cases"]:
                case = dict(zip(("arguments", "line"), entry, strict=True)) if isinstance(entry, list) else dict(entry)
                begin = case.pop("command", group.get("command", ""))
                arguments = case.pop("arguments", "")
                yield Case(
                    theme=path.stem,
                    tool=group["tool"],
                    command=f"{begin} {arguments}".strip(),
                    slow=group.get("slow", False) or case.pop("slow", False),
                    **{**case, "folders": tuple(case.get("folders", ()))},
                )


class World:
    """The files that commands speak of, and the process that runs them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("server.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore", "COLUMNS": "100"},
        )
        self.count = 0

    def close(self) -> None:
        """End the process."""
        assert self.server.stdin is not None
        self.server.stdin.close()
        self.server.wait()

    def run(self, case: Case) -> Outcome:
        """Run a case in a folder of its own."""
        self.count += 1
        tmp = self.folder / f"case{self.count}"
        tmp.mkdir()
        for name in case.folders:
            (tmp / name).mkdir(parents=True)
        for name, text in case.files.items():
            (tmp / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp / name).write_bytes(text.encode("latin-1") if text.startswith("\x89") else text.encode())
        for name, target in case.links.items():
            (tmp / name).symlink_to(target)
        return self.call(case.tool, self.places(tmp, case.command), tmp)

    def places(self, tmp: Path, command: str) -> str:
        """A command with its names replaced."""
        return re.sub(
            r"\{([a-z_]+)\}", lambda name: str(tmp) if name[1] == "tmp" else str(getattr(self, name[1])), command
        )

    def call(self, tool: str, command: str, cwd: Path) -> Outcome:
        """Run a tool in a forked child."""
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        request: dict[str, Any] = {"argv": [str(ROOT / "tools" / tool), *shlex.split(command)], "cwd": str(cwd)}
        start = time.perf_counter()
        self.server.stdin.write(json.dumps({**request, "limit": LIMIT}) + "\n")
        self.server.stdin.flush()
        answer = json.loads(self.server.stdout.readline())
        return Outcome(**answer, seconds=time.perf_counter() - start)

    def made(self, tool: str, command: str) -> None:
        """Run a right command."""
        outcome = self.call(tool, command, self.folder)
        assert outcome.code == 0, f"{tool} {command}: {outcome.stderr[-2000:]}"

    @property
    def root(self) -> Path:
        """The repository."""
        return ROOT

    @property
    def mae(self) -> str:
        """A config of a small pre-training."""
        return f"{ROOT}/configs/demo/mae_vit-micro_scenes.py"

    @property
    def quick(self) -> str:
        """Overrides that make its run short."""
        return QUICK

    @cached_property
    def images(self) -> Path:
        """A folder of images."""
        folder = self.folder / "images"
        folder.mkdir()
        for number in range(12):
            pixels = np.random.default_rng(number).integers(0, 256, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
        return folder

    @cached_property
    def classes(self) -> Path:
        """Class folders."""
        folder = self.folder / "classes"
        for split in ("train", "val"):
            for label in ("a", "b"):
                (folder / split / label).mkdir(parents=True)
                for number in range(6):
                    pixels = np.random.default_rng(number).integers(0, 256, (64, 64, 3), dtype=np.uint8)
                    Image.fromarray(pixels).save(folder / split / label / f"{number}.png")
        return folder

    @cached_property
    def run_dir(self) -> Path:
        """The work folder of a finished pre-training."""
        folder = self.folder / "run"
        self.made("train.py", f"{self.mae} --data {self.images} --work-dir {folder} --cfg-options {QUICK}")
        return folder

    @cached_property
    def checkpoint(self) -> Path:
        """Its last checkpoint."""
        return self.run_dir / "epoch_1.pth"

    @cached_property
    def scenes(self) -> Path:
        """Scenes with boxes, masks and label maps."""
        folder = self.folder / "scenes"
        self.made("make_scenes.py", f"{folder} --train 8 --val 4 --size 64 --layouts coco ade")
        return folder
