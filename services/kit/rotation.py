"""Secrets that change while a service runs: keys in files of KOTO_SECRETS_DIR, read anew when a file has changed."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

from services.kit.settings import ServiceSettings
from services.kit.telemetry import describe_error, log

LOOK_SECONDS = 1.0
"""How often at most a file is looked at: so long after its change nobody uses what it held before."""
Value = TypeVar("Value")


class Rotating(Generic[Value]):
    """What a secret says now. Called, it returns what `parse` makes of the setting, or of the file of its name."""

    def __init__(self, settings: ServiceSettings, name: str, parse: Callable[[str], Value]) -> None:
        self._name = name
        self._parse = parse
        self._value = parse(getattr(settings, name).get_secret_value())
        self._file = settings.secrets_dir / f"koto_{name}" if settings.secrets_dir else None
        self._seen: tuple[int, int] | None = None
        self._look_at = 0.0

    def __call__(self) -> Value:
        """The present value. While a file can't be read, or does not parse, what it held before stays."""
        if self._file and time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_SECONDS
            try:
                state = self._file.stat()
                seen = (state.st_mtime_ns, state.st_ino)
                if seen != self._seen:
                    self._value = self._parse(self._file.read_text())
                    self._seen = seen
            except FileNotFoundError:
                pass  # a variable says it, or the file is just being replaced
            except Exception as error:
                log.error("secret.not_read", name=self._name, **describe_error(error))
        return self._value
