"""Kafka: topics and lag (admin), appending events (log), consuming them in batches (source)."""
