"""Homes of their own, sharing only what was downloaded."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import state

REMOTE = ("KOTO_RABBITMQ_URL", "KOTO_RABBITMQ_MANAGEMENT_URL", "KOTO_POSTGRES_URL")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty KOTO_HOME for one test."""
    return new_home(tmp_path, monkeypatch)


@pytest.fixture(scope="class")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty KOTO_HOME for the tests of one class."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield new_home(tmp_path_factory.mktemp("home"), monkeypatch)


def new_home(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Makes the folder the KOTO_HOME; Debian's unpacked packages are found where the checkout keeps them."""
    downloaded = state.home() / "debian"
    downloaded.mkdir(exist_ok=True)
    (path / "debian").symlink_to(downloaded)
    monkeypatch.setenv("KOTO_HOME", str(path))
    for name in REMOTE:
        monkeypatch.delenv(name, raising=False)
    return path
