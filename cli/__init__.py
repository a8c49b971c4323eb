"""The command `attune`: one module per role that is more than starting a program."""
