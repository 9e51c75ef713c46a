"""What readers get: pages, lists, feeds, structured data, citations, embedded definitions, and share images."""
