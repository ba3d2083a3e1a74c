"""The Finnish personal identity code: decree 128/2010 2 §, with the separators of decree 690/2022 (from 1.1.2023).

The code is kept and compared whole, all eleven characters: since 2023 it is not unique without its separator.
"""

from datetime import date
from typing import Literal

from stdnum import exceptions
from stdnum.fi import hetu

Rule = Literal["form", "date", "check_character", "test_code"]

CENTURIES = {"+": 1800, **dict.fromkeys("-YXWVU", 1900), **dict.fromkeys("ABCDEF", 2000)}


class InvalidIdentityCode(ValueError):
    """A code refused by `rule`. The message never contains the code: messages reach logs, and codes must not."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(f"not a personal identity code: {rule}")
        self.rule: Rule = rule


def check(code: str, *, allow_test_codes: bool) -> str:
    """The code as it is kept: checked, upper case, whole. Individual numbers 900-999 belong to nobody: test codes."""
    # stdnum's \d would let digits of other scripts through, and the same person would have two codes
    if not hetu.compact(code).isascii():
        raise InvalidIdentityCode("form")
    try:
        checked: str = hetu.validate(code, allow_temporary=True)
    except exceptions.InvalidChecksum:
        raise InvalidIdentityCode("check_character") from None
    except exceptions.InvalidComponent:
        # the only other component that stdnum refuses is an individual number below 002
        raise InvalidIdentityCode("form" if hetu.compact(code)[7:10] < "002" else "date") from None
    except exceptions.ValidationError:
        raise InvalidIdentityCode("form") from None
    if checked[7] == "9" and not allow_test_codes:
        raise InvalidIdentityCode("test_code")
    return checked


def date_of_birth(code: str) -> date:
    """The day of birth that a valid code, test code or not, states."""
    code = check(code, allow_test_codes=True)
    return date(CENTURIES[code[6]] + int(code[4:6]), int(code[2:4]), int(code[:2]))
