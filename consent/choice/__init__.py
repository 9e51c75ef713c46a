"""A visitor's choice: the form and its target, what it opens, and how often one may be recorded."""
