"""The inline runtime: ProcessModels as coroutines of one OS process."""
