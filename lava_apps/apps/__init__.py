"""Applications, one folder each: graph, experiment, figures, commands."""
