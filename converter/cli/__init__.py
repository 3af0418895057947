"""The verbs that make packs."""
