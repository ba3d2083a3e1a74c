"""What may be done, recorded and told, by capability: pure functions, no I/O and no clock."""
