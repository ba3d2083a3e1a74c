"""Integration plans, the programme that they pick from, and what is due (681/2023 13-24 §)."""
