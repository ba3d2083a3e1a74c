"""Whom the gateway believes to be who."""

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from contracts.access.rights import GetUserRights, NoteSignIn
from contracts.customer.search import FindOwnRecord
from tests.gateway.issuer import FIRST_KEY, FakeIssuer, compact, new_key
from tests.gateway.replies.ids import CUSTOMER_ID, GRANT_ID
from tests.gateway.support import API, Answer, Door
from tests.support import eventually

CUSTOMER = f"{API}/customers/{CUSTOMER_ID}"
NOW = int(datetime.now(UTC).timestamp())


def refused(answer: Answer, door: Door) -> None:
    answer.problem(401, "not-authenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="koto", error="invalid_token"'
    assert not door.requests.asked


async def test_without_a_token_the_caller_is_challenged(door: Door) -> None:
    answer = await door.send("GET", CUSTOMER, token=None)
    answer.problem(401, "not-authenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="koto"'
    assert not door.requests.asked


async def test_no_route_of_the_api_answers_without_a_token(door: Door) -> None:
    for path, operations in door.document["paths"].items():
        for method in operations:
            address = re.sub(r"{\w+_id}", str(CUSTOMER_ID), path).format(
                name="municipalities", version="2023", group="education", topic="literacy", edition=1
            )
            answer = await door.send(method.upper(), address, token=None, data=b"{")
            answer.problem(401, "not-authenticated")


async def test_another_scheme_than_bearer_is_refused(door: Door) -> None:
    answer = await door.send("GET", CUSTOMER, token=None, headers={"Authorization": "Basic YTpi"})
    refused(answer, door)


async def test_the_token_says_who_it_is_and_the_access_service_what_the_user_may(door: Door) -> None:
    await door.send("GET", CUSTOMER, token=door.issuer.token(sub="u-1", acr="high", role="superuser"))
    [noted, asked] = door.requests.asked_by_itself
    assert (noted.request.user, noted.request.own_record) == ("u-1", None)
    assert (asked.request, asked.actor.role) == (GetUserRights(user="u-1"), "service_gateway")
    actor = door.requests.asked[0].actor
    assert (actor.user, actor.assurance) == ("u-1", "high")
    assert (actor.organisation, actor.role, actor.grant) == ("837", "integration_expert", GRANT_ID)


@pytest.mark.parametrize(
    ("told", "level"),
    [
        ("substantial", "substantial"),
        ("http://ftn.ficora.fi/2017/loa2", "substantial"),
        ("http://eidas.europa.eu/LoA/high", "high"),
        ("urn:another:level", ""),
        (["high"], ""),
        (None, ""),
    ],
)
async def test_the_level_of_assurance_is_one_of_eidas_or_none(door: Door, told: Any, level: str) -> None:
    assert (await door.send("GET", CUSTOMER, token=door.issuer.token(acr=told))).status == 200
    assert door.requests.asked[0].actor.assurance == level


async def test_what_an_issuer_calls_otherwise_is_understood_when_told(issuer: FakeIssuer) -> None:
    names = '{"user": "oid", "assurance": "loa"}'
    async with Door(issuer, oidc_claims=names) as door:
        token = issuer.token(sub="pairwise", oid="u-1", acr="low", loa="high")
        assert (await door.send("GET", CUSTOMER, token=token)).status == 200
        actor = door.requests.asked[0].actor
        assert (actor.user, actor.assurance) == ("u-1", "high")


def test_a_word_that_no_claim_can_be_mapped_to_is_told_at_once(issuer: FakeIssuer) -> None:
    with pytest.raises(ValueError, match="role"):
        Door(issuer, oidc_claims='{"role": "groups"}')


async def test_the_identity_code_in_a_bearer_token_is_looked_at_once_and_kept_nowhere(issuer: FakeIssuer) -> None:
    async with Door(issuer, oidc_claims='{"identity_code": "nin"}') as door:
        token = issuer.token(nin="010594Y9032")
        for _ in range(2):
            assert (await door.send("GET", CUSTOMER, token=token)).status == 200
        assert [type(each.request) for each in door.requests.asked_by_itself] == [
            FindOwnRecord,
            NoteSignIn,
            GetUserRights,
        ]
        [(believed, _)] = door.gateway.app.state.callers._issuer._believed.values()
        assert "010594Y9032" not in believed.model_dump_json()


async def test_one_of_several_audiences_is_enough(door: Door) -> None:
    answer = await door.send("GET", CUSTOMER, token=door.issuer.token(aud=["other", "koto"]))
    assert answer.status == 200


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"exp": NOW - 60}, id="expired"),
        pytest.param({"exp": None}, id="without an end"),
        pytest.param({"exp": "never"}, id="an end that is no time"),
        pytest.param({"nbf": NOW + 86_400}, id="not yet valid"),
        pytest.param({"aud": "other"}, id="for another audience"),
        pytest.param({"aud": None}, id="for no audience"),
        pytest.param({"iss": "https://issuer.example"}, id="of another issuer"),
        pytest.param({"iss": None}, id="of no issuer"),
    ],
)
async def test_a_token_whose_claims_do_not_hold_is_refused(door: Door, claims: dict[str, Any]) -> None:
    refused(await door.send("GET", CUSTOMER, token=door.issuer.token(**claims)), door)


@pytest.mark.parametrize("alg", ["none", "None", "NONE"])
async def test_an_unsigned_token_is_refused(door: Door, alg: str) -> None:
    token = compact({"alg": alg, "kid": FIRST_KEY.kid}, door.issuer.claims())
    refused(await door.send("GET", CUSTOMER, token=token), door)


async def test_a_token_signed_with_the_public_key_as_a_shared_secret_is_refused(door: Door) -> None:
    header = {"alg": "HS256", "kid": FIRST_KEY.kid}
    unsigned = compact(header, claims := door.issuer.claims()).rpartition(".")[0]
    for secret in (FIRST_KEY.as_pem(private=False), FIRST_KEY.as_der(private=False)):
        signature = hmac.new(secret, unsigned.encode(), hashlib.sha256).digest()
        refused(await door.send("GET", CUSTOMER, token=compact(header, claims, signature)), door)


async def test_a_token_signed_by_a_stranger_under_a_known_key_s_name_is_refused(door: Door) -> None:
    token = door.issuer.token(key=new_key(), kid=FIRST_KEY.kid)
    refused(await door.send("GET", CUSTOMER, token=token), door)


async def test_a_token_with_claims_changed_after_signing_is_refused(door: Door) -> None:
    header, _, signature = door.issuer.token().split(".")
    claims = compact({}, door.issuer.claims(sub="somebody-else")).split(".")[1]
    refused(await door.send("GET", CUSTOMER, token=f"{header}.{claims}.{signature}"), door)


@pytest.mark.parametrize(
    "token", ["x", "a.b.c", "....", "e30.e30.e30", "bnVsbA.e30.x", "WzFd.e30.x", "%00", "x" * 9000]
)
async def test_what_is_no_token_is_refused(door: Door, token: str) -> None:
    refused(await door.send("GET", CUSTOMER, token=token), door)


@pytest.mark.parametrize("kid", [7, None, {"a": 1}, ["x"]])
async def test_a_token_with_a_key_name_of_a_wrong_kind_is_refused(door: Door, kid: Any) -> None:
    refused(await door.send("GET", CUSTOMER, token=compact({"alg": "RS256", "kid": kid}, {}, b"x" * 256)), door)


@pytest.mark.parametrize("sub", [None, "", "x" * 256])
async def test_a_good_token_that_names_no_user_is_not_allowed(door: Door, sub: Any) -> None:
    answer = await door.send("GET", CUSTOMER, token=door.issuer.token(sub=sub))
    answer.problem(403, "forbidden")
    assert not door.requests.asked_by_itself


@pytest.mark.parametrize(("kind", "alg"), [("EC", "ES256"), ("OKP", "EdDSA"), ("OKP", "Ed25519")])
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
async def test_the_issuer_may_sign_by_other_public_key_algorithms(issuer: FakeIssuer, kind: str, alg: str) -> None:
    issuer.keys.append(key := new_key(kind))
    async with Door(issuer) as door:
        assert (await door.send("GET", CUSTOMER, token=issuer.token(key=key, alg=alg))).status == 200


async def test_keys_of_unknown_kinds_do_not_hide_the_others(issuer: FakeIssuer) -> None:
    issuer.published_beside = [
        {"kty": "AKP", "kid": "later"},
        {"kty": "EC", "crv": "unknown", "x": "AA", "y": "AA", "kid": "odd"},
        {"kty": "oct", "k": "AAAA", "kid": "secret"},
        {"kid": "shapeless"},
    ]
    async with Door(issuer) as door:
        assert (await door.send("GET", CUSTOMER)).status == 200


async def test_a_key_that_is_not_for_signatures_signs_nobody_in(issuer: FakeIssuer) -> None:
    key = new_key()
    issuer.published_beside = [key.as_dict(private=False) | {"use": "enc"}]
    async with Door(issuer) as door:
        refused(await door.send("GET", CUSTOMER, token=issuer.token(key=key)), door)


async def test_a_new_key_of_the_issuer_is_found(issuer: FakeIssuer) -> None:
    async with Door(issuer) as door:
        assert (await door.send("GET", CUSTOMER)).status == 200
        issuer.keys.insert(0, new_key())
        door.clock.ahead += timedelta(seconds=6)
        assert (await door.send("GET", CUSTOMER)).status == 200
        assert issuer.fetches == 2


async def test_keys_named_at_random_do_not_flood_the_issuer(issuer: FakeIssuer) -> None:
    async with Door(issuer) as door:
        tokens = [issuer.token(kid=str(uuid4())) for _ in range(30)]
        assert {(await door.send("GET", CUSTOMER, token=token)).status for token in tokens} == {401}
        assert issuer.fetches == 1


async def test_a_key_that_the_issuer_withdrew_is_no_longer_believed(issuer: FakeIssuer) -> None:
    async with Door(issuer) as door:
        old = issuer.token(exp=NOW + 36_000)
        assert (await door.send("GET", CUSTOMER, token=old)).status == 200
        issuer.keys = [new_key()]
        door.clock.ahead += timedelta(minutes=16)

        async def is_refused() -> bool:
            return (await door.send("GET", CUSTOMER, token=old)).status == 401

        await eventually(is_refused)


async def test_a_token_that_was_believed_a_moment_ago_is_refused_after_its_end(issuer: FakeIssuer) -> None:
    async with Door(issuer) as door:
        token = issuer.token(exp=int(datetime.now(UTC).timestamp()) + 30)
        assert (await door.send("GET", CUSTOMER, token=token)).status == 200
        door.clock.ahead += timedelta(seconds=45)
        (await door.send("GET", CUSTOMER, token=token)).problem(401, "not-authenticated")


async def test_while_the_issuer_has_never_been_reached_the_caller_is_told_to_come_again(issuer: FakeIssuer) -> None:
    token = issuer.token()
    await issuer.stop()
    async with Door(issuer) as door:
        answer = await door.send("GET", CUSTOMER, token=token)
        answer.problem(503, "unavailable")
        assert answer.headers["Retry-After"] == "5"
        await issuer.start()
        door.clock.ahead += timedelta(seconds=6)
        assert (await door.send("GET", CUSTOMER, token=token)).status == 200


async def test_when_the_issuer_goes_away_its_known_keys_serve_on(issuer: FakeIssuer) -> None:
    async with Door(issuer) as door:
        token = issuer.token(exp=NOW + 36_000)
        assert (await door.send("GET", CUSTOMER, token=token)).status == 200
        await issuer.stop()
        for _ in range(3):
            door.clock.ahead += timedelta(minutes=16)
            assert (await door.send("GET", CUSTOMER, token=token)).status == 200


async def test_keys_of_an_issuer_that_calls_itself_otherwise_are_not_taken(issuer: FakeIssuer) -> None:
    issuer.calls_itself = "https://issuer.example"
    async with Door(issuer) as door:
        (await door.send("GET", CUSTOMER)).problem(503, "unavailable")
