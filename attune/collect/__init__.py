"""Stop 1: a request becomes canonical events."""
