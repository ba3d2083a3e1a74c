"""The mechanics every service shares: unit of work, outbox, inbox, requests, retry, parking.

Of the domain they know that there are customers, and whose they are: rights and erasure take that.
"""
