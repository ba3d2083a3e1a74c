"""What the law makes of an assessment: pure functions, no I/O and no clock."""
