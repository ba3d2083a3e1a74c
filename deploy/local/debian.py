"""Programs out of Debian's packages, unpacked into a folder: nothing is installed, and no root is needed."""

import re
import shutil
from pathlib import Path

from deploy.local import processes, state

STATUS = Path("/var/lib/dpkg/status")
# what a server started by hand does not use of its package's dependencies; libllvm is 100 MB for PostgreSQL's JIT
NEEDLESS = ["adduser", "logrotate", "socat", "ssl-cert", "postgresql-common", "postgresql-client-common"]
NEEDLESS += [f"libllvm{version}" for version in range(11, 25)]


def unpack(package: str) -> Path:
    """The root folder of the unpacked package with what it needs beyond this machine; downloaded once per home.

    Raises LocalError where there is no apt or no way to Debian's mirror.
    """
    cache = state.home() / "debian"
    root = cache / package
    with state.locked(cache / "lock"):
        if not root.exists():
            if not (shutil.which("apt-get") and shutil.which("dpkg") and STATUS.exists()):
                raise state.LocalError("this is not a Debian machine: no apt-get")
            unfinished = cache / f"{package}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            for archive in _download(package, cache / "apt"):
                processes.run(["dpkg", "--extract", str(archive), str(unfinished)])
            for script in unfinished.glob("usr/lib/erlang/**/bin/erl"):  # Debian's knows one place only
                script.write_text(script.read_text().replace("ROOTDIR=/usr/lib/erlang", 'ROOTDIR="$ERL_ROOTDIR"'))
            unfinished.rename(root)
            shutil.rmtree(cache / "apt")
    return root


def library_path(root: Path) -> str:
    """The folders of the shared libraries below the root, as LD_LIBRARY_PATH wants them."""
    patterns = ("lib/*-linux-gnu*", "usr/lib/*-linux-gnu*")
    return ":".join(str(folder) for pattern in patterns for folder in root.glob(pattern))


def _download(package: str, folder: Path) -> list[Path]:
    archives = folder / "cache" / "archives"
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    (folder / "state" / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    (folder / "status").write_text(_pretended_status())
    configuration = folder / "apt.conf"
    configuration.write_text(
        f"""
        Dir::State "{folder}/state";
        Dir::State::status "{folder}/status";
        Dir::Cache "{folder}/cache";
        Debug::NoLocking "true";
        APT::Sandbox::User "root";
        Acquire::Languages "none";
        #clear APT::Update::Post-Invoke;
        """
    )
    apt = ["apt-get", "--config-file", str(configuration), "--yes"]
    processes.run([*apt, "update"])
    processes.run([*apt, "install", "--download-only", "--no-install-recommends", package])
    # a C library of another version than the machine's own loader crashes every program
    return [archive for archive in archives.glob("*.deb") if not archive.name.startswith("libc6_")]


def _pretended_status() -> str:
    """The machine's installed packages, less those wanted whole in the folder, plus the needless as if installed."""
    wanted = re.compile("Package: (erlang|rabbitmq|postgresql)")
    installed = [stanza for stanza in STATUS.read_text().split("\n\n") if stanza.strip() and not wanted.match(stanza)]
    names = {stanza.splitlines()[0].removeprefix("Package: ") for stanza in installed}
    fields = "Status: install ok installed\nArchitecture: all\nMulti-Arch: foreign\nVersion: 99:1\nMaintainer: -"
    needless = [f"Package: {name}\n{fields}\nDescription: -" for name in NEEDLESS if name not in names]
    return "\n\n".join(installed + needless) + "\n"
