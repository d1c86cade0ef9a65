"""Unsupervised learning of handwritten digits with STDP, and a task for reward."""
