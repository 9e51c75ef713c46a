"""Services of third parties: presets, start code, and what browsers report that they refused."""
