"""What every act on an assessment is told, and answers."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from contracts.types import Code, LanguageCode, Value

Version = Annotated[int, Field(ge=1, le=999_999_999)]
Briefly = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, strip_whitespace=True, pattern=r"^[^\x00]*$"),
    Field(examples=["So."]),
]


class AssessmentVersion(Value):
    """The outcome of an act: which assessment, and the version it now has."""

    assessment_id: UUID
    version: int = Field(ge=1, description="grows by every act of a person but writing and measures; the ETag")


class Level(Value):
    """A skill by a code of a scale."""

    scale: Code = Field(description="code list proficiency_scales, which names the list of its levels")
    level: Code = Field(examples=["A2"])
    kind: Code | None = Field(None, description="code list language_skill_kinds", examples=["speaking"])
    language: LanguageCode | None = None


MOST_LEVELS = 20
