"""What `attune features apply` asks of declarations before anything is registered."""
