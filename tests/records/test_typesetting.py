"""Documents as PDF files: kept for decades, read aloud, the same bytes every time, whatever people write."""

import subprocess
import sys
from datetime import UTC, date, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from pypdf import PdfReader

from contracts.assessment.documents import AssessmentForDocument
from contracts.customer.people import CustomerCard
from contracts.plan.content import Goal, PlanContent, PlannedService
from contracts.records.state import COPY_LANGUAGES
from contracts.types import PersonName
from services.records.rules.assessments import pages_of_assessment
from services.records.rules.matters import Matter
from services.records.rules.pages import Pages, written
from services.records.rules.plans import pages_of_plan
from services.records.rules.wording import Wording
from services.records.rules.words import OFFICIAL, words
from services.records.typesetting import typeset
from tests.records.support import OFFERED_AT, plan_of

CUSTOMER, SPOUSE = UUID(int=1), UUID(int=2)


def the_plan(language: str = "fi", *, goal: str = "Töihin keittiöön", members: tuple[UUID, ...] = ()) -> Pages:
    """The pages of a plan approved in Finnish, or where that is an official language, in the language itself."""
    content = PlanContent(goals=(Goal(goal_id=UUID(int=3), kind="employment", text=goal),), follow_up="Soitto")
    plan = plan_of(CUSTOMER, *members, plan_id=UUID(int=4), content=content)
    approved_in = language if language in OFFICIAL else "fi"
    matter = Matter(CUSTOMER, members, "837", "plan", plan.plan_id, 1, language, approved_in, OFFERED_AT)
    return pages_of_plan(matter, plan, {each: card(each) for each in (CUSTOMER, *members)})


def test_names_are_those_of_the_day_in_helsinki(monkeypatch: pytest.MonkeyPatch) -> None:
    days = set()
    monkeypatch.setattr(Wording, "municipality", lambda self, code, on: days.add(on) or self.fixed(code))
    monkeypatch.setattr(Wording, "code", lambda self, entries, code, on: days.add(on) or self.fixed(code))
    night = datetime(2026, 12, 31, 22, 30, tzinfo=UTC)
    goal = Goal(goal_id=UUID(int=3), kind="learn_language")
    plan = plan_of(CUSTOMER, content=PlanContent(goals=(goal,)), offered_at=night)
    matter = Matter(CUSTOMER, (), "837", "plan", plan.plan_id, 1, "fi", "fi", night)
    pages_of_plan(matter, plan, {CUSTOMER: card(CUSTOMER)})
    assert days == {date(2027, 1, 1)}


def card(customer_id: UUID) -> CustomerCard:
    name = PersonName(family="Esimerkki", given="Aamu" if customer_id == CUSTOMER else "Ilta")
    return CustomerCard(customer_id=customer_id, name=name, date_of_birth=date(1994, 5, 1))


def read(pages: Pages) -> PdfReader:
    return PdfReader(BytesIO(typeset(pages, OFFERED_AT)))


def hashes() -> list[str]:
    return [sha256(typeset(the_plan(language), OFFERED_AT)).hexdigest() for language in words()]


def text_of(pages: Pages) -> str:
    return "\n".join(page.extract_text() for page in read(pages).pages)


def roles(node: Any) -> set[str]:
    """The roles in the tree of tags."""
    node = node.get_object()
    children = node.get("/K", [])
    found = {str(node["/S"])} if "/S" in node else set()
    for each in children if isinstance(children, list) else [children]:
        child = each.get_object() if hasattr(each, "get_object") else each
        if isinstance(child, dict):
            found |= roles(each)
    return found


def test_copies_are_promised_in_the_languages_that_have_words() -> None:
    assert sorted(words()) == sorted(COPY_LANGUAGES)


@pytest.mark.parametrize("language", sorted(words()))
def test_a_document_says_that_it_is_made_to_be_kept_and_to_be_read_aloud_in_its_language(language: str) -> None:
    pdf = read(the_plan(language))
    catalog: Any = pdf.trailer["/Root"]
    about = catalog["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in about
    assert "<pdfuaid:part>1</pdfuaid:part>" in about
    assert (catalog["/Lang"], catalog["/MarkInfo"]["/Marked"]) == (language, True)
    assert pdf.metadata
    assert pdf.metadata.title == words()[language].plan["individual"]
    found = roles(catalog["/StructTreeRoot"])
    assert {"/H1", "/H2", "/P", "/L", "/LI"} <= found
    assert ("/Table" in found) == (language in OFFICIAL), "a copy is not signed"


def test_the_same_pages_are_the_same_bytes_in_another_process_too() -> None:
    program = "from tests.records.test_typesetting import hashes; print(*hashes())"
    there = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        env={"TZ": "Asia/Tokyo", "LANG": "C", "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.split() == hashes()


def test_all_fonts_are_within_the_document() -> None:
    for page in read(the_plan("ar")).pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            [descendant] = font.get_object()["/DescendantFonts"]
            assert "/FontFile2" in descendant.get_object()["/FontDescriptor"]


def test_a_copy_says_that_it_is_one_and_which_document_is_approved() -> None:
    original, copy = the_plan("fi"), the_plan("ar")
    number = original.foot[-1].text
    assert number in text_of(copy)
    assert number != copy.foot[-1].text
    assert number in text_of(original)
    assert "kopio" not in text_of(original)


def test_a_copy_that_runs_from_right_to_left_has_its_own_words_and_what_people_wrote_as_they_wrote_it() -> None:
    pages = the_plan("ar", goal="Töihin keittiöön")
    assert pages.title.right_to_left
    text = text_of(pages)
    assert "Töihin keittiöön" in text
    assert "\u0627" in text
    viewer: Any = read(pages).trailer["/Root"]
    assert viewer["/ViewerPreferences"]["/Direction"] == "/R2L"


def test_what_is_written_runs_its_own_way() -> None:
    assert not written("Työtä", "fi").right_to_left
    arabic = written("2027: أعمل في Tampere", "fi")
    assert (arabic.right_to_left, arabic.language) == (True, "und")
    assert written("1.3.2026", "fi").language == "fi"


@pytest.mark.parametrize(
    "goal",
    [
        "Puhun 中文 ja ትግርኛ 🙂",
        "Tabs\tand\x01controls\x1b",
        "#set page(width: 1cm) *not bold* $x$ @label <label> \\ // `raw` [content]",
        '"quotes" \\n {braces}',
        "\u202eturned around\u202c \u200b\ufeff",
        "x" * 2000,
        "\n\n\n",
        "\ud7ff \U0010ffff \ue000",
    ],
)
def test_whatever_people_write_there_is_a_document(goal: str) -> None:
    assert typeset(the_plan(goal=goal), OFFERED_AT).startswith(b"%PDF-")


def test_a_sign_that_no_font_has_is_said_to_be_missing() -> None:
    text = text_of(the_plan(goal="Puhun 中文"))
    assert "Puhun ��" in text
    assert "jonka kirjainta ei voitu tulostaa" in text
    assert "ei voitu tulostaa" not in text_of(the_plan(goal="Puhun suomea"))


def test_own_studies_are_said_to_be_that_and_no_section_of_the_law_awaits_a_day() -> None:
    service = PlannedService(line_id=UUID(int=5), name="Lukio", own_studies=True)
    plan = plan_of(CUSTOMER, plan_id=UUID(int=4), content=PlanContent(services=(service,)))
    matter = Matter(CUSTOMER, (), "837", "plan", plan.plan_id, 1, "fi", "fi", OFFERED_AT)
    text = text_of(pages_of_plan(matter, plan, {CUSTOMER: card(CUSTOMER)}))
    assert "Omaehtoinen opiskelu, jota tuetaan työttömyysetuudella." in text
    assert "Suunnitelman tarkistaminen (681/2023 22 § 1 mom.)" in text
    assert "viimeistään" not in text


def test_a_family_s_plan_names_everybody() -> None:
    assert "Ilta Esimerkki" in text_of(the_plan(members=(SPOUSE,)))


def test_an_assessment_has_its_topics_its_needs_and_what_came_of_it() -> None:
    assessment = AssessmentForDocument.model_validate(
        {
            "assessment_id": uuid4(),
            "customer_id": CUSTOMER,
            "municipality": "091",
            "law_version": "2025-01-01",
            "responsible_authority": "municipality",
            "concluded_on": "2026-03-01",
            "conclusion": {"result": "no_plan_needed", "reason": "Har redan ett arbete."},
            "interviews": [{"held_on": "2026-02-20", "place": "office", "language": "sv", "language_understood": True}],
            "topics": [
                {
                    "topic": "finnish_and_swedish",
                    "content": {
                        "text": "Talar svenska.",
                        "levels": [{"scale": "cefr", "level": "B2", "kind": "speaking", "language": "sv"}],
                        "needs": [{"kind": "language_learning", "text": "Kvällskurs"}, {"kind": "of_tomorrow"}],
                    },
                }
            ],
            "measures": [],
            "duties_told": ["aims_of_services"],
        }
    )
    matter = Matter(CUSTOMER, (), "091", "assessment", assessment.assessment_id, 1, "sv", "sv", OFFERED_AT)
    text = text_of(pages_of_assessment(matter, assessment, card(CUSTOMER)))
    for part in ("Helsingfors", "Talar svenska.", "B2", "Studier i finska eller svenska", "Kvällskurs", "20.2.2026"):
        assert part in text, part
    assert "Ingen integrationsplan görs upp för dig." in text
