"""What the customer service does, by capability: each function loads, asks the rules, changes and publishes."""
