"""Deep spiking networks: trained with lava-dl, run as graphs of Lava Processes."""
