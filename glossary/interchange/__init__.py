"""Bringing terms in from a file: all of them, or none and every reason why.

``files`` reads bytes, ``json_file`` and ``csv_file`` make records of them, ``cells`` is the notation of lists in a CSV
cell, and :func:`glossary.interchange.terms.import_terms` brings the records into the glossary.
"""
