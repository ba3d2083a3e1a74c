"""What the assessment service does, by capability."""
