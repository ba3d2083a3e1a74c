"""What operators see of a request, and that nothing personal is in it."""

import logging
from collections.abc import Iterator

import pytest
from opentelemetry.trace import StatusCode

from services.kit.errors import Forbidden, ProblemReply
from tests.gateway.issuer import FakeIssuer
from tests.gateway.replies.ids import CUSTOMER_ID
from tests.gateway.support import API, Door, opening

CUSTOMER = f"{API}/customers/{CUSTOMER_ID}"
PLANTED = ("010594Y9032", "Plantedfamily", "planted@example.org", "planted-user", "Planted reason", "planted-agent")
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


def spans(door: Door) -> Iterator[tuple[str, str]]:
    door.telemetry.flush()
    for span in door.spans.get_finished_spans():
        yield span.name, span.to_json()


async def test_a_request_is_one_span_named_after_its_route(door: Door) -> None:
    answer = await door.send("GET", CUSTOMER)
    door.telemetry.flush()
    [span] = door.spans.get_finished_spans()
    assert span.name == "GET /api/v1/customers/{customer_id}"
    assert span.attributes == {
        "http.request.method": "GET",
        "http.route": "/api/v1/customers/{customer_id}",
        "http.response.status_code": 200,
    }
    assert answer.headers["Trace-Id"] == format(span.context.trace_id, "032x")


async def test_the_caller_s_trace_goes_on_and_reaches_the_service(door: Door) -> None:
    answer = await door.send("GET", CUSTOMER, headers={"traceparent": f"00-{TRACE_ID}-00f067aa0ba902b7-01"})
    assert answer.headers["Trace-Id"] == TRACE_ID
    assert TRACE_ID in (door.requests.asked[0].traceparent or "")
    door.telemetry.flush()
    [span] = door.spans.get_finished_spans()
    assert span.parent is not None
    assert format(span.parent.span_id, "016x") == "00f067aa0ba902b7"


@pytest.mark.parametrize("traceparent", ["", "planted", f"00-{'0' * 32}-{'0' * 16}-01", "00-x-y-01"])
async def test_a_traceparent_that_is_none_begins_a_new_trace(door: Door, traceparent: str) -> None:
    answer = await door.send("GET", CUSTOMER, headers={"traceparent": traceparent})
    assert answer.status == 200
    assert int(answer.headers["Trace-Id"], 16)


async def test_a_defect_shows_in_its_span(door: Door) -> None:
    door.requests.fails_by = RuntimeError("planted")
    answer = await door.send("GET", CUSTOMER)
    door.telemetry.flush()
    [span] = door.spans.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert answer.headers["Trace-Id"] == format(span.context.trace_id, "032x")


async def test_requests_are_counted_by_route_method_and_status(door: Door) -> None:
    await door.send("GET", CUSTOMER)
    await door.send("GET", "/nowhere")
    text = (await door.send("GET", "/metrics", token=None)).text
    labels = 'method="GET",route="/api/v1/customers/{customer_id}",service="gateway",status="200"'
    assert f"koto_http_seconds_count{{{labels}}}" in text
    assert 'method="GET",route="unknown",service="gateway",status="404"' in text


async def test_every_answer_tells_the_browser_to_be_strict(door: Door) -> None:
    for path in (CUSTOMER, "/docs", "/sign-in/callback", "/nowhere"):
        headers = (await door.send("GET", path)).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Strict-Transport-Security"] == "max-age=31536000"
        assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]
        assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer")
        assert headers["Cache-Control"] == "no-store"


async def test_a_browser_that_came_by_plain_http_is_not_told_to_keep_to_https(issuer: FakeIssuer) -> None:
    async with Door(issuer, public_url="http://127.0.0.1:8000") as door:
        assert "Strict-Transport-Security" not in (await door.send("GET", CUSTOMER)).headers


async def test_nothing_personal_is_in_any_span_metric_or_log_line(
    door: Door, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    code, family, email, user, reason, agent = PLANTED
    token = door.issuer.token(sub=user)
    body = opening(personal_identity_code=code, name={"family": family, "given": "A"}, contact={"email": email})
    headers = {"User-Agent": agent, "Idempotency-Key": "k1", "If-Match": '"1"', "traceparent": code, "baggage": code}

    async def everything() -> None:
        await door.open(body, token=token, headers=headers)
        await door.open(body | {"arrival": family, code: code}, token=token, headers=headers)
        await door.open(opening(personal_identity_code=f"{code}x", contact={"email": family}), headers=headers)
        await door.change({"changes": {"name": None}, "why": reason}, token=token)
        await door.change({"changes": {"name": {"family": family}}, "why": reason}, token=token)
        await door.send("GET", f"{CUSTOMER}/history?name={family}", token=token, headers=headers)
        await door.send("GET", f"{API}/customers/{code}?code={code}", token=token, headers=headers)
        await door.send("GET", f"/{family}/{code}", token=token, headers=headers)
        await door.send("POST", f"{API}/customers", data=code, token=token, headers=headers)
        await door.send("GET", CUSTOMER, token=f"{family}.{code}.x", headers=headers)
        await door.send("GET", CUSTOMER, token=door.issuer.token(sub=user, aud=family))
        await door.send("GET", CUSTOMER, token=door.issuer.token(sub=None, name=family))

    await everything()
    for failure in (
        RuntimeError(f"{code} {family}"),
        ProblemReply(Forbidden(f"{family} {code}").problem()),
    ):
        door.requests.fails_by = failure
        await everything()
    metrics = (await door.send("GET", "/metrics", token=None)).text

    told = list(spans(door))
    written = "".join(capfd.readouterr()) + caplog.text
    assert len(told) > 30
    assert "http.failed" in written
    for planted in PLANTED:
        assert not [name for name, whole in told if planted in whole], planted
        assert planted not in metrics
        assert planted not in written
