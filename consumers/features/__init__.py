"""Events become features: load, fold, save, guarded against whoever writes at the same time.

consumer   a batch: first the profiles it belongs to, then whatever else it is about
users      profiles, by the redirects that lead to them
handover   an anonymous profile becomes part of a user's
entities   products, visits: what the new events of a batch are about
faults     features that raise, and what they are not asked again
"""
