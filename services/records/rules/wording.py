"""How one document puts things: its fixed texts in its own language, names of codes in one of the official ones."""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from contracts.customer.people import CustomerCard
from contracts.law import Provision
from services.kit.clock import helsinki_date
from services.kit.code_lists import MUNICIPALITIES, CodeList, NamedCode, ProficiencyScale
from services.records.rules.matters import Matter
from services.records.rules.pages import UNKNOWN_LANGUAGE, Block, Facts, Notice, Pages, Said, said, written
from services.records.rules.words import OFFICIAL, Words, words


@dataclass(frozen=True)
class Wording:
    """The language of one document, and the one that it, or the one it is a copy of, is approved in."""

    language: str
    approved_in: str

    @property
    def words(self) -> Words:
        """The fixed texts."""
        return words()[self.language]

    def fixed(self, text: str) -> Said:
        """A fixed text of this document's language."""
        return said(text, self.language)

    def written(self, text: str) -> Said:
        """What people wrote: as they wrote it, in the language that the document is approved in."""
        return written(text, self.approved_in)

    def named(self, fi: str, sv: str, en: str, code: str = "") -> Said:
        """The name of a code, where there is one in this language; else as the approved document has it."""
        if code in self.words.codes:
            return self.fixed(self.words.codes[code])
        language = self.language if self.language in OFFICIAL else self.approved_in
        return said({"fi": fi, "sv": sv, "en": en}[language], language)

    def day(self, day: date) -> Said:
        """A day as Finland writes it, which reads alike in every language."""
        return self.fixed(f"{day.day}.{day.month}.{day.year}")

    def days(self, first: date, last: date | None) -> Said:
        """From a day to a day, or until further notice."""
        return self.fixed(f"{self.day(first).text} – {self.day(last).text if last else self.words.until_further}")

    def provision(self, provision: Provision) -> Said:
        """The name of something that the law names."""
        return _capital(self.named(provision.fi, provision.sv, provision.en, provision.code))

    def code(self, code_list: CodeList[NamedCode] | CodeList[ProficiencyScale], code: str, on: date) -> Said:
        """The name of a code of a list; the code itself where this program's list is older."""
        if not code_list.has(code, on):
            return self.fixed(code)
        known = code_list.get(code, on)
        return _capital(self.named(known.name_fi, known.name_sv, known.name_en, code))

    def municipality(self, code: str, on: date) -> Said:
        """A municipality's name; its number where the list has none."""
        if not MUNICIPALITIES.has(code, on):
            return self.fixed(code)
        known = MUNICIPALITIES.get(code, on)
        return self.named(known.name_fi, known.name_sv, known.name_fi)

    def pages(self, title: str, matter: Matter, *blocks: Block) -> Pages:
        """The document, a copy with a notice that it is one and where the approved one is."""
        return Pages(
            title=self.fixed(title),
            foot=(self.fixed(self.words.document_number), _id(matter.document_id)),
            unprintable=self.fixed(self.words.unprintable),
            blocks=(*self._notice(matter), *blocks),
        )

    def dated(self, matter: Matter) -> Said:
        """The day of the document."""
        return self.day(helsinki_date(matter.dated_at))

    def whom(self, customer: CustomerCard) -> tuple[tuple[Said, Said], ...]:
        """Whom a document is about."""
        name, born = self.written(name_of(customer)), self.day(customer.date_of_birth)
        return (self.fixed(self.words.name), name), (self.fixed(self.words.date_of_birth), born)

    def _notice(self, matter: Matter) -> tuple[Block, ...]:
        if not matter.is_copy:
            return ()
        words = self.words
        in_language = words.approved_language if matter.kind == "plan" else words.official_language
        return (
            Notice(
                (
                    (self.fixed(words.is_copy),),
                    (self.fixed(in_language[matter.approved_in]),),
                    (self.fixed(f"{words.official_document}:"), _id(matter.approved_document_id)),
                )
            ),
        )


def name_of(card: CustomerCard) -> str:
    """A person's name as one says it."""
    return f"{card.name.given} {card.name.family}"


def _id(document_id: UUID) -> Said:
    return Said(str(document_id), UNKNOWN_LANGUAGE, right_to_left=False)


def _capital(name: Said) -> Said:
    return replace(name, text=name.text[:1].upper() + name.text[1:])


def facts(*rows: tuple[Said, Said | None]) -> tuple[Facts, ...]:
    """The facts of which something is told; nothing when nothing is."""
    told = tuple((label, value) for label, value in rows if value is not None)
    return (Facts(told),) if told else ()
