"""All SQL of the plan service, by capability."""
