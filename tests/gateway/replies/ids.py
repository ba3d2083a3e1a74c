"""What the replies are about: always the same."""

from uuid import UUID

CUSTOMER_ID = UUID("50772023-f4b8-5862-9411-e6fe917f87f7")
ASSESSMENT_ID = UUID("0f0dd8a2-3c55-4c2a-8f5e-5f1d6f1f2a10")
TEAM_ID = UUID("5b9a6f1e-1c1b-4f0e-9d55-0d3a0a9f3c77")
TRANSFER_ID = UUID("2f1c7a52-6e0b-4d8e-8f5e-9a3b1c2d4e5f")
GRANT_ID = UUID("5b9a6f1e-1c1b-4f0e-9d55-0d3a0a9f3c11")
PLAN_ID = UUID("7d0c1a52-6e0b-4d8e-8f5e-9a3b1c2d4e5f")
