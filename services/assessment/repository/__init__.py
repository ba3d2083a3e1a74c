"""All SQL of the assessment service."""
