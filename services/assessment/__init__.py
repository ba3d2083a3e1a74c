"""Assessments of skills and integration service needs (681/2023 14 §)."""
