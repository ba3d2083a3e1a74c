"""What the records service does, by capability."""
