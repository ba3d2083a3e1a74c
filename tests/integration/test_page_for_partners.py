"""The page for partners is all that a partner has: what it shows must be what is accepted and told."""

import json
import re
from pathlib import Path

import pytest

from contracts.partners import FromPartner, ToPartner
from contracts.registry import events, find, from_partners

PAGE = (Path(__file__).parents[2] / "docs" / "partners" / "README.md").read_text("utf-8")
EXAMPLES = re.findall(r"<!-- (\S+) -->\n```json\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("type", "example"), EXAMPLES, ids=[type for type, _ in EXAMPLES])
def test_every_example_is_what_its_contract_says(type: str, example: str) -> None:
    contract = find(type)
    assert contract is not None
    assert issubclass(contract, FromPartner | ToPartner)
    told = json.loads(example)
    assert contract.model_validate(told).model_dump(mode="json", exclude_unset=True) == told


def test_every_message_is_on_the_page() -> None:
    partners = [*from_partners(), *(each for each in events() if issubclass(each, ToPartner))]
    assert [each.TYPE for each in partners if f"`{each.TYPE}`" not in PAGE] == []
