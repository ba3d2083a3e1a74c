"""Integration: the door to other authorities' programs, the partners."""
