"""Ports, secrets and locks of a home."""

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import environment, state
from deploy.local.program import ADMINISTRATORS
from deploy.local.stack import Stack

GATEWAY = {"gateway": 8765}


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


class TestPorts:
    @pytest.fixture(autouse=True)
    def nobody_wishes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("KOTO_PORT_GATEWAY", raising=False)

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
        assert first.keys("actor") == again.keys("actor")
        assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600

    def test_no_two_services_share_one(self, tmp_path: Path) -> None:
        secrets = environment.Secrets(tmp_path)
        made = [
            str(made)
            for service in ("customer", "assessment")
            for made in (
                secrets.broker_password(service),
                secrets.database_password(service),
                secrets.database_password(f"{service}_owner"),
                *secrets.keys("fields", service).values(),
                *secrets.keys("search", service).values(),
            )
        ]

        assert len(set(made)) == len(made)

    def test_only_the_gateway_is_told_the_key_that_signs(self, tmp_path: Path) -> None:
        secrets = environment.Secrets(tmp_path)
        [key] = secrets.keys("actor").values()

        def told(service: str) -> str:
            servers = {"amqp_url": "amqp://127.0.0.1:5672", "postgres_url": "postgresql://127.0.0.1:5432/postgres"}
            ports = {"gateway": 8000, "issuer": 9400, "operations": 9464}
            variables = environment.of(service, **servers, secrets=secrets, ports=ports)
            files = [path.read_text() for path in Path(variables["KOTO_SECRETS_DIR"]).iterdir()]
            return "".join([*variables.values(), *files])

        assert key["d"] in told("gateway")
        assert not any(key["d"] in told(service) for service in ("customer", "assessment", "access"))
        assert all(key["x"] in told(service) for service in ("customer", "assessment", "access"))

    def test_keys_from_before_they_could_be_rotated_are_the_first_of_their_sets(self, tmp_path: Path) -> None:
        actor, search = state.actor_key(), state.key()
        state.write(tmp_path / "secrets.json", {"actor": actor, "search.customer": search})
        secrets = environment.Secrets(tmp_path)

        secrets.add_key("search", "customer")
        assert next(iter(secrets.keys("search", "customer").values())) == search
        secrets.put_newest_first("search", "customer")
        assert list(secrets.keys("search", "customer").values())[1] == search
        assert secrets.keys("actor") == {actor["kid"]: actor}

    def test_no_running_service_is_told_how_to_be_the_owner_of_its_database(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ADMINISTRATORS:
            monkeypatch.delenv(name, raising=False)
        stack = Stack(tmp_path)
        owner = stack.secrets.database_password("customer_owner")

        assert owner in stack.environments()["customer"]["KOTO_DATABASE_OWNER_URL"]
        assert not any(owner in str(program.environment) for program in stack.services())


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
