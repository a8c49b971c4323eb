"""Makes stop 5's models: `dataset` -> `train` -> `evaluate` -> `export` -> `publish`.

`main` does them in turn: the role `attune train`.
"""
