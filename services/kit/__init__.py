"""The mechanics every service shares: unit of work, outbox, inbox, requests, retry, parking. No business words."""
