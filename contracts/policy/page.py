"""The policy as a page for people who read law and not TOML, in Finnish and in English."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from contracts.policy import Policy, RuleText, Term, policy

Language = Literal["fi", "en"]


class _Texts(NamedTuple):
    """The words of the page that are not the policy's own."""

    introduction: str
    data: str
    relations: str
    powers: str
    roles: str
    columns: tuple[str, ...]
    term_columns: tuple[str, str]
    allow: str
    mask: str
    protected: str
    power: str


_TEXTS: dict[Language, _Texts] = {
    "fi": _Texts(
        introduction="""\
# Kuka saa tehdä mitä kenenkin tiedoilla

Järjestelmän kaikki palvelut ja osoitteet noudattavat tätä taulukkoa. Sivu on tehty tiedostosta
`contracts/policy/policy.toml` komennolla `./koto contracts export`; sitä ei muuteta käsin. [In
English](policy.en.md).

- **Mitä ei ole sallittu, on kielletty.** Rooli ei voi tehdä mitään, mitä sen kohdalla ei lue. Asiakas, jota
  käyttöoikeus ei tavoita, ei ole käyttäjälle olemassa: vastaus on sama kuin tuntemattomasta asiakkaasta.
- **Saa** tarkoittaa, että tiedot näkyvät tai niitä voi käsitellä. **Peitetty** tarkoittaa, että käyttäjä näkee kentän
  olevan olemassa mutta ei sitä, mitä siinä on eikä onko se täytetty.
- Erillinen valtuus annetaan henkilölle hänen omassa käyttöoikeudessaan. Ilman sitä rivi ei koske häntä.
- Käyttöoikeus voi rajata taulukkoa, mutta ei laajentaa sitä: vain tietyt asiakkaat, vain tietyt tiedot, vain tietty
  aika.
- Omaa, läheisen tai työtoverin asiaa ei käsittele kukaan, vaikka taulukko sen sallisi.
- Jokainen käyttö ja jokainen kielto kirjataan käyttölokiin.

Pykälät ilman säädösnumeroa ovat laista kotoutumisen edistämisestä 681/2023.
""",
        data="Tietoryhmät",
        relations="Suhteet asiakkaaseen",
        powers="Erilliset valtuudet",
        roles="Roolit",
        columns=("Mitä saa tehdä", "Millä tiedoilla", "Kenen", "Päätös", "Säännös", "Miksi"),
        term_columns=("Tunnus", "Merkitys"),
        allow="saa",
        mask="peitetty",
        protected="erityisen suojattu: ei näytetä, jos käyttöoikeuksien ajantasaisuutta ei voi varmistaa",
        power="vain valtuudella",
    ),
    "en": _Texts(
        introduction="""\
# Who may do what with whose data

Every service and every address of the system obeys this table. The page is made from `contracts/policy/policy.toml`
by `./koto contracts export`; nobody edits it. [Suomeksi](policy.fi.md).

- **What is not allowed is denied.** A role can do nothing that is not written under it. A customer whom a right does
  not reach does not exist for the user: the answer is that of an unknown customer.
- **Allowed**: the data can be seen, or handled. **Masked**: the user sees that there is such a field, but neither
  what is in it nor whether it is filled.
- A power of its own is given to a person in his or her own right. Without it the line is not for that person.
- A right may narrow the table and never widens it: certain customers alone, certain data alone, a certain time alone.
- Nobody handles his or her own case, or that of family or a colleague, whatever the table allows.
- Every use and every denial is written to the usage log.

Sections without a number of an act are of the Act on the Promotion of Immigrant Integration, 681/2023.
""",
        data="Data groups",
        relations="Relations to the customer",
        powers="Powers of their own",
        roles="Roles",
        columns=("May", "Which data", "Whose", "Decision", "Section", "Why"),
        term_columns=("Code", "Meaning"),
        allow="allowed",
        mask="masked",
        protected="specially protected: not shown when rights can't be known to be up to date",
        power="only with the power",
    ),
}


def pages() -> dict[str, str]:
    """The text of each page of the policy in force, by its path from the repository's root."""
    return {f"docs/policy.{language}.md": page(policy(), language) for language in _TEXTS}


def page(stated: Policy, language: Language) -> str:
    """The whole policy in one language, in Markdown."""
    texts, text = _TEXTS[language], stated.text
    parts = [texts.introduction, f"## {texts.roles}\n"]
    for role, term in text.roles.items():
        lines = [_line(rule, stated, language) for rule in text.rule if role in rule.roles]
        parts.append(f"### {_capital(_name(term, language))} (`{role}`)\n\n{_table(texts.columns, lines)}")
    for title, terms in ((texts.data, text.data), (texts.relations, text.relations), (texts.powers, text.powers)):
        lines = [(f"`{code}`", _meaning(term, language)) for code, term in terms.items()]
        parts.append(f"## {title}\n\n{_table(texts.term_columns, lines)}")
    return "\n".join(parts)


def _line(rule: RuleText, stated: Policy, language: Language) -> tuple[str, ...]:
    texts, text = _TEXTS[language], stated.text

    def named(codes: Iterable[str], terms: dict[str, Term]) -> str:
        return "; ".join(_name(terms[code], language) for code in codes)

    decision = f"**{texts.allow if rule.decision == 'allow' else texts.mask}**"
    if rule.power:
        decision += f", {texts.power}: {named([rule.power], text.powers)}"
    return (
        named(rule.acts, text.acts),
        named(rule.data, text.data),
        named(rule.relations, text.relations),
        decision,
        rule.legal_basis,
        rule.fi if language == "fi" else rule.en,
    )


def _meaning(term: Term, language: Language) -> str:
    name = _name(term, language)
    return f"{name} ({_TEXTS[language].protected})" if term.protected else name


def _name(term: Term, language: Language) -> str:
    return term.fi if language == "fi" else term.en


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _table(columns: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    rows = [columns, ("---",) * len(columns), *lines]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
