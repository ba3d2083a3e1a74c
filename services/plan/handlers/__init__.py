"""What the plan service does, by capability."""
