"""The demonstration that ``load_demo`` sets up: a glossary and, in development, accounts and services."""
