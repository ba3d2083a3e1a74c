"""One of our own programs as a process of its own: the services, the test issuer."""

import os
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from deploy.local import processes

ADMINISTRATORS = ("KOTO_POSTGRES_URL", "KOTO_RABBITMQ_MANAGEMENT_URL", "KOTO_RABBITMQ_URL")
"""What no program is told: the passwords of administrators. A service gets a KOTO_RABBITMQ_URL of its own."""


@dataclass(frozen=True)
class Program:
    """A Python module run in a process of its own; its output goes to log/<name>.log."""

    home: Path
    name: str
    module: list[str]
    ready_urls: list[str]
    environment: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.home / "log" / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        process = self._process()
        return process.pid if process else None

    def start(self) -> None:
        """Starts it, without waiting for it to be ready; nothing happens when it runs already."""
        if not self._process():
            command = [sys.executable, "-m", *self.module]
            inherited = {name: value for name, value in os.environ.items() if name not in ADMINISTRATORS}
            processes.start(command, inherited | self.environment, log=self.log, record=self._record)

    def stop(self) -> None:
        """Ends it in order."""
        processes.end(self._process())

    def kill(self) -> None:
        """Ends it at once."""
        processes.kill(self._process())

    def is_ready(self) -> bool:
        """Whether it answers that it can work."""
        return all(map(answers, self.ready_urls))

    @property
    def _record(self) -> Path:
        return self.home / "run" / f"{self.name}.json"

    def _process(self) -> psutil.Process | None:
        return processes.find(self._record)


def answers(url: str) -> bool:
    """Whether a GET of the URL succeeds within two seconds."""
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False
