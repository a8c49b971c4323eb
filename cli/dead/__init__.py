"""`attune dead`: what was put aside and why, and sending it again."""
