"""Stop 4: who this is. A profile folds each event once, and takes over those it was before.

An anonymous visitor has a profile of their own. When they say who they are, it hands everything to
the user's profile and keeps only a redirect, which later events of the same browser follow.

`ledger` is what was taken in, `traits` what is known, `redirect` where a profile went, and
`profile` the whole, from a stored row to the next write.
"""
