"""The command line, as a person or a script calls it."""

import json
import socket
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.local import environment, state


def koto(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs ./koto in the KOTO_HOME of the test, from another folder."""
    return subprocess.run([state.CHECKOUT / "koto", *arguments], cwd="/", capture_output=True, text=True, check=False)


def parts() -> dict[str, dict[str, Any]]:
    """What `status --json` says of each part."""
    found: dict[str, dict[str, Any]] = json.loads(koto("status", "--json").stdout)["parts"]
    return found


def test_before_the_first_start_every_part_is_stopped(home: Path) -> None:
    asked = koto("status", "--json")

    status = json.loads(asked.stdout)
    assert asked.returncode == 1
    assert status["ready"] is False
    assert {"supervisor", "issuer", "amqp", "management", "postgresql", *environment.services()} == set(status["parts"])
    assert {part["state"] for part in status["parts"].values()} == {"stopped"}


def test_a_token_cannot_be_had_while_nothing_runs(home: Path) -> None:
    asked = koto("token", "--as", "expert@tampere")

    assert asked.returncode == 1
    assert "./koto up" in asked.stderr
    assert "Traceback" not in asked.stderr


def test_a_port_that_is_asked_for_and_taken_is_refused(home: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        asked = koto("up", "--detach", "--port", str(server.getsockname()[1]))

    assert asked.returncode == 1
    assert "taken" in asked.stderr


def test_reset_removes_the_data_and_keeps_what_was_downloaded(home: Path) -> None:
    (home / "postgres").mkdir()
    (home / "secrets.json").write_text("{}")

    assert koto("reset", "--yes").returncode == 0

    assert not (home / "postgres").exists()
    assert not (home / "secrets.json").exists()
    assert (home / "debian").exists()


@pytest.mark.broker
@pytest.mark.database
def test_it_starts_answers_restarts_what_is_killed_and_stops_without_leaving_a_process(home: Path) -> None:
    started = koto("up", "--detach")
    try:
        assert started.returncode == 0, started.stdout + started.stderr
        running = parts()
        assert {part["state"] for part in running.values()} == {"ready"}
        assert koto("up", "--detach").stdout.startswith("Already running.")
        assert koto("token", "--as", "records@oulu").stdout.count(".") == 2

        issuer = psutil.Process(running["issuer"]["pid"])
        issuer.kill()
        while (now := parts()["issuer"])["state"] != "ready" or now["pid"] == issuer.pid:
            pass
        assert now["address"] == running["issuer"]["address"]
    finally:
        koto("down")

    assert {part["state"] for part in parts().values()} == {"stopped"}
    assert not [process for process in psutil.process_iter(["cmdline"]) if str(home) in str(process.info["cmdline"])]
