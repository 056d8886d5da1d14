"""Microsoft Teams: activities in, Adaptive Cards out.

`sdk` is the only file that imports Microsoft's packages; everything beside it works on plain dicts and
neutral messages. docs/adr/0010-teams-sdk-behind-one-file.md says why, and what a change of SDK would take.
"""
