"""Stand-ins for time and chance, and in-memory neighbours for service tests."""
