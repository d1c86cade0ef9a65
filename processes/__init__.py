"""Custom Lava Processes, one folder each.

The folder of a Process holds ``process.py`` (the interface), ``dynamics.py``
(the equations) and ``models.py`` (the ProcessModels), and nothing else: Lava
executes every file beside a Process when it looks for its ProcessModels.
"""
