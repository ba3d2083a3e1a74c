"""The decisions of the plan service, by capability: pure functions, no I/O and no clock."""
