"""What stands in the document of an assessment (681/2023 14 §, 869/2024 2-3 §), in the order of the rule book."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from contracts.assessment.documents import AssessmentForDocument, WrittenTopic
from contracts.assessment.versions import Level
from contracts.customer.people import CustomerCard
from contracts.law import AssessmentLaw, laws, named
from services.kit.code_lists import INTEGRATION_NEEDS, LANGUAGE_SKILL_KINDS, LITERACY_LEVELS, PROFICIENCY_SCALES
from services.records.rules.matters import Matter
from services.records.rules.pages import Block, Heading, Items, Pages, Paragraph, Said
from services.records.rules.wording import Wording, facts


def pages_of_assessment(matter: Matter, assessment: AssessmentForDocument, customer: CustomerCard) -> Pages:
    """The document of a concluded assessment."""
    wording = Wording(matter.language, matter.approved_in)
    law = laws().version(assessment.law_version).assessment
    if law is None:
        raise LookupError(f"nobody is assessed under {assessment.law_version}")
    blocks = (
        *_whom(wording, matter, assessment, customer),
        *_conclusion(wording, assessment),
        *_topics(wording, assessment, law),
        *_measures(wording, assessment, law),
        *_told(wording, assessment, law),
        Heading(wording.fixed(wording.words.legal_basis)),
        Paragraph(wording.fixed(f"{law.kinds[0].legal_basis}; 869/2024 2-3 §")),
    )
    return wording.pages(wording.words.assessment, matter, *blocks)


def _whom(
    wording: Wording, matter: Matter, assessment: AssessmentForDocument, customer: CustomerCard
) -> Iterator[Block]:
    words, on = wording.words, assessment.concluded_on
    yield Paragraph(wording.fixed(f"{words.assessment_is} {words.ask}"))
    held = ", ".join(wording.day(each.held_on).text for each in assessment.interviews)
    yield from facts(
        *wording.whom(customer),
        (wording.fixed(words.municipality), wording.municipality(assessment.municipality, on)),
        (wording.fixed(words.interview), wording.fixed(held) if held else None),
        (wording.fixed(words.concluded_on), wording.day(on)),
        (wording.fixed(words.made_by), wording.fixed(words.authority[assessment.responsible_authority])),
    )


def _conclusion(wording: Wording, assessment: AssessmentForDocument) -> Iterator[Block]:
    words, conclusion = wording.words, assessment.conclusion
    yield Heading(wording.fixed(words.conclusion))
    yield Paragraph(wording.fixed(words.result[conclusion.result]))
    yield from facts((wording.fixed(words.reason), wording.written(conclusion.reason) if conclusion.reason else None))
    yield from facts(
        *(
            (wording.fixed(words.referred_to), wording.written(": ".join(filter(None, (each.name, each.what_for)))))
            for each in conclusion.referred_to
        )
    )


def _topics(wording: Wording, assessment: AssessmentForDocument, law: AssessmentLaw) -> Iterator[Block]:
    if assessment.topics:
        yield Heading(wording.fixed(wording.words.topics))
    for each in assessment.topics:
        yield Heading(wording.provision(named(law.topics, each.topic)), 2)
        yield Paragraph(wording.written(each.content.text))
        yield from _levels_and_needs(wording, assessment, each)


def _levels_and_needs(wording: Wording, assessment: AssessmentForDocument, topic: WrittenTopic) -> Iterator[Block]:
    on = assessment.concluded_on
    levels = [_level(wording, each, on) for each in topic.content.levels]
    needs = [wording.code(INTEGRATION_NEEDS, each.kind, on) for each in topic.content.needs]
    yield from facts(*levels, (wording.fixed(wording.words.needs), _joined(needs) if needs else None))
    for need in topic.content.needs:
        if need.text:
            yield Paragraph(wording.written(need.text))


def _measures(wording: Wording, assessment: AssessmentForDocument, law: AssessmentLaw) -> Iterator[Block]:
    words, on = wording.words, assessment.concluded_on
    if assessment.measures:
        yield Heading(wording.fixed(words.measures))
    for each in assessment.measures:
        yield Heading(wording.provision(named(law.clarifying_measures, each.order.measure)), 2)
        yield Paragraph(wording.written(each.report.result))
        yield from facts(
            *(_level(wording, level, on) for level in each.report.levels),
            (wording.fixed(words.done_on), wording.day(each.report.done_on)),
            (wording.fixed(words.measure_by), wording.written(each.report.done_by)),
        )


def _told(wording: Wording, assessment: AssessmentForDocument, law: AssessmentLaw) -> Iterator[Block]:
    if assessment.duties_told:
        yield Heading(wording.fixed(wording.words.told_to_you))
        yield Items(
            tuple(wording.provision(each) for each in law.duties_to_inform if each.code in assessment.duties_told)
        )


def _level(wording: Wording, level: Level, on: date) -> tuple[Said, Said]:
    """What was measured, and the level: of literacy by its name, of a language by its code, which is known as such."""
    skill = (
        wording.code(LANGUAGE_SKILL_KINDS, level.kind, on)
        if level.kind
        else wording.code(PROFICIENCY_SCALES, level.scale, on)
    )
    language = f" ({level.language})" if level.language else ""
    label = replace(skill, text=f"{skill.text}{language}")
    value = wording.code(LITERACY_LEVELS, level.level, on) if level.scale == "literacy" else wording.fixed(level.level)
    return label, value


def _joined(texts: list[Said]) -> Said:
    return replace(texts[0], text=", ".join(each.text for each in texts))
