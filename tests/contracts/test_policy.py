"""The policy: what a broken table says, what the law asks of the real one, and that no contract escapes it."""

import re
from collections.abc import Collection, Iterator
from itertools import product
from typing import Any

import pytest

from contracts.envelope import Event, Message, Request
from contracts.policy import Case, Policy, PolicyBroken, RuleText, cases_of, policy, read
from contracts.policy.page import page, pages
from contracts.registry import events, find, requests
from contracts.topology import SERVICES, Service

WORDS = """
[roles]
expert = { fi = "asiantuntija", en = "expert" }
[acts]
view = { fi = "katsoa", en = "view" }
[data]
health = { fi = "terveystieto", en = "health", protected = true }
[relations]
own = { fi = "oma asiakas", en = "own customer" }
[powers]
key = { fi = "avain", en = "key" }
"""


def rule(decision: str = "allow", power: str = "", **words: str) -> str:
    """A rule about one case of WORDS, some of its words replaced."""
    used = {"roles": "expert", "acts": "view", "data": "health", "relations": "own"} | words
    lines = [f'{name} = ["{word}"]' for name, word in used.items()]
    lines += [f'power = "{power}"'] if power else []
    return "\n".join(
        ["[[rule]]", *lines, f'decision = "{decision}"', 'legal_basis = "1 §"', 'fi = "."', 'en = "."', ""]
    )


SEEN = Case("expert", "view", "health", "own")


def decision(stated: Policy, *powers: str) -> str | None:
    ruling = stated.ruling(SEEN, powers)
    return ruling.decision if ruling else None


class TestATable:
    def test_what_no_rule_names_is_denied(self) -> None:
        assert read(WORDS + rule()).ruling(SEEN._replace(data="name")) is None

    def test_a_rule_with_a_power_holds_for_those_who_have_it_alone(self) -> None:
        stated = read(WORDS + rule(power="key"))
        assert (decision(stated), decision(stated, "other"), decision(stated, "key")) == (None, None, "allow")

    @pytest.mark.parametrize("text", [rule("mask") + rule(power="key"), rule(power="key") + rule("mask")])
    def test_a_power_opens_what_is_masked_without_it(self, text: str) -> None:
        stated = read(WORDS + text)
        assert (decision(stated), decision(stated, "key")) == ("mask", "allow")

    @pytest.mark.parametrize("power", ["", "key"])
    def test_a_case_ruled_twice_breaks_it(self, power: str) -> None:
        with pytest.raises(PolicyBroken, match="expert view health own: ruled twice"):
            read(WORDS + rule(power=power) + rule("mask", power=power))

    @pytest.mark.parametrize("kind", ["roles", "acts", "data", "relations", "power"])
    def test_a_word_that_it_does_not_explain_breaks_it(self, kind: str) -> None:
        with pytest.raises(PolicyBroken, match="stranger"):
            read(WORDS + rule(**{kind: "stranger"}))

    def test_only_allow_and_mask_can_be_said(self) -> None:
        with pytest.raises(ValueError, match="decision"):
            read(WORDS + rule("deny"))


EVERY_POWER = frozenset(policy().text.powers)
ROLES = policy().text.roles
PROTECTED = policy().protected


def allowed(powers: Collection[str] = EVERY_POWER, **words: str) -> set[Case]:
    """The cases that the policy allows, unmasked, to somebody with these powers; those with these words."""
    stated = policy()
    return {
        case
        for case in stated.cases()
        if all(getattr(case, kind) == word for kind, word in words.items())
        and (ruling := stated.ruling(case, powers))
        and ruling.decision == "allow"
    }


def words_of(kind: str, cases: set[Case]) -> set[str]:
    return {getattr(case, kind) for case in cases}


class TestTheLaw:
    """Sentences of law that no edit of the table may break unseen."""

    @pytest.mark.parametrize("data", ["protected_contact", "trafficking"])
    def test_non_disclosure_and_trafficking_are_opened_by_a_power_of_ones_own_alone(self, data: str) -> None:
        """661/2009 36-37 §; 621/1999 24 § 1 mom. 24 and 32."""
        assert allowed(data=data)
        assert not allowed(powers=(), data=data)

    @pytest.mark.parametrize("role", ["advisor", "provider_worker", "access_administrator", "data_protection_officer"])
    @pytest.mark.parametrize("data", sorted(PROTECTED))
    def test_who_does_not_assess_sees_nothing_protected_whatever_the_power(self, role: str, data: str) -> None:
        """681/2023 79 § 2 mom.: what is indispensable to the task."""
        assert not allowed(role=role, data=data)

    def test_health_is_seen_by_who_assesses_takes_part_or_saves_a_life(self) -> None:
        """681/2023 73 § 1 mom. 8."""
        seen = {(case.role, case.relation) for case in allowed(act="view", data="health")}
        assert seen <= {
            ("integration_expert", "own"),
            ("county_worker", "participant"),
            ("integration_expert", "emergency"),
            ("supervisor", "emergency"),
        }

    def test_of_the_background_a_provider_sees_what_94_lists(self) -> None:
        """681/2023 94 §: education, earlier work, test of language; neither strengths, life situation nor benefits."""
        assert words_of("data", allowed(role="provider_worker")) == {"identity", "language", "competence"}

    @pytest.mark.parametrize("data", ["competence", "life_situation", "benefits", "health"])
    def test_the_background_is_changed_by_the_municipalitys_own_staff_alone(self, data: str) -> None:
        """681/2023 73 § 1 mom. 5 and 8."""
        changing = allowed(act="change", data=data)
        assert words_of("relation", changing) == {"own"}
        assert words_of("role", changing) <= {"integration_expert", "supervisor"}

    def test_the_countys_section_is_written_by_those_who_make_the_assessment_together(self) -> None:
        """681/2023 14 § 4 mom., 86 §. A supervisor sees that there is one, and not what is in it."""
        writers = {"county_worker", "integration_expert"}
        assert words_of("role", allowed(act="change", data="county_section")) == {*writers, "service_integration"}
        assert words_of("role", allowed(act="view", data="county_section")) == writers

    @pytest.mark.parametrize("role", ["county_worker", "provider_worker"])
    def test_whoever_takes_part_reaches_only_the_customers_of_that_matter(self, role: str) -> None:
        """681/2023 80 § 1 mom."""
        assert words_of("relation", allowed(role=role)) == {"participant"}

    def test_of_another_municipalitys_customer_only_the_existence_is_told(self) -> None:
        """906/2019 23 §; 681/2023 85 §."""
        assert words_of("data", allowed(relation="foreign")) == {"existence"}

    def test_a_former_customer_is_neither_viewed_nor_searched(self) -> None:
        """681/2023 79 § 2 mom.; 77 §."""
        known = {case for case in allowed(relation="former") if case.data != "existence"}
        assert not words_of("act", known) & {"view", "search", "open", "change"}

    def test_in_an_emergency_nothing_is_changed(self) -> None:
        assert words_of("act", allowed(relation="emergency")) == {"view"}

    def test_who_administers_rights_sees_no_customer_and_no_log(self) -> None:
        administered = words_of("data", allowed(role="access_administrator"))
        assert administered == {"rights", "receiving_party", "programme", "team"}

    def test_who_investigates_the_log_grants_no_rights(self) -> None:
        officer = allowed(role="data_protection_officer")
        assert words_of("data", officer) <= {"rights", "usage_log"}
        assert not {case for case in officer if case.data == "rights" and case.act != "view"}

    def test_a_customer_sees_the_own_record_alone(self) -> None:
        """EU 2016/679 art. 15."""
        assert words_of("relation", allowed(role="customer")) == {"own_record"}
        assert words_of("act", allowed(role="customer")) == {"view"}

    def test_only_records_management_erases(self) -> None:
        """681/2023 77 §."""
        assert words_of("role", allowed(act="erase")) == {"records_manager"}


class TestTheTable:
    @pytest.mark.parametrize("kind", ["role", "act", "data", "relation", "power"])
    def test_every_word_is_used(self, kind: str) -> None:
        text = policy().text
        explained: dict[str, Collection[str]] = {
            "role": text.roles,
            "act": text.acts,
            "data": text.data,
            "relation": text.relations,
            "power": text.powers,
        }
        used = {each.power for each in text.rule} if kind == "power" else words_of(kind, set(policy().cases()))
        assert set(explained[kind]) - used == set()

    @pytest.mark.parametrize("stated", policy().text.rule, ids=lambda each: each.en[:60])
    def test_every_rule_names_a_section(self, stated: RuleText) -> None:
        assert re.search(r"\d+( [a-z])? §|art\. \d+", stated.legal_basis)

    def test_a_mask_is_of_what_is_viewed(self) -> None:
        masks = [case for each in policy().text.rule if each.decision == "mask" for case in cases_of(each)]
        assert words_of("act", set(masks)) == {"view"}

    def test_only_a_system_hears_and_no_person_is_one(self) -> None:
        hearing = {case.role for case in policy().cases() if case.act == "hear"}
        assert hearing == {role for role in ROLES if role.startswith("service_")}


EVERY_MESSAGE: list[type[Event] | type[Request[Any]]] = [*events(), *requests()]


class TestContracts:
    @pytest.mark.parametrize("message", EVERY_MESSAGE, ids=lambda each: each.TYPE)
    def test_every_event_and_request_tells_its_data_groups_in_the_policys_words(self, message: type[Message]) -> None:
        assert message.DATA
        assert set(message.DATA) <= policy().text.data.keys()

    @pytest.mark.parametrize("request_type", requests(), ids=lambda each: each.TYPE)
    def test_what_a_request_asks_for_somebody_may_have(self, request_type: type[Request[Any]]) -> None:
        asked_for = set(product([request_type.ACT], request_type.DATA))
        assert asked_for - {(case.act, case.data) for case in policy().cases()} == set()

    @pytest.mark.parametrize("reader", SERVICES, ids=lambda each: each.name)
    def test_a_service_hears_what_the_policy_lets_it_hear_and_nothing_else(self, reader: Service) -> None:
        role = f"service_{reader.name}"
        stated = {case.data for case in policy().cases() if (case.role, case.act) == (role, "hear")}
        assert {data for message in heard_by(reader) for data in message.DATA} == stated


def heard_by(reader: Service) -> Iterator[type[Message]]:
    """Every message that the topology brings to the service unasked."""
    yield from (*reader.input, *reader.projection, *reader.usage)
    for _, key in reader.news:
        if message := find(key):
            yield message


class TestThePage:
    @pytest.mark.parametrize("path", pages())
    def test_it_tells_every_role_every_rule_and_every_word(self, path: str) -> None:
        language = path.split(".")[1]
        text, stated = pages()[path], policy().text
        terms = [stated.roles, stated.data, stated.relations, stated.powers]
        assert [code for each in terms for code in each if f"`{code}`" not in text] == []
        for each in stated.rule:
            assert text.count(f"| {each.legal_basis} | {getattr(each, language)} |") == len(each.roles)

    def test_a_rule_reads_as_a_sentence(self) -> None:
        shown = page(read(WORDS + rule("mask") + rule(power="key")), "en")
        assert "### Expert (`expert`)" in shown
        assert "| view | health | own customer | **masked** | 1 § | . |" in shown
        assert "| view | health | own customer | **allowed**, only with the power: key | 1 § | . |" in shown
        assert "| `health` | health (specially protected:" in shown

    @pytest.mark.parametrize("path", pages())
    def test_no_cell_breaks_its_table(self, path: str) -> None:
        widths = {line.count("|") for line in pages()[path].splitlines() if line.startswith("|")}
        assert widths == {3, 7}
