"""What machines do to runs: full memory, disks and descriptor tables, killed workers, lost processes."""

import errno
import re

import torch

from ...processes import LOST_PEER

GO_ON = "a training goes on with --resume"
FEWER_WORKERS = "lower num_workers or batch_size of the loaders (--cfg-options train_dataloader.num_workers=2 ...)"

MESSAGES = [
    (
        r"DataLoader worker \(pid (\d+)\) is killed by signal: (?:Bus error)",
        "the shared memory of the data workers is full: make /dev/shm larger (docker run --shm-size=8g or --ipc=host), "
        f"or {FEWER_WORKERS}; {GO_ON}",
    ),
    (
        r"DataLoader worker \(pid\(?s?\)? ?([\d, ]+)\) (?:is killed by signal: ([\w ]+)|exited unexpectedly)",
        "data worker {0} was killed ({1}), most likely because the memory was full (the kernel's log tells): "
        f"{FEWER_WORKERS}, or give the job more memory; {GO_ON}",
    ),
    (
        r"DataLoader timed out after (\d+)",
        "no batch came from the data workers for {0} s: a worker was stopped, or the disk or network with the images "
        f"hangs; check them, or raise timeout of the loader (--cfg-options train_dataloader.timeout=...); {GO_ON}",
    ),
    (
        r"(?:unable to write to file </torch_|unable to (?:resize|allocate) shared memory|/dev/shm.*No space left)",
        "the shared memory of the data workers is full: make /dev/shm larger (docker run --shm-size=8g or --ipc=host), "
        f"or {FEWER_WORKERS}; {GO_ON}",
    ),
    (
        r"Too many open files|received 0 items of ancdata|Pin memory thread exited unexpectedly",
        f"too many open files: raise the limit (ulimit -n 65536), or {FEWER_WORKERS}; {GO_ON}",
    ),
    (
        r"can't start new thread|Resource temporarily unavailable",
        f"no more processes or threads are allowed: raise the limit (ulimit -u), or {FEWER_WORKERS}; {GO_ON}",
    ),
    (
        r"can't allocate memory|Cannot allocate memory|unable to mmap|[Uu]nable to allocate|failed to allocate memory",
        f"the memory is full: {FEWER_WORKERS}, choose smaller images, or give the job more memory; {GO_ON} "
        "({text})",
    ),
    (
        r"EADDRINUSE|[Aa]ddress already in use",
        "the port on which the processes of a run meet is taken: choose another with PORT=29501 before "
        "tools/dist_train.sh, or MASTER_PORT before tools/slurm_train.sh",
    ),
    (
        r"(?:client socket has timed out|timed out after \d+ seconds waiting for clients|Timed out after \d+ seconds)",
        "the processes of this run did not find each other in time: check that all were started, and MASTER_ADDR, "
        "PORT, NNODES and NODE_RANK ({text})",
    ),
    (
        r"[Cc]onnection (?:reset|closed) by peer|[Bb]roken pipe|failed to recv, got 0 bytes|NCCL|Gloo .*failed"
        r"|(?:Timed out|Timeout) waiting|wait timeout|timeout caused pair closure|Socket [Tt]imeout|Socket closed",
        f"{LOST_PEER} (env_cfg.dist_cfg.timeout says how long it is waited for): see what that one says; {GO_ON}"
        " ({text})",
    ),
]  # fmt: skip

ERRNOS = {
    "ENOSPC EDQUOT EFBIG": "free some space, or raise the quota or limit (df -h, df -i, quota, ulimit -f); " + GO_ON,
    "EROFS": "the file system is read-only: choose another folder (--work-dir), or let it be mounted for writing",
    "EIO ESTALE ENOTCONN ENXIO EREMOTEIO EHOSTDOWN ETIMEDOUT": "the disk or network drive fails: check it "
    f"(dmesg, mount); {GO_ON}",
    "EMFILE ENFILE": f"too many open files: raise the limit (ulimit -n 65536), or {FEWER_WORKERS}; {GO_ON}",
    "ENOMEM EAGAIN": f"memory or processes are exhausted: {FEWER_WORKERS}, or raise the limits; {GO_ON}",
    "ENAMETOOLONG": "a name is too long for the file system: choose a shorter one",
    "ELOOP": "a link leads back to itself: remove or correct it",
    "EEXIST ENOTDIR": "a file stands where a folder is needed: choose another name, or move the file away",
}
FIXES = {getattr(errno, name): fix for names, fix in ERRNOS.items() for name in names.split() if hasattr(errno, name)}
TYPES = (RuntimeError, OSError, MemoryError, EOFError)
ERRNO = re.compile(r"\[Errno (\d+)\]")


def explain_environment(error: BaseException) -> str | None:
    """One line on what is wrong with the machine and how to mend it, or None where the error is something else.

    Args:
        error: of this process, or one that a loader's worker sent as text.
    """
    if not isinstance(error, TYPES):
        return None
    text = _last_line(error)
    if isinstance(error, torch.cuda.OutOfMemoryError):
        first = text.split(". ")[0]
        return (
            f"{first}: lower train_dataloader.batch_size, and raise optim_wrapper.accumulative_counts by the same "
            "factor; --amp and activation_checkpointing save memory, too"
        )
    for pattern, line in MESSAGES:
        found = re.search(pattern, text)
        if found:
            return line.format(*((group or "cause unknown").strip() for group in found.groups()), text=text)
    if isinstance(error, MemoryError):
        return f"the memory is full ({text}): {FEWER_WORKERS}, choose smaller images, or give the job more memory"
    return _explain_number(error, text)


def _explain_number(error: BaseException, text: str) -> str | None:
    """By errno; that of an error of a worker stands in its text."""
    number = getattr(error, "errno", None)
    found = ERRNO.search(text)
    if number is None and found:
        number = int(found[1])
    fix = FIXES.get(number) if number is not None else None
    return None if fix is None else f"{text}; {fix}"


def _last_line(error: BaseException) -> str:
    """The text of an exception in one line; of a worker's, which is a traceback, the last line."""
    text = str(error).strip()
    if "in DataLoader worker process" in text and text:
        text = text.splitlines()[-1].split(": ", 1)[-1]
    return " ".join(text.split())
