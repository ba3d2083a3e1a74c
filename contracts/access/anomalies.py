"""What is odd in the usage log, and what came of looking into it (681/2023 79 § 3 mom.; 906/2019 23 §)."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from contracts.envelope import ActEvent, Request
from contracts.types import Code, CustomerId, Day, Value
from contracts.usage import Organisation, UserId

Explanation = Annotated[
    str,
    StringConstraints(min_length=10, max_length=2000, pattern=r"^[^\x00]*$"),
    Field(examples=["The whole family came to the same meeting."]),
]
"""Why one thinks so, in a sentence at least."""
ANOMALY_CURSOR_PATTERN = r"^[0-9]{1,16}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
MOST_ANOMALIES = 50


class AnomalyDetected(ActEvent, type="access.anomaly_detected.v1", data=("usage_log",)):
    """A user's day in the usage log is odd by some rule: the organisation must look into it."""

    SUBJECT = "anomaly_id"

    anomaly_id: UUID
    organisation: Organisation = Field(description="who must look into it")
    rule: Code = Field(examples=["searches_without_opening"])
    user: UserId
    day: Day
    observed: int = Field(ge=1)
    usual: float | None = Field(
        None, ge=0, examples=[12.5], description="by the statistical baseline, where there is one"
    )


class Anomaly(Value):
    """A case to look into. Its lines are those of the user on that day in the usage log."""

    anomaly_id: UUID
    version: int = Field(ge=1)
    organisation: Organisation
    rule: Code = Field(examples=["searches_without_opening"])
    user: UserId
    day: Day
    observed: int = Field(description="how many of what the rule counts; grows while the day lasts")
    usual: float | None = Field(None, examples=[12.5])
    customers: tuple[CustomerId, ...] = Field((), max_length=100, description="whom the rule found")
    detected_at: AwareDatetime
    outcome: Code | None = Field(None, examples=["justified"], description="code list anomaly_outcomes; null: open")
    why: str | None = None
    closed_at: AwareDatetime | None = None
    closed_by: UserId | None = None


class Anomalies(Value):
    """Cases of the own organisation, newest first, a page at a time."""

    anomalies: tuple[Anomaly, ...]
    next_cursor: str | None = Field(None, description="where the next page begins; null on the last")


class FindAnomalies(Request[Anomalies], type="access.find_anomalies.v1", act="investigate", data=("usage_log",)):
    """The work list of anomalies: those that are open, or all."""

    also_closed: bool = False
    cursor: str | None = Field(None, pattern=ANOMALY_CURSOR_PATTERN, examples=[None])
    limit: int = Field(MOST_ANOMALIES, ge=1, le=MOST_ANOMALIES)


class GetAnomaly(Request[Anomaly], type="access.get_anomaly.v1", act="investigate", data=("usage_log",)):
    """One case of the own organisation."""

    anomaly_id: UUID


class AnomalyVersion(Value):
    """The outcome of a change: which case, and the version it now has."""

    anomaly_id: UUID
    version: int = Field(ge=1)


class CloseAnomaly(
    Request[AnomalyVersion], type="access.close_anomaly.v1", changes=True, act="investigate", data=("usage_log",)
):
    """Record what came of looking into a case."""

    anomaly_id: UUID
    expected_version: int = Field(ge=1)
    outcome: Code = Field(examples=["justified"], description="code list anomaly_outcomes")
    why: Explanation


class Watch(Value):
    """A customer at whom every look is looked at."""

    customer_id: CustomerId
    watched: bool


class WatchCustomer(
    Request[Watch], type="access.watch_customer.v1", changes=True, act="investigate", data=("usage_log",)
):
    """Have every look at a customer of public interest looked at, or no longer."""

    customer_id: CustomerId
    watched: bool = True
