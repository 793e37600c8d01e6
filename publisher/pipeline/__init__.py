"""The only place that knows the order in which the rooms work together."""
