"""Which checkpoint a run goes on from: the latest that is as it was written."""

from pathlib import Path

from mmengine.config import Config

from ...checkpoints import DamagedCheckpointError, damage_of, find_intact, find_latest
from ...checkpoints.run_file import read_run_file
from ...checkpoints.run_files import written_later
from ...processes import is_first_process


def resume_latest(cfg: Config) -> None:
    """Set ``load_from`` to the newest intact checkpoint of ``work_dir``, in place; where there is none, start.

    Damaged ones that are newer are told in one line; training writes them anew.

    Raises:
        ValueError: the run is to begin anew as well.
        DamagedCheckpointError: there are checkpoints, and all are damaged.
    """
    if cfg.get("overwrite"):
        raise ValueError(
            "--overwrite begins anew and --resume goes on with what is there: give one of the two, or name the "
            "checkpoint of another folder to resume"
        )
    cfg._asked_to_resume = True
    if find_latest(cfg.work_dir) is None:
        start = "scratch" if cfg.get("load_from") is None else cfg.load_from
        print(f"nothing to resume in {cfg.work_dir}: starting from {start}", flush=True)
        cfg.resume = False
        return
    damages: list[str] = []
    intact = find_intact(cfg.work_dir, lambda path, damage: damages.append(f"{path.name}, {damage}"))
    if intact is None:
        raise DamagedCheckpointError(
            f"{cfg.work_dir} has no intact checkpoint ({'; '.join(damages)}): bring back a copy of one, start "
            "anew in another --work-dir, or begin anew here (--overwrite)"
        )
    if damages and is_first_process():
        print(f"warning: {cfg.work_dir}: {'; '.join(damages)}: going on from {intact.name} instead", flush=True)
    cfg.resume, cfg.load_from = True, str(intact)
    later = written_later(intact)
    if later is not None and not damages and read_run_file(cfg.work_dir) is None and is_first_process():
        print(
            f"note: {cfg.work_dir} does not tell whose it is, and {later.name} was written after {intact.name}, "
            f"which is resumed: if two runs shared the folder, name the checkpoint (--resume {later})",
            flush=True,
        )


def refuse_damaged(path: str | Path) -> None:
    """Refuse to resume from a file that is not as it was written.

    Raises:
        DamagedCheckpointError: says what is wrong, and which one before it is intact.
    """
    path = Path(path).expanduser()
    damage = damage_of(path) if path.is_file() else None
    if damage is None:
        return
    earlier = find_intact(path.parent, lambda *_: None, before=path)
    fix = "there is no intact one before it: copy the file again" if earlier is None else f"use --resume {earlier}"
    raise DamagedCheckpointError(f"{path} cannot be resumed, {damage}; {fix}")
