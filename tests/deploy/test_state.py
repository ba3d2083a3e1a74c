"""Ports, secrets and locks of a home."""

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import environment, state

GATEWAY = {"gateway": 8765}


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


class TestPorts:
    def test_a_port_in_use_is_passed_over_for_a_free_one_near(self, tmp_path: Path, taken_port: int) -> None:
        chosen = state.keep_ports(tmp_path / "ports.json", {"gateway": taken_port})

        assert taken_port < chosen["gateway"] < taken_port + state.RANGE

    def test_the_port_of_the_last_run_is_kept_while_it_is_free(self, tmp_path: Path, taken_port: int) -> None:
        path = tmp_path / "ports.json"
        last = state.keep_ports(path, {"gateway": taken_port})

        assert state.keep_ports(path, GATEWAY) == last

    def test_two_parts_with_one_base_get_two_ports(self, tmp_path: Path) -> None:
        chosen = state.keep_ports(tmp_path / "ports.json", {"operations_a": 9700, "operations_b": 9700})

        assert len(set(chosen.values())) == 2

    def test_the_environment_names_another_base(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KOTO_PORT_GATEWAY", "8901")

        assert 8901 <= state.keep_ports(tmp_path / "ports.json", GATEWAY)["gateway"] < 8901 + state.RANGE


class TestSecrets:
    def test_they_are_made_once_and_only_their_owner_can_read_them(self, tmp_path: Path) -> None:
        first, again = environment.Secrets(tmp_path), environment.Secrets(tmp_path)

        assert first.broker_password("customer") == again.broker_password("customer")
        assert first.actor_key() == again.actor_key()
        assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600

    def test_no_two_services_share_one(self, tmp_path: Path) -> None:
        secrets = environment.Secrets(tmp_path)
        made = [
            kind(service)
            for kind in (secrets.broker_password, secrets.database_password, secrets.search_key)
            for service in ("customer", "assessment")
        ]

        assert len(set(made)) == len(made)

    def test_only_the_gateway_is_told_the_key_that_signs(self, tmp_path: Path) -> None:
        secrets = environment.Secrets(tmp_path)
        private = secrets.actor_key()["d"]

        def told(service: str) -> dict[str, str]:
            servers = {"amqp_url": "amqp://127.0.0.1:5672", "postgres_url": "postgresql://127.0.0.1:5432/postgres"}
            ports = {"gateway": 8000, "issuer": 9400, "operations": 9464}
            return environment.of(service, **servers, secrets=secrets, ports=ports)

        assert private in told("gateway")["KOTO_ACTOR_SIGNING_KEY"]
        assert not any(private in value for value in told("customer").values())


class TestHome:
    def test_a_folder_with_a_space_is_refused_because_rabbitmq_cannot_start_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KOTO_HOME", str(tmp_path / "my documents"))

        with pytest.raises(state.LocalError, match="spaces"):
            state.home()

    def test_a_lock_that_is_held_refuses_the_second_with_its_reason(self, tmp_path: Path) -> None:
        with (
            state.locked(tmp_path / "lock"),
            pytest.raises(state.LocalError, match="taken"),
            state.locked(tmp_path / "lock", refusal="taken"),
        ):
            pass
