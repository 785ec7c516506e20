"""The streams under chaos: what every subscriber heard, after all faults, is compared with the rows of its agency.

`python -m tests.chaos.streams --help` says how to run it alone.
"""
