"""What proves a choice outside of this site: the visitor's receipt, an export of records, and evidence of how a notice
asks.
"""
