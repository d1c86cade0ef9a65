"""Readiness for Loihi 2 on the command line."""
