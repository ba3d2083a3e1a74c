"""How the members of one household are named, by the custom of their group."""

from collections.abc import Sequence
from random import Random

from contracts.types import PersonName
from deploy.seed.groups import Group


def draw_names(random: Random, group: Group, women: Sequence[bool], adults: int) -> list[PersonName]:
    """Names for one or two adults and their children; `women` tells of each whether a woman or a girl."""
    named = [_adult(random, group, woman) for woman in women[:adults]]
    father = next((name for name, woman in zip(named, women, strict=False) if not woman), None)
    mother = next((name for name, woman in zip(named, women, strict=False) if woman), None)
    if father and mother and group.custom == "shared" and random.random() < 0.8:
        mother = PersonName(family=group.of_woman(father.family), given=mother.given)
        named = [mother if woman else father for woman in women[:adults]]
    # a father who is not here gives his names all the same, unless the family has one
    known = father or (mother if group.custom == "shared" else None)
    parent = known or _adult(random, group, woman=False)
    for woman in women[adults:]:
        given, family = _given(random, group, woman), parent.family
        match group.custom:
            case "shared":
                family = group.of_woman(family) if woman else _of_man(group, family)
            case "patronymic":
                family = parent.given.split()[0]
            case "three_part":
                fathers, grandfathers = parent.given.split(maxsplit=1)
                given, family = f"{given} {fathers}", grandfathers
            case "two_surnames" if mother:
                family = f"{parent.family.split()[0]} {mother.family.split()[0]}"
        named.append(PersonName(family=family, given=given))
    return named


def married_name(random: Random, group: Group, woman: bool) -> str:
    """The family name that an adult takes from a spouse who is not a customer."""
    return _adult(random, group, woman).family


def _adult(random: Random, group: Group, woman: bool) -> PersonName:
    given = _given(random, group, woman)
    match group.custom:
        case "patronymic":
            family = group.men.draw(random)
        case "three_part":
            given, family = f"{given} {group.men.draw(random)}", group.men.draw(random)
        case "two_surnames":
            family = f"{group.families.draw(random)} {group.families.draw(random)}"
        case _:
            family = group.families.draw(random)
            family = group.of_woman(family) if woman else family
    return PersonName(family=family, given=given)


def _given(random: Random, group: Group, woman: bool) -> str:
    names = group.women if woman else group.men
    first = names.draw(random)
    if random.random() >= group.two_given:
        return first
    second = names.draw(random)
    return first if first == second else f"{first}{'-' if random.random() < 0.15 else ' '}{second}"


def _of_man(group: Group, family: str) -> str:
    for ending, feminine in group.feminine.items():
        if family.endswith(feminine):
            return family.removesuffix(feminine) + ending
    return family
