"""Install what pip alone does not: Lava and lava-dl, made for older Pythons."""
