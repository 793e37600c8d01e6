"""Publishes a municipality's emergency information from a shared folder."""

__version__ = "0.1.0"
