"""The embedded stack: Apache Kafka, Redis and PostgreSQL themselves, from wheels and jars.

`stack.start` is the way in. Beside it: `kafka`, `light`, `redis` and `postgres` know one server
each; `service` says what that means; `process` starts, watches and ends a server, and `tether`
ties it to our life; `java` and `jars` find what Kafka runs on; `ports` chooses where they listen;
`claim` keeps a directory to one program; `report` is how progress reaches a person.
"""
