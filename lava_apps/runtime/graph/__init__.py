"""A graph as a backend gets it: built once, and the same for each of them."""
