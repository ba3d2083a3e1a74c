"""The published language of Koto: the only package that services share.

It imports pydantic and the standard library only, and checks shape only: an old sample must parse for ever, so
nothing here may depend on settings, on today's date or on today's code lists.
"""
