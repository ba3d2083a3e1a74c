"""Lists of people to be reached, as other authorities send them (681/2023 84 §)."""

from pydantic import Field

from contracts.customer.outreach import MOST_ROWS, OutreachRow
from contracts.partners import FromPartner, MessageId
from contracts.types import MunicipalityCode


class OutreachList(FromPartner, type="authority.outreach_list.v1", data=("outreach",)):
    """A page of a list for one municipality. Whose list it is, the broker knows."""

    municipality: MunicipalityCode = Field(examples=["837"], description="to whom the list is given")
    batch: MessageId = Field(examples=["2026-03"], description="the partner's own id of the list")
    page: int = Field(1, ge=1, le=1000, description="of the list: a page is taken once, whatever the message's id")
    rows: tuple[OutreachRow, ...] = Field(min_length=1, max_length=MOST_ROWS)
