"""Microsoft Teams as a bot meets it, over loopback HTTP: who signs, where replies go, and people.

`authority` publishes signing keys and gives tokens, `connector` takes what the bot sends and is as
strict as the real one, `people` types, presses and fills in. Nothing of the SDK is used on this side.
"""
