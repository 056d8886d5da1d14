"""The rules, one module per family; docs/flow-rules.md explains each to authors."""
