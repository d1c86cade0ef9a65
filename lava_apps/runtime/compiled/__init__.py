"""The compiled backend: a graph as one loop over arrays."""
