"""Fixtures of every suite: those of the embedded stack, which starts when a test asks for it."""

pytest_plugins = ["stack_fixtures"]
