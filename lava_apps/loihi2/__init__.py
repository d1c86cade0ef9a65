"""The shape of Loihi 2: number formats, run configurations."""
