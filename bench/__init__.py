"""Benchmarks: how long the work takes here, and beside what a town could pick instead."""
