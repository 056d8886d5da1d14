"""Flow files: read to positions, checked, and tested as data."""
