"""The system of record: a pool, the migrations, and one module per noun that rests in it."""
