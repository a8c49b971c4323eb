"""Live answers: a subscription gets a new one when its visitor or the content changes."""
