"""How the site runs as a server: its start, admission of requests, time-outs, outages, probes, and static files."""
