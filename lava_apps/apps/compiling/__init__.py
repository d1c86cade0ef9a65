"""Kernels compiled beforehand: ``lava-apps compile``."""
