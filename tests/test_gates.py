"""The gates: style, types, borders, contracts, lock. Each is a command that a person can run too."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAMS = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check"],
        ["ruff", "format", "--check"],
        ["mypy"],
        ["lint-imports", "--no-logo"],
        ["python", "-m", "contracts.export", "check"],
    ],
    ids=lambda command: " ".join(command),
)
def test_the_gate_is_passed(command: list[str]) -> None:
    program, *arguments = command
    done = subprocess.run([PROGRAMS / program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
