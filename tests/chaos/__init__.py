"""Chaos: the product as real processes under every fault we know, and a checker that counts at Twilio's side.

`python -m tests.chaos --help` says how to run it; `make chaos` runs all of it.
"""
