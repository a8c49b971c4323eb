"""The embedded stack: Apache Kafka, Redis and PostgreSQL themselves, from wheels and jars.

`stack.start` is the way in; `server` is one server of it while it runs. Beside them: `kafka`,
`light`, `redis` and `postgres` know one server each, and `service` says what that means; `process`
starts, watches and ends a child, and `tether` ties it to our life; `java` and `jars` find what
Kafka runs on; `ports` chooses where they listen; `claim` keeps a directory to one program;
`refusals` words what the file system refuses; `report` is how progress reaches a person.
"""
