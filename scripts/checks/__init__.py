"""What `make check` looks at besides code: each check returns its problems, one line each."""
