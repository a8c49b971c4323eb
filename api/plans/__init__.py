"""Documents compiled into functions that build the answer: what graphql-core does, done before.

A document is collected once into `sites` (which field, of which type, where in the answer), each
site gets its way of `calling` and completing its value (`leaves`), and all of it becomes Python
`source` that `run`s with a request's variables and context. Whatever goes wrong in a run is handed
to graphql-core's own executor, so an error is the same as there because it is made there. What is
not covered is not compiled: `compile_plan` returns None.
"""

from api.plans.plan import Plan, compile_plan
from api.plans.run import Unplanned

__all__ = ["Plan", "Unplanned", "compile_plan"]
