"""Measurements of the design's numbers: both sides of each ratio in one run, on one machine, on real servers."""
