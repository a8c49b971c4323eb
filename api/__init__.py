"""The program `attune api`: the collector, GraphQL and the pages, on one ASGI front.

`app` wires it once; `visitor` gathers what is known of one visitor; `schema` and one module per
stop say how GraphQL shows it.
"""
