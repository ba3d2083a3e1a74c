"""What documents are made and what stands in them: pure functions, no I/O."""
