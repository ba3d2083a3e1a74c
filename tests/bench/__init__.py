"""Benches: what the house does in a second, against the same done by hand. `./koto bench` runs them; no test does."""

BENCHES = (
    "requests",
    "latency",
    "throughput",
    "search",
    "worklist",
    "operations",
    "paths",
    "rights",
    "usage_log",
    "memory",
)
