"""A process graph as a figure."""
