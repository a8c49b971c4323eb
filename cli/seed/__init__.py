"""Content to start from: `demo.json` is the demo shop's, `load` checks and stores such a file."""
