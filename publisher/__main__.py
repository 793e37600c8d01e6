"""``python -m publisher``."""

from publisher.cli import command

command()
