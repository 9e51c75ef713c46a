"""The term document: fields, canonical hash, allow-list of HTML, references, comparison, merge, and readability."""
