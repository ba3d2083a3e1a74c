"""Which matters are a partner's business."""

from pathlib import Path

from contracts.partners import read_partners
from services.integration.tellings import TELLINGS

LOCAL = Path("deploy/local/partners.toml")


def test_partners_are_told_of_those_matters_that_they_may_answer() -> None:
    told = {
        partner.code: {kind for kind, each in TELLINGS.items() if each.is_told_to(partner)}
        for partner in read_partners(LOCAL)
    }
    assert {code: kinds for code, kinds in told.items() if kinds} == {
        "employment": {"transfer"},
        "employment-south": {"transfer"},
        "county": {"participation"},
        "language-test": {"measure"},
        "college": {"referral"},
    }
