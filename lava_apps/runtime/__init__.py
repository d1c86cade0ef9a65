"""Running graphs of Lava Processes."""
