"""Microsoft Teams: activities in, Adaptive Cards out.

`sdk` and `connector` alone import Microsoft's packages; everything beside them works on plain dicts and
neutral messages. docs/adr/0008-teams-sdk-behind-two-files.md says why, and what a change of SDK would take.
"""
