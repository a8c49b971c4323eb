"""Stop 5: how likely something is, and what that rests on.

`score` is what an answer shows and who gives it; `bundle` is a trained model as it is published,
stored and loaded. Training makes bundles, `attune.adapters.onnx` runs them.
"""
