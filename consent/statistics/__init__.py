"""How visitors choose, as counts and charts."""
