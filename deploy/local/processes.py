"""Processes that outlive the command that started them: found again by pid and birth time, ended by pid."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import psutil

from deploy.local import state

LONGEST_LOG = 10_000_000


def start(command: list[str], environment: dict[str, str], *, log: Path, record: Path) -> psutil.Process:
    """Starts the command in a session of its own, its output appended to the log, and writes down who it is."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LONGEST_LOG:
        log.replace(log.with_suffix(".log.1"))
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawn(  # not Popen: nobody waits for these, and Popen warns of each when it is collected
        command[0],
        command,
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    return remember(record, pid)


def remember(record: Path, pid: int) -> psutil.Process:
    """Writes down the living process so that `find` knows it again."""
    process = psutil.Process(pid)
    state.write(record, {"pid": pid, "born": process.create_time()})
    return process


def find(record: Path) -> psutil.Process | None:
    """The recorded process while it lives; None also when its pid has gone to another process."""
    known = state.read(record)
    with contextlib.suppress(psutil.NoSuchProcess, KeyError):
        process = psutil.Process(known["pid"])
        if process.create_time() == known["born"] and is_alive(process):
            return process
    return None


def is_alive(process: psutil.Process) -> bool:
    """Whether the process runs: not ended, and not a zombie, which is collected if it is our own child."""
    with contextlib.suppress(psutil.NoSuchProcess):
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            return True
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(0)
    return False


def end(process: psutil.Process | None, *, by: signal.Signals = signal.SIGTERM, seconds: float = 20.0) -> None:
    """Asks the process to end by the signal and waits; after `seconds` kills it with all its children."""
    if process is None:
        return
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(by)
    if not _have_ended([process], seconds):
        kill(process)


def kill(process: psutil.Process | None) -> None:
    """Kills the process and all its children with SIGKILL and waits until they are gone."""
    if process is None:
        return
    family = [process]
    with contextlib.suppress(psutil.NoSuchProcess):
        family += process.children(recursive=True)
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    _have_ended(family, 10)


def _have_ended(processes: list[psutil.Process], seconds: float) -> bool:
    # not psutil's wait: it also waits for a zombie to be collected, which the first process of a container may never do
    deadline = time.monotonic() + seconds
    while any(is_alive(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def run(command: list[str], environment: dict[str, str] | None = None, *, folder: Path = Path("/")) -> str:
    """What the command prints. Raises LocalError with the end of its output when it fails."""
    done = subprocess.run(
        command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise state.LocalError(f"`{' '.join(command)}` failed:\n{(done.stdout + done.stderr).strip()[-2000:]}")
    return done.stdout


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, empty when there is none."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""
