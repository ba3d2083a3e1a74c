"""A synthetic Finland: invented people with plausible lives, for trying Koto out and for measuring it."""
