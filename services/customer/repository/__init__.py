"""All SQL of the customer service, by capability.

Whoever asks sees the customers whom the policy lets him or her reach (services/kit/rights.py); the others do not exist.
That is a condition of each query, not a check after it.
"""
