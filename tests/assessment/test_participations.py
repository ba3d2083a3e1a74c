"""The county is asked to take part, and answers (681/2023 14 § 4 mom.)."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.assessment.participations import ListParticipations
from contracts.assessment.versions import AssessmentVersion
from contracts.customer.state import CustomerErased
from services.assessment.handlers.participations import tick
from services.assessment.law.participations import participation_law
from services.kit.errors import ChangedMeanwhile, Conflict, Forbidden, InvalidInput, NotFound, NotNow
from tests.assessment.participations import (
    COUNTY,
    PARTNERS,
    SOMEBODY,
    SUPERVISOR,
    accepted,
    answering,
    going_on,
    of_county,
    recording,
    replying,
    requesting,
    seen,
    withdrawing,
    worker,
)
from tests.assessment.support import (
    TODAY,
    Desk,
    broken,
    changed,
    concluding,
    dropping,
    opened,
    relationships,
    writing,
)
from tests.support import EXPERT_HELSINKI

pytestmark = pytest.mark.database
DAYS = participation_law().time_to_answer.days


async def end(desk: Desk) -> None:
    """What time does."""
    await tick(desk.service.parts.unit_of_work)


async def told(desk: Desk) -> list[dict[str, Any]]:
    """The states told of participations, oldest first."""
    query = "SELECT data::text FROM outbox WHERE type = 'assessment.participation_changed.v1' ORDER BY position"
    return [json.loads(data) for (data,) in await desk.rows(query)]


async def of_case(desk: Desk) -> AssessmentVersion:
    """The assessment in the version that it now has."""
    [(assessment_id, version)] = await desk.assessments("assessment_id, version")
    return AssessmentVersion(assessment_id=assessment_id, version=version)


async def to_start(desk: Desk) -> AssessmentVersion:
    """The assessment to start of another customer."""
    await desk.learn(opened(customer_id := uuid4()))
    [(assessment_id,)] = await desk.rows(f"SELECT assessment_id FROM assessment WHERE customer_id = '{customer_id}'")
    return AssessmentVersion(assessment_id=assessment_id, version=1)


class TestAsking:
    async def test_the_county_of_the_municipality_is_asked_and_sees_a_preview_and_nobody(
        self, desk: Desk, customer_id: UUID
    ) -> None:
        known = await desk.under_way(customer_id)
        asked = await desk.act(requesting(known, desk))
        told_to_county = await of_county(desk, asked)
        assert (told_to_county.state, told_to_county.county, told_to_county.municipality) == (
            "requested",
            COUNTY,
            "837",
        )
        assert told_to_county.preview
        assert (told_to_county.preview.service_language, told_to_county.preview.interpreter_needed) == ("so", True)
        assert str(customer_id) not in told_to_county.model_dump_json()
        assert str(known.assessment_id) not in told_to_county.model_dump_json()
        assert told_to_county.due_on == TODAY + timedelta(days=DAYS)

    async def test_the_event_tells_ids_codes_and_days(self, desk: Desk, customer_id: UUID) -> None:
        await desk.act(requesting(await desk.under_way(customer_id), desk))
        [event] = await told(desk)
        assert set(event) == {
            *("participation_id", "assessment_id", "customer_id", "municipality"),
            *("county", "state", "due_on", "contributed"),
        }

    async def test_all_that_a_request_breaks_is_told_at_once(self, desk: Desk, customer_id: UUID) -> None:
        known = await desk.under_way(customer_id)
        preview = {"service_language": "xx", "topics": ["literacy"]}
        late = desk.clock.now() - timedelta(minutes=1)
        with pytest.raises(InvalidInput) as refusal:
            await desk.act(requesting(known, desk, way="by_pigeon", proposed_at=late, preview=preview))
        assert broken(refusal) == [
            ("/way", "code_list"),
            ("/proposed_at", "in_past"),
            ("/preview/service_language", "code_list"),
            ("/preview/topics/0", "rule_book"),
        ]

    async def test_a_joint_interview_has_a_time_proposed_and_an_exchange_in_writing_needs_none(
        self, desk: Desk, customer_id: UUID
    ) -> None:
        known = await desk.under_way(customer_id)
        with pytest.raises(InvalidInput) as refusal:
            await desk.act(requesting(known, desk, proposed_at=None))
        assert broken(refusal) == [("/proposed_at", "missing")]
        await desk.act(requesting(known, desk, proposed_at=None, way="in_writing"))

    async def test_helsinki_is_its_own_county_and_asks_nobody(self, desk: Desk, customer_id: UUID) -> None:
        await desk.learn(opened(customer_id, relationships=relationships(_091="moved")))
        [(assessment_id,)] = await desk.assessments("assessment_id")
        request = requesting(AssessmentVersion(assessment_id=assessment_id, version=1), desk)
        with pytest.raises(InvalidInput) as refusal:
            await desk.act(request, EXPERT_HELSINKI)
        assert broken(refusal) == [("/county", "own_county")]

    async def test_the_county_is_asked_once_at_a_time_and_again_after_it_has_refused(
        self, desk: Desk, customer_id: UUID
    ) -> None:
        known = await desk.under_way(customer_id)
        asked = await desk.act(requesting(known, desk))
        with pytest.raises(Conflict):
            await desk.act(requesting(known, desk))
        await desk.act(answering(asked, "reject", reason="later"), PARTNERS)
        again = await desk.act(requesting(known, desk))
        assert again.participation_id != asked.participation_id

    async def test_a_repeated_request_is_one(self, desk: Desk, customer_id: UUID) -> None:
        request = requesting(await desk.under_way(customer_id), desk)
        first = await desk.act(request, key="one act")
        assert await desk.act(request, key="one act") == first
        assert len(await desk.rows("SELECT FROM county_participation")) == 1

    async def test_it_may_be_asked_while_the_plan_is_made_and_not_after_the_assessment_was_dropped(
        self, desk: Desk, customer_id: UUID
    ) -> None:
        known = await desk.act(concluding(await desk.answered(customer_id)))
        await accepted(desk, known)
        whole = await desk.whole(known)
        assert (whole.status, whole.county_takes_part) == ("concluded", True)
        other = await desk.act(dropping(await to_start(desk)))
        with pytest.raises(Conflict):
            await desk.act(requesting(other, desk))


class TestAnswers:
    async def test_an_acceptance_names_somebody_and_tells_the_county_whom_it_is_about(
        self, desk: Desk, customer_id: UUID
    ) -> None:
        asked = await desk.act(requesting(await desk.under_way(customer_id), desk))
        await desk.act(answering(asked, "accept"), PARTNERS)
        participation = await seen(desk, asked)
        assert participation.responsible
        assert (participation.state, participation.responsible.name) == ("accepted", SOMEBODY["name"])
        assert (await of_county(desk, asked)).customer_id == customer_id

    async def test_once_it_has_accepted_others_hear_that_the_county_takes_part(
        self, desk: Desk, customer_id: UUID
    ) -> None:
        await accepted(desk, await desk.under_way(customer_id))
        assert [each["county_takes_part"] for each in await desk.told()] == [False, False, True]
        assert [each["state"] for each in await told(desk)] == ["requested", "accepted"]

    async def test_what_is_told_of_a_concluded_assessment_keeps_its_needs(self, desk: Desk, customer_id: UUID) -> None:
        known = await desk.answered(customer_id)
        content = {"needs": [{"kind": "language_learning"}]}
        await desk.act(writing(known, "finnish_and_swedish", 1, **content))
        await accepted(desk, await desk.act(concluding(known)))
        before, after = (await desk.told())[-2:]
        assert before["needs"] == after["needs"] != []
        assert (before["county_takes_part"], after["county_takes_part"]) == (False, True)

    async def test_a_refusal_has_a_reason_and_shows_the_preview_no_more(self, desk: Desk, customer_id: UUID) -> None:
        asked = await desk.act(requesting(await desk.under_way(customer_id), desk))
        await desk.act(answering(asked, "reject", reason="no_coordination_needed"), PARTNERS)
        heard = await of_county(desk, asked)
        assert (heard.state, heard.preview, heard.customer_id) == ("rejected", None, None)
        assert (await seen(desk, asked)).turns[-1].reason == "no_coordination_needed"

    @pytest.mark.parametrize(
        ("act", "more", "errors"),
        [
            ("accept", {"responsible": None}, [("/responsible", "missing")]),
            ("accept", {"responsible": {"name": "Sanna"}}, [("/responsible/phone", "missing")]),
            ("reject", {}, [("/reason", "missing")]),
            ("reject", {"reason": "weather"}, [("/reason", "code_list")]),
            ("ask_more", {}, [("/text", "missing")]),
        ],
    )
    async def test_an_answer_that_lacks_what_it_needs_names_the_field(
        self, desk: Desk, customer_id: UUID, act: str, more: dict[str, Any], errors: list[Any]
    ) -> None:
        asked = await desk.act(requesting(await desk.under_way(customer_id), desk))
        with pytest.raises(InvalidInput) as refusal:
            await desk.act(answering(asked, act, **more), PARTNERS)
        assert broken(refusal) == errors

    async def test_the_county_asks_more_and_is_replied_with_another_time(self, desk: Desk, customer_id: UUID) -> None:
        asked = await desk.act(requesting(await desk.under_way(customer_id), desk))
        more = await desk.act(answering(asked, "ask_more", text="At what time?"), PARTNERS)
        proposed = desk.clock.now() + timedelta(days=9)
        await desk.act(replying(more, proposed_at=proposed))
        heard = await of_county(desk, asked)
        assert (heard.state, heard.proposed_at) == ("requested", proposed)
        assert [each.act for each in heard.turns] == ["request", "ask_more", "reply"]

    async def test_the_same_answer_twice_does_no_harm_and_another_one_is_told_how_it_was_decided(
        self, desk: Desk, customer_id: UUID
    ) -> None:
        asked = await desk.act(requesting(await desk.under_way(customer_id), desk))
        first = await desk.act(answering(asked, "accept"), PARTNERS)
        assert await desk.act(answering(asked, "accept"), PARTNERS) == first
        with pytest.raises(NotNow) as refused:
            await desk.act(answering(asked, "reject", reason="later"), PARTNERS)
        assert refused.value.code == "already-accepted"

    async def test_of_an_answer_and_a_withdrawal_at_the_same_moment_one_is_done(
        self, desk: Desk, customer_id: UUID
    ) -> None:
        asked = await desk.act(requesting(await desk.under_way(customer_id), desk))
        both = await asyncio.gather(
            desk.act(answering(asked, "accept"), PARTNERS), desk.act(withdrawing(asked)), return_exceptions=True
        )
        [refused] = [each for each in both if isinstance(each, BaseException)]
        assert isinstance(refused, NotNow)
        assert refused.code == f"already-{(await seen(desk, asked)).state}"

    async def test_an_answer_by_phone_is_written_down_with_who_wrote_it(self, desk: Desk, customer_id: UUID) -> None:
        asked = await desk.act(requesting(await desk.under_way(customer_id), desk))
        await desk.act(recording(asked, "accept"))
        participation = await seen(desk, asked)
        assert participation.recorded_answer
        assert (participation.recorded_answer.channel, participation.recorded_answer.recorded_by) == (
            "phone",
            "expert@tampere",
        )
        assert (participation.turns[-1].act, participation.turns[-1].organisation) == ("accept", COUNTY)
        assert (await desk.whole(await of_case(desk))).county_takes_part

    async def test_all_that_a_recorded_answer_breaks_of_its_way_is_told_at_once(
        self, desk: Desk, customer_id: UUID
    ) -> None:
        asked = await desk.act(requesting(await desk.under_way(customer_id), desk))
        with pytest.raises(InvalidInput) as refusal:
            await desk.act(recording(asked, "accept", channel="pigeon", answered_on=TODAY + timedelta(days=1)))
        assert broken(refusal) == [("/channel", "code_list"), ("/answered_on", "in_future")]

    async def test_acts_on_a_version_that_is_not_the_present_one_are_refused(
        self, desk: Desk, customer_id: UUID
    ) -> None:
        asked = await desk.act(requesting(await desk.under_way(customer_id), desk))
        await desk.act(answering(asked, "ask_more", text="Why?"), PARTNERS)
        for request in (replying(asked), withdrawing(asked), recording(asked, "accept")):
            with pytest.raises(ChangedMeanwhile):
                await desk.act(request)


class TestTime:
    async def test_the_last_day_counts_and_the_day_after_it_is_over(self, desk: Desk, customer_id: UUID) -> None:
        asked = await desk.act(requesting(await desk.under_way(customer_id), desk))
        desk.clock.moment += timedelta(days=DAYS)
        await end(desk)
        assert (await seen(desk, asked)).state == "requested"
        desk.clock.moment += timedelta(days=1)
        with pytest.raises(NotNow) as refused:
            await desk.act(answering(asked, "accept"), PARTNERS)
        assert refused.value.code == "already-expired"
        await end(desk)
        assert (await seen(desk, asked)).state == "expired"
        assert [each["state"] for each in await told(desk)] == ["requested", "expired"]

    async def test_time_that_looks_twice_ends_it_once(self, desk: Desk, customer_id: UUID) -> None:
        asked = await desk.act(requesting(await desk.under_way(customer_id), desk))
        desk.clock.moment += timedelta(days=DAYS + 1)
        await asyncio.gather(end(desk), end(desk))
        assert (await seen(desk, asked)).version == 2

    async def test_nobody_answers_for_what_was_dropped_and_the_county_hears_that_it_is_over(
        self, desk: Desk, customer_id: UUID
    ) -> None:
        known = await desk.under_way(customer_id)
        asked = await desk.act(requesting(known, desk))
        await desk.act(dropping(known))
        with pytest.raises(NotNow) as refused:
            await desk.act(answering(asked, "accept"), PARTNERS)
        assert refused.value.code == "already-withdrawn"
        await end(desk)
        assert (await of_county(desk, asked)).state == "withdrawn"

    async def test_the_county_is_told_of_the_person_no_more_when_the_municipality_has_the_customer_no_more(
        self, desk: Desk, customer_id: UUID
    ) -> None:
        known = await accepted(desk, await desk.under_way(customer_id))
        gone = changed(customer_id, relationships=relationships(ended=("837",), _091="moved"))
        await desk.learn(gone, 2)
        assert (await of_county(desk, known)).customer_id is None


class TestConcluding:
    async def test_what_awaits_an_answer_keeps_the_assessment_open_and_a_withdrawal_frees_it(
        self, desk: Desk, customer_id: UUID
    ) -> None:
        known = await desk.answered(customer_id)
        asked = await desk.act(requesting(known, desk))
        with pytest.raises(InvalidInput) as refusal:
            await desk.act(concluding(known))
        assert broken(refusal) == [("/participation", "county_answer_awaited")]
        await desk.act(withdrawing(asked))
        await desk.act(concluding(known))

    async def test_who_agreed_contributes_first_or_it_is_recorded_why_not(self, desk: Desk, customer_id: UUID) -> None:
        participation = await accepted(desk, await desk.answered(customer_id))
        known = await of_case(desk)
        with pytest.raises(InvalidInput) as refusal:
            await desk.act(concluding(known))
        assert broken(refusal) == [("/participation", "county_contribution_missing")]
        await desk.act(going_on(participation))
        recorded = (await seen(desk, participation)).without_contribution
        assert recorded
        assert (recorded.reason, recorded.recorded_by) == ("Nothing was found.", "expert@tampere")
        await desk.act(concluding(known))

    async def test_what_the_joint_interview_wrote_of_health_and_social_needs_is_the_county_s_contribution(
        self, desk: Desk, customer_id: UUID
    ) -> None:
        await accepted(desk, await desk.answered(customer_id))
        known = await of_case(desk)
        await desk.act(writing(known, "health_and_social_needs", 0))
        await desk.act(concluding(known))

    async def test_a_reason_is_recorded_only_where_the_county_has_agreed(self, desk: Desk, customer_id: UUID) -> None:
        asked = await desk.act(requesting(await desk.under_way(customer_id), desk))
        with pytest.raises(Conflict):
            await desk.act(going_on(asked))


class TestRights:
    async def test_another_municipality_and_another_county_find_nothing(self, desk: Desk, customer_id: UUID) -> None:
        known = await desk.under_way(customer_id)
        asked = await desk.act(requesting(known, desk))
        for request in (requesting(known, desk), withdrawing(asked), recording(asked, "accept"), going_on(asked)):
            with pytest.raises(NotFound):
                await desk.act(request, EXPERT_HELSINKI)
        with pytest.raises(NotFound):
            await seen(desk, asked, EXPERT_HELSINKI)
        with pytest.raises(NotFound):
            await of_county(desk, asked, "06")
        with pytest.raises(NotFound):
            await desk.act(answering(asked, "accept", "06"), PARTNERS)

    async def test_no_person_asks_in_a_county_s_name(self, desk: Desk, customer_id: UUID) -> None:
        asked = await desk.act(requesting(await desk.under_way(customer_id), desk))
        with pytest.raises(Forbidden):
            await desk.act(answering(asked, "accept"))

    async def test_a_county_worker_reads_the_participation_of_the_customer_whom_the_right_names(
        self, desk: Desk, customer_id: UUID
    ) -> None:
        asked = await desk.act(requesting(await desk.under_way(customer_id), desk))
        assert (await seen(desk, asked, worker(customer_id))).state == "requested"
        assert (await listed(desk, actor=worker(customer_id))) == [asked.participation_id]
        with pytest.raises(NotFound):
            await seen(desk, asked, worker(uuid4()))
        assert await listed(desk, actor=worker(uuid4())) == []
        with pytest.raises(Forbidden):
            await desk.act(withdrawing(asked), worker(customer_id))

    async def test_lists_show_those_in_a_state_a_page_at_a_time(self, desk: Desk, customer_id: UUID) -> None:
        asked = [await desk.act(requesting(await to_start(desk), desk)) for _ in range(3)]
        await desk.act(withdrawing(asked[1]))
        first = await desk.act(ListParticipations(state="requested", limit=1), SUPERVISOR)
        then = await desk.act(ListParticipations(state="requested", limit=1, cursor=first.next_cursor), SUPERVISOR)
        ids = [each.participation_id for page in (first, then) for each in page.participations]
        assert ids == [asked[0].participation_id, asked[2].participation_id]
        assert then.next_cursor is None
        assert await listed(desk, actor=EXPERT_HELSINKI) == []

    async def test_every_look_of_the_county_is_a_line_of_the_log_under_its_own_code(
        self, desk: Desk, customer_id: UUID
    ) -> None:
        known = await accepted(desk, await desk.under_way(customer_id))
        await of_county(desk, known)
        query = "SELECT data->>'organisation', data->'customers'->>0 FROM outbox WHERE type = 'assessment.data_used.v1'"
        assert (await desk.rows(f"{query} ORDER BY position"))[-1] == (COUNTY, str(customer_id))

    async def test_erasing_the_customer_erases_the_participation(self, desk: Desk, customer_id: UUID) -> None:
        await accepted(desk, await desk.under_way(customer_id))
        await desk.hear(CustomerErased(erased_customer_id=customer_id), 9)
        assert await desk.rows("SELECT FROM county_participation") == []


async def listed(desk: Desk, **by: Any) -> list[UUID]:
    """The ids of what somebody's list shows."""
    found = await desk.act(ListParticipations(), by["actor"])
    return [each.participation_id for each in found.participations]
