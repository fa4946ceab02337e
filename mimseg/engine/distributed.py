"""Process groups and model wrapping where there is no GPU."""

import atexit
import gc
import os
import subprocess
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import torch
from mmengine.model import MMDistributedDataParallel
from torch import nn

TIMEOUT = 1800.0
"""Seconds until a missing process is an error, unless ``env_cfg.dist_cfg.timeout`` says otherwise."""
SLURM_VARIABLES = {"RANK": "SLURM_PROCID", "WORLD_SIZE": "SLURM_NTASKS", "LOCAL_RANK": "SLURM_LOCALID"}


def timeout_of(cfg: Mapping[str, Any]) -> float:
    """Seconds until a missing process is an error, by a config."""
    return float(((cfg.get("env_cfg") or {}).get("dist_cfg") or {}).get("timeout", TIMEOUT))


def init_gloo(launcher: str, timeout: float = TIMEOUT) -> None:
    """Join the gloo group of a CPU run; MMEngine's own initialisation insists on a GPU.

    Args:
        launcher: 'pytorch' (torchrun) or 'slurm', which say in the environment who is who.
        timeout: seconds until a missing process is an error.

    Raises:
        ValueError: unknown launcher, or its environment variables are missing.
    """
    if launcher not in ("pytorch", "slurm"):
        raise ValueError(f"launcher {launcher!r} does not work without a GPU; use 'pytorch', 'slurm' or 'none'")
    if launcher == "slurm":
        for name, source in SLURM_VARIABLES.items():
            if source in os.environ:
                os.environ[name] = os.environ[source]
        if "MASTER_ADDR" not in os.environ and "SLURM_NODELIST" in os.environ:
            os.environ["MASTER_ADDR"] = _first_slurm_node(os.environ["SLURM_NODELIST"])
    missing = [n for n in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT") if n not in os.environ]
    if missing:
        raise ValueError(
            f"--launcher {launcher}: environment variable {missing[0]} is not set; "
            "start with tools/dist_train.sh CONFIG N or tools/slurm_train.sh"
        )
    torch.distributed.init_process_group("gloo", timeout=timedelta(seconds=timeout))


def leave_at_exit() -> None:
    """Leave the process group before the interpreter goes: its threads, still running then, can abort the process."""
    atexit.register(_leave)


def _leave() -> None:
    if torch.distributed.is_initialized():
        gc.collect()  # data-parallel models of runs that ended, which hold the group, and with it its threads
        torch.distributed.destroy_process_group()


def _first_slurm_node(nodes: str) -> str:
    names = subprocess.run(["scontrol", "show", "hostnames", nodes], capture_output=True, text=True, check=True)
    return names.stdout.split()[0]


def wrap_for_cpu(model: nn.Module, find_unused_parameters: bool) -> MMDistributedDataParallel:
    """DDP on the CPU, where ``device_ids`` must stay empty."""
    return MMDistributedDataParallel(
        module=model, broadcast_buffers=False, find_unused_parameters=find_unused_parameters
    )


def count_processes(world_size: int) -> str:
    """'1 process' or '8 processes'."""
    return "1 process" if world_size == 1 else f"{world_size} processes"


def describe_run(world_size: int, work_dir: str) -> str:
    """First line of a run: how many processes, on what, and where the results go."""
    processes = count_processes(world_size)
    if not torch.cuda.is_available():
        return f"{processes} on CPU ({torch.get_num_threads()} threads each), work dir {work_dir}"
    line = f"{processes} on GPU ({torch.cuda.get_device_name()}), work dir {work_dir}"
    visible = torch.cuda.device_count()
    if world_size == 1 and visible > 1:
        line += f"; {visible} GPUs are visible: tools/dist_train.sh CONFIG {visible} uses them all"
    return line
