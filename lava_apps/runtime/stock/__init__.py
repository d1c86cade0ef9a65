"""Lava's own runtime, made safe to use."""
