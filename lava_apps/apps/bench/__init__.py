"""The speed of a Lava graph, side by side with Lava's own runtime and with peers."""
