"""Slack as an app meets it, over loopback HTTP and WebSocket, and as strict as the real one.

`server.FakeSlack` is the whole. `workspace` holds teams, people, conversations and messages; `web_api`
and `methods*` answer calls; `blocks` and `controls` judge Block Kit; `delivery` signs and sends to the
app; `people` types, presses and fills in. Nothing of Slack's SDK is used on this side.
"""
