"""Documents, as they were made and kept (906/2019 19 §)."""
