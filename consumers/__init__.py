"""The runner, and one module per consumer: each its own consumer group, scaled on its own."""
