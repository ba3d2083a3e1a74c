"""All SQL of the access service, by capability."""
