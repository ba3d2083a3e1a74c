"""Requests that can succeed: what they need to be there is prepared through the gateway, capability by capability."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from contracts.assessment.participations import AnswerParticipationForPartner
from services.kit.actor import service_actor
from services.kit.clock import helsinki_date
from tests.assessment.support import LAW
from tests.gateway.support import API, Answer, Door, opening
from tests.plan.agreed import line
from tests.plan.support import GOAL, content
from tests.support import House, eventually, now

Prepared = dict[str, list[dict[str, Any]]]
"""Requests by operation: their path and query parameters, version and body, where these matter."""
OTHER_CODE = "010594Y9021"
_ADDED = (200, 201, 202)
_CONSENT = {"given_on": "2026-03-01", "given_by": "writing"}
_RELATION = {"kind": "child", "relative": {"name": {"family": "Esimerkki", "given": "Ilta"}}}
_HELD = {"interview": {"held_on": "2026-03-01", "place": "office", "language": "fi", "language_understood": True}}
_ORDER = {"order": {"measure": "literacy", "provider": "own", "due_on": "2100-01-01"}}
_OF_COUNTY = {"name": "Sanna Virkanen", "phone": "+358 00 000 0003"}
_PARTICIPATION = {"way": "in_writing", "preview": {"topics": ["health_and_social_needs"]}}
_CONTRIBUTION = {
    "contribution": {
        "sections": [{"topic": "health_and_social_needs", "text": "So."}],
        "written_by": "Sanna Virkanen",
        "written_on": "2026-03-01",
    },
    "channel": "letter",
}
_A_LIST = b"family_name,given_name,date_of_birth,ground\nEsimerkki,Aamu,1994-05-01,integration_act_group\n"
_NEW_PLAN = {"earlier": {"drawn_up_on": "2026-01-15"}}


def prepared(version: int | None = None, body: Any = None, query: Any = None, **path: str) -> dict[str, Any]:
    """A request that can succeed: what is left out is made up."""
    told = {"path": path, "query": query or {}, "headers": {} if version is None else {"If-Match": f'"{version}"'}}
    return told if body is None else told | {"body": body}


@dataclass
class Preparation:
    """Prepares as experts of two municipalities, and as who keeps the programme and the teams of the first."""

    door: Door
    house: House
    here: str
    there: str
    """Tokens of the experts."""
    supervisor: str
    """Her token."""
    found: Prepared = field(default_factory=lambda: defaultdict(list))

    async def all(self) -> Prepared:
        """A request of each operation that needs something to be there."""
        # a customer elsewhere whose code is an example's
        await self.act("/customers", opening(personal_identity_code=OTHER_CODE), token=self.there)
        await self.transfers()
        await self.duplicates_and_lists()
        await self.families()
        await self.contacts()
        await self.interviews()
        await self.findings()
        await self.measures()
        await self.participations()
        await self.county_sections()
        await self.programme_and_teams()
        await self.drafts()
        await self.plans_offered_and_in_force()
        await self.house.settle(within=120)  # those who are asked have heard of each customer
        return self.found

    # How it is done

    async def send(self, method: str, path: str, body: Any = None, *, token: str = "", version: int = 1) -> Answer:
        """Sends as the expert here, unless told otherwise."""
        headers = {"Idempotency-Key": str(uuid4()), "If-Match": f'"{version}"'}
        sent = {} if body is None else {"json": body}
        if isinstance(body, bytes):
            sent, headers["Content-Type"] = {"data": body}, "text/csv"
        return await self.door.send(method, f"{API}{path}", headers=headers, token=token or self.here, **sent)

    async def act(self, path: str, body: Any = None, *, method: str = "POST", **more: Any) -> Any:
        """The answer to an act that succeeds."""
        answer = await self.send(method, path, body, **more)
        assert answer.status in _ADDED, (method, path, answer)
        return answer.json

    def keep(self, operation: str, version: int | None = None, body: Any = None, **more: Any) -> None:
        """A request for the fuzzer."""
        self.found[operation].append(prepared(version, body, **more))

    async def opened(self, token: str = "") -> str:
        """A customer."""
        return str((await self.act("/customers", opening(), token=token))["customer_id"])

    async def once_known(self, customer: str, method: str, what: str, body: Any = None) -> Any:
        """The answer to what can be asked as soon as the service has heard of the customer."""

        async def answered() -> Any:
            answer = await self.send(method, f"/customers/{customer}/{what}", body)
            assert answer.status in (*_ADDED, 404), answer
            return answer.status in _ADDED and answer.json

        return await eventually(answered, within=60, what=f"{what} of a customer")

    # Of customers

    async def transfers(self) -> None:
        """Asked and offered, each before its next act."""
        offer = {"receiver": "091", "reason": "moved", "consent": _CONSENT}

        async def offered(giver: str, receiver: str) -> str:
            path = f"/customers/{await self.opened(giver)}/transfers"
            return str((await self.act(path, offer | {"receiver": receiver}, token=giver))["transfer_id"])

        for turn in ("accept", "ask_more_of"):
            self.keep(f"{turn}_transfer", 1, transfer_id=await offered(self.there, "837"))
        self.keep("reject_transfer", 1, {"reason": "not_resident"}, transfer_id=await offered(self.there, "837"))
        self.keep("get_transfer", transfer_id=await offered(self.there, "837"))
        self.keep("withdraw_transfer", 1, transfer_id=await offered(self.here, "091"))
        asked = await offered(self.here, "091")
        await self.act(f"/transfers/{asked}/ask-more", {"text": "When?"}, token=self.there)
        self.keep("reply_to_transfer", 2, transfer_id=asked)
        self.keep("offer_transfer", body=offer, customer_id=await self.opened())

    async def duplicates_and_lists(self) -> None:
        """Two records of one person, one merged already; what is done to many at once."""
        kept, merging = await self.opened(), {"duplicate_version": 1, "why": "The same card"}
        for _ in range(3):  # others may be closed or withheld first: who has been read is taken up again at random
            duplicate = merging | {"duplicate_id": await self.opened()}
            self.keep("merge_customers", 1, duplicate, customer_id=await self.opened())
            self.keep("close_customer", 1, {"reason": "moved_away"}, customer_id=await self.opened())
        merged = await self.act(f"/customers/{kept}/merge", merging | {"duplicate_id": await self.opened()})
        self.keep("undo_merge", merge_id=merged["merge_id"])
        assigned = await self.act("/customers/assign", {"customer_ids": [kept], "responsible": str(uuid4())})
        self.keep("get_operation", operation_id=assigned["operation_id"])
        imported = await self.act("/outreach/imports?source=immigration_service", _A_LIST)
        self.keep("undo_operation", operation_id=imported["operation_id"])

    async def families(self) -> None:
        """A relation to record, to change, to end."""
        self.keep("record_family_relation", body=_RELATION, customer_id=await self.opened())
        for operation, body in (("change", {"changes": {"same_household": True}}), ("end", {})):
            recorded = await self.act(f"/customers/{await self.opened()}/family", _RELATION)
            self.keep(f"{operation}_family_relation", 1, body, relation_id=recorded["relation_id"])

    async def contacts(self) -> None:
        """About somebody of whom there was none before."""
        described = self.door.document["paths"][f"{API}/contacts"]["post"]["requestBody"]["content"]["application/json"]
        somebody = {"name": {"family": "Esimerkki", "given": "Aamu"}, "date_of_birth": "1990-01-01"}
        report = described["example"]["report"] | {"person": somebody}
        reported = await self.act("/contacts", described["example"] | {"report": report})
        self.keep("resolve_contact", 1, {"outcome": "closed", "reason": "no_need"}, contact_id=reported["contact_id"])

    # Of assessments

    async def heard_of(self) -> str:
        """A customer of whom the assessment service knows."""
        await self.once_known(customer := await self.opened(), "GET", "assessments")
        return customer

    async def started(self) -> str:
        """An assessment."""
        body = {"asked_on": "2026-03-01", "why": "So."}
        return str((await self.act(f"/customers/{await self.heard_of()}/assessments", body))["assessment_id"])

    async def interviews(self) -> None:
        """From the start to the conclusion; one whose customer has missed the interview by the time it is asked."""
        missed = await self.started()
        soon = (now() + timedelta(seconds=5)).isoformat()
        appointment = {"starts_at": soon, "place": "office", "language": "fi", "interpreter": {"needed": False}}
        await self.act(f"/assessments/{missed}/interview", {"appointment": appointment})
        self.keep("record_missed_interview", 2, {}, assessment_id=missed)
        self.keep("start_assessment", body={"asked_on": "2026-03-01", "why": "So."}, customer_id=await self.heard_of())
        later = {"appointment": appointment | {"starts_at": "2100-01-01T09:00:00Z"}}
        told = {"told_on": "2026-03-01", "made_sure": "told_back"}
        duty = {"duties": [told | {"duty": "personal_data"}]}
        for operation, body in (("plan_interview", later), ("begin_interview", _HELD), ("acknowledge_duties", duty)):
            self.keep(operation, 1, body, assessment_id=await self.started())
        dropping = {"drop": {"ground": "moved", "reason": "So."}}
        self.keep("drop_assessment", 1, dropping, assessment_id=await self.started())
        path = f"/assessments/{(answered := await self.started())}"
        await self.act(f"{path}/interview/held", _HELD)
        for each in LAW.topics:
            await self.act(f"{path}/topics/{each.code}", {"content": {"text": "So."}}, method="PUT", version=0)
        duties = [told | {"duty": each.code} for each in LAW.duties_to_inform]
        await self.act(f"{path}/duties", {"duties": duties}, version=2)
        self.keep("conclude_assessment", 3, {"conclusion": {"result": "plan_needed"}}, assessment_id=answered)

    async def findings(self) -> None:
        """What is written of a topic."""
        text = {"content": {"text": "So."}}
        self.keep("write_topic", 0, text, assessment_id=(assessment := await self.started()), topic="literacy")
        self.keep("get_assessment", assessment_id=assessment)
        self.keep("get_topic_history", assessment_id=assessment, topic="literacy")

    async def measures(self) -> None:
        """Clarifying measures: to order, to report, to cancel."""
        path = f"/assessments/{(assessment := await self.started())}/clarifying-measures"
        reported, cancelled = [(await self.act(path, _ORDER))["measure_id"] for _ in range(2)]
        report = {"report": {"result": "A1.", "done_on": "2026-03-01", "done_by": "Kieli Kettunen"}}
        self.keep("order_measure", body=_ORDER, assessment_id=assessment)
        self.keep("report_measure", body=report, measure_id=reported)
        self.keep("cancel_measure", body={"reason": "So."}, measure_id=cancelled)

    async def asked_county(self, act_of_county: str | None = None, **told: Any) -> tuple[str, str]:
        """An assessment and the participation that was asked of the county, which has done that."""
        assessment = await self.started()
        asked = await self.act(f"/assessments/{assessment}/participations", _PARTICIPATION)
        participation = str(asked["participation_id"])
        if act_of_county:
            answer = {"partner": "08", "participation_id": participation, "act": act_of_county, **told}
            await self.house.ask(AnswerParticipationForPartner.model_validate(answer), service_actor("integration"))
        return assessment, participation

    async def participations(self) -> None:
        """Asked of the county, each before its next act."""
        self.keep("request_participation", body=_PARTICIPATION, assessment_id=await self.started())
        for _ in range(3):  # others may be answered first: what has been read is taken up again at random
            _, asked = await self.asked_county()
            self.keep("withdraw_participation", 1, participation_id=asked)
        _, asked = await self.asked_county()
        self.keep("get_participation", participation_id=asked)
        by_phone = {"act": "accept", "responsible": _OF_COUNTY, "channel": "phone", "answered_on": "2026-03-01"}
        _, asked = await self.asked_county()
        self.keep("record_participation_answer", 1, by_phone, participation_id=asked)
        _, asked = await self.asked_county("ask_more", text="So?")
        self.keep("reply_to_participation", 2, {"text": "So."}, participation_id=asked)

    async def county_sections(self) -> None:
        """Of a county that takes part."""
        _, agreed = await self.asked_county("accept", responsible=_OF_COUNTY)
        self.keep("go_on_without_contribution", 2, {"reason": "So."}, participation_id=agreed)
        assessment, _ = await self.asked_county("accept", responsible=_OF_COUNTY)
        self.keep("write_county_section", body=_CONTRIBUTION, assessment_id=assessment)
        self.keep("get_county_section", assessment_id=assessment)

    # Of plans

    async def programme_and_teams(self) -> None:
        """What a supervisor keeps."""
        aims = {"notice_days": 21, "aims": [{"kind": "assessment_start", "days": 10}]}
        self.keep("set_due_date_settings", 0, aims)
        described = self.door.document["paths"][f"{API}/programme/services"]["post"]["requestBody"]
        example = described["content"]["application/json"]["example"]
        added = await self.act("/programme/services", example, token=self.supervisor)
        changed = {"service": example["service"] | {"places": 25}}
        self.keep("change_programme_service", 1, changed, service_id=added["service_id"])
        self.keep("get_programme_service", query={"version": 1}, service_id=added["service_id"])
        team = {"name": "Itä", "members": []}
        self.keep("add_team", body=team)
        made = await self.act("/teams", team, token=self.supervisor)
        self.keep("change_team", 1, team | {"ended": True}, team_id=made["team_id"])

    async def drafted(self, **more: Any) -> str:
        """A plan that goes on from an earlier one."""
        return str((await self.once_known(await self.opened(), "POST", "plans", _NEW_PLAN | more))["plan_id"])

    def agreed(self, **more: Any) -> Any:
        """What can be offered today."""
        today = helsinki_date(now())
        days = {"starts_on": today, "ends_on": today + timedelta(days=200), "duties_told_on": today}
        days["next_review_on"] = today + timedelta(days=100)
        return content(**days, copy_language=None, **more).model_dump(mode="json", exclude_none=True)

    async def drafts(self) -> None:
        """A plan that is begun, written, offered, dropped; a family's."""
        self.keep("draft_plan", body=_NEW_PLAN, customer_id=await self.opened())
        self.keep("write_plan", 1, self.agreed(), plan_id=await self.drafted())
        self.keep("drop_plan", 1, {"why": "So."}, plan_id=await self.drafted())
        written = await self.drafted()
        await self.act(f"/plans/{written}/content", self.agreed(), method="PUT")
        self.keep("offer_plan", 2, plan_id=written)
        await self.once_known(member := await self.opened(), "GET", "plans")
        consent = {"given_on": "2026-03-01", "given_by": "Ilta Esimerkki"}
        of_family = {"kind": "family", "earlier": None, "members": [member], "consents": [consent]}
        self.keep("give_guardian_consent", 1, consent, plan_id=await self.drafted(**of_family))
        await self.once_known(other := await self.opened(), "GET", "plans")
        family = await self.drafted(**of_family | {"members": [other]})
        [agreed] = (await self.act(f"/plans/{family}", method="GET"))["consents"]
        withdrawn = {"withdrawn_on": "2026-03-02"}
        self.keep("withdraw_guardian_consent", 1, withdrawn, plan_id=family, consent_id=agreed["consent_id"])

    async def offered(self, **more: Any) -> tuple[str, dict[str, Any]]:
        """A plan that was offered, and an approval of it by its document."""
        plan = await self.drafted()
        await self.act(f"/plans/{plan}/content", self.agreed(**more), method="PUT")
        await self.act(f"/plans/{plan}/offer", version=2)

        async def documents() -> Any:
            return (await self.act(f"/plans/{plan}", method="GET"))["in_making"]["documents"]

        [document] = await eventually(documents, within=60, what="the plan's document")
        today = str(helsinki_date(now()))
        approval = {"language": "fi", "sha256": document["sha256"], "how": "in_person", "approved_on": today}
        return plan, approval | {"party": "customer"}

    async def in_force(self, **more: Any) -> tuple[str, int]:
        """A plan in force, and its version."""
        plan, approval = await self.offered(**more)
        for party in ("customer", "expert"):
            approved = await self.act(f"/plans/{plan}/editions/1/approvals", approval | {"party": party})
        return plan, approved["version"]

    async def plans_offered_and_in_force(self) -> None:
        """Together, for each waits for a document. An act that changes a plan's version has a plan of its own."""
        today = helsinki_date(now())
        ending = {"reason": "employed", "ended_on": str(today), "follow_on": {"plan": "none"}}
        told = {"participation": "So.", "progress": "So.", "next_review_on": str(today + timedelta(days=90))}
        review = told | {"reason": "request", "reviewed_on": str(today)}
        extension = {"ground": "little_education_or_many_services", "months": 12, "reason": "So."}
        await asyncio.gather(
            self.approving(),
            self.with_plan_of_its_own("end_plan", ending),
            self.with_plan_of_its_own("review_plan", review),
            self.with_plan_of_its_own("extend_plan", extension),
            self.while_in_force(),
            self.neglected({"happened_on": str(today), "fact": "So."}),
        )

    async def approving(self) -> None:
        """A plan that was offered."""
        plan, approval = await self.offered()
        self.keep("approve_plan", body=approval, plan_id=plan, edition="1")

    async def with_plan_of_its_own(self, operation: str, body: dict[str, Any]) -> None:
        """A plan in force, for one act."""
        plan, version = await self.in_force()
        self.keep(operation, version, body, plan_id=plan)

    async def neglected(self, neglect: dict[str, Any]) -> None:
        """A plan in force with a neglect to be taken back."""
        plan, version = await self.in_force()
        recorded = await self.act(f"/plans/{plan}/neglects", neglect)
        self.keep("record_neglect", body=neglect, plan_id=plan)
        self.keep("withdraw_record", version, {"why": "So."}, plan_id=plan, record_id=recorded["record_id"])

    async def while_in_force(self) -> None:
        """What is recorded and read of a plan in force; referrals to its lines."""
        today, lines = str(helsinki_date(now())), [uuid4() for _ in range(5)]
        plan, _ = await self.in_force(services=[line(each) for each in lines])
        hindrance = {"ground": "illness", "first": today}
        recorded = await self.act(path := f"/plans/{plan}/hindrances", hindrance)
        self.keep("record_hindrance", body=hindrance, plan_id=plan)
        self.keep("end_hindrance", body={"last": today}, plan_id=plan, hindrance_id=recorded["record_id"])
        followed = {"goal_id": str(GOAL), "followed_on": today, "progress": "under_way"}
        self.keep("record_follow_up", body=followed, plan_id=plan)
        for operation in ("get_plan", "get_plan_history", "list_plan_referrals"):
            self.keep(operation, plan_id=plan)
        self.keep("get_plan_edition", plan_id=plan, edition="1")
        self.keep("get_plan_differences", query={"before": 1, "after": 1}, plan_id=plan)

        whole = await self.act(f"/plans/{plan}", method="GET")
        [document] = whole["in_force"]["documents"]
        for operation, query in (("list_documents", {}), ("get_customer_due_dates", {"law_version": "2025-01-01"})):
            self.keep(operation, query=query, customer_id=whole["customer_id"])
        for operation in ("get_document", "get_document_content"):
            self.keep(operation, document_id=document["document_id"])

        path = f"/plans/{plan}/referrals"
        to_refer, to_answer, to_complete, to_withdraw, to_take_back = (
            {"line_id": str(each), "provider": {"name": "Esimerkkiopisto"}, "referred_on": today} for each in lines
        )
        self.keep("refer_to_service", body=to_refer, plan_id=plan)
        referral = (await self.act(path, to_answer))["referral_id"]
        self.keep("get_referral", referral_id=referral)
        self.keep("answer_referral", 1, {"answer": {"answer": "taken_up", "on": today}}, referral_id=referral)
        referral = (await self.act(path, to_complete))["referral_id"]
        completion = {"kind": "service", "outcome": "completed", "ends_on": today}
        self.keep("record_completion", 1, {"completion": completion}, referral_id=referral)
        referral = (await self.act(path, to_withdraw))["referral_id"]
        version = (await self.act(f"/referrals/{referral}/completions", {"completion": completion}))["version"]
        [kept] = (await self.act(f"/referrals/{referral}", method="GET"))["completions"]
        of_it = {"referral_id": referral, "completion_id": kept["completion_id"]}
        self.keep("withdraw_completion", version, {"why": "So."}, **of_it)
        referral = (await self.act(path, to_take_back))["referral_id"]
        self.keep("withdraw_referral", 1, {"why": "So."}, referral_id=referral)
