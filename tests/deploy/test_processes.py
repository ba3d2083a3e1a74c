"""Processes found again and ended."""

import os
import sys
from pathlib import Path

import psutil
import pytest

from deploy.local import processes, state


@pytest.fixture
def sleeper(tmp_path: Path) -> psutil.Process:
    command = [sys.executable, "-c", "print('started', flush=True); import time; time.sleep(60)"]
    return processes.start(command, dict(os.environ), log=tmp_path / "log", record=tmp_path / "record.json")


def test_a_process_is_found_by_its_record_until_it_is_ended(tmp_path: Path, sleeper: psutil.Process) -> None:
    assert processes.find(tmp_path / "record.json") == sleeper

    processes.end(sleeper)

    assert processes.find(tmp_path / "record.json") is None


def test_a_process_that_got_the_pid_of_a_dead_one_is_not_taken_for_it(tmp_path: Path, sleeper: psutil.Process) -> None:
    record = tmp_path / "record.json"
    state.write(record, state.read(record) | {"born": 1.0})

    assert processes.find(record) is None
    processes.kill(sleeper)


def test_a_process_that_does_not_hear_is_killed_in_the_end(tmp_path: Path) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    log = tmp_path / "log"
    process = processes.start([sys.executable, "-c", deaf], dict(os.environ), log=log, record=tmp_path / "record.json")
    while not processes.tail(log):
        assert processes.is_alive(process)

    processes.end(process, seconds=0.1)

    assert not processes.is_alive(process)


def test_a_command_that_fails_says_so_with_its_output() -> None:
    with pytest.raises(state.LocalError, match="no such thing"):
        processes.run([sys.executable, "-c", "raise SystemExit('no such thing')"])
