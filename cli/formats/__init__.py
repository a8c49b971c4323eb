"""File formats that `attune replay` reads, one module each."""
