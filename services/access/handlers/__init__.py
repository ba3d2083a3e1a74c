"""What the access service does, by capability."""
