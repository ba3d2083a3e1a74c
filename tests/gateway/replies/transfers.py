"""Replies of transfers."""

from datetime import UTC, date, datetime
from typing import Any

from pydantic import BaseModel

from contracts.customer.open_matters import GetOpenMatters, OpenMatters
from contracts.customer.transfers import (
    AcceptTransfer,
    AskForTransfer,
    AskMoreOfTransfer,
    GetTransfer,
    ListTransfers,
    OfferTransfer,
    RejectTransfer,
    ReplyToTransfer,
    Transfer,
    Transfers,
    TransferVersion,
    WithdrawTransfer,
)
from contracts.envelope import Request
from tests.gateway.replies.ids import TRANSFER_ID

REPLIES: dict[type[Request[Any]], BaseModel] = {
    GetOpenMatters: OpenMatters(matters=()),
    OfferTransfer: TransferVersion(transfer_id=TRANSFER_ID, version=1),
    AskForTransfer: TransferVersion(transfer_id=TRANSFER_ID, version=1),
    GetTransfer: Transfer(
        transfer_id=TRANSFER_ID,
        version=2,
        state="requested",
        direction="in",
        giver="837",
        receiver="091",
        reason="moved",
        due_on=date(2026, 4, 1),
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
        changed_at=datetime(2026, 3, 2, tzinfo=UTC),
        legal_basis="681/2023 85 §",
        consent=None,
        turns=(),
    ),
    ListTransfers: Transfers(transfers=()),
    AcceptTransfer: TransferVersion(transfer_id=TRANSFER_ID, version=3),
    RejectTransfer: TransferVersion(transfer_id=TRANSFER_ID, version=3),
    AskMoreOfTransfer: TransferVersion(transfer_id=TRANSFER_ID, version=3),
    ReplyToTransfer: TransferVersion(transfer_id=TRANSFER_ID, version=3),
    WithdrawTransfer: TransferVersion(transfer_id=TRANSFER_ID, version=3),
}
