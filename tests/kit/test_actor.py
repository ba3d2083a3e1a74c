"""Whose key signs for whom: a service's key for the service alone."""

import pytest
from joserfc.jwk import KeySet, OKPKey

from services.kit.actor import Actor, ActorTokens, ActorVerifier, service_actor
from services.kit.errors import NotAuthenticated
from tests.support import EXPERT_TAMPERE, now


def signed(key_id: str, actor: Actor) -> Actor:
    """The actor whom a service believes to ask, by a known key of that id."""
    key = OKPKey.generate_key("Ed25519", {"kid": key_id})
    told = {"request_type": "x.y.v1", "key": None, "body": b"{}", "now": now()}
    token = ActorTokens(lambda: key).sign(actor, **told)
    return ActorVerifier(lambda: KeySet([key])).verify(token, **told)


def test_a_services_key_signs_for_the_service() -> None:
    assert signed("integration.1", service_actor("integration")).role == "service_integration"


@pytest.mark.parametrize("actor", [EXPERT_TAMPERE, service_actor("gateway")], ids=lambda each: each.role)
def test_a_services_key_signs_for_nobody_else(actor: Actor) -> None:
    with pytest.raises(NotAuthenticated):
        signed("integration.1", actor)


def test_the_gateways_key_signs_for_people() -> None:
    assert signed("gateways", EXPERT_TAMPERE).user == EXPERT_TAMPERE.user
