"""`attune features`: declare a feature, check it, and tell Feast."""
