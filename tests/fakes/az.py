"""`az`, as far as our registration script uses it: `account show` and `rest`, over a folder of JSON.

Installed as a program by `install`; what the script sent is read back with `calls`. It knows the
permissions it was given and refuses what Graph would refuse.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from pathlib import Path
from typing import Any

GRAPH = "https://graph.microsoft.com/v1.0"
MICROSOFT = "00000003-0000-0000-c000-000000000000"


def install(folder: Path, *, tenant: str, scopes: set[str], roles: set[str], lag: int = 0) -> Path:
    """Makes the program `az` in *folder*, which is to stand first in PATH. A new registration is
    unknown to its first *lag* service principals."""
    folder.mkdir()

    def known(names: set[str]) -> list[dict[str, str]]:
        return [{"id": str(uuid.uuid5(uuid.NAMESPACE_DNS, name)), "value": name} for name in sorted(names)]

    state = {"tenant": tenant, "lag": lag, "calls": [], "applications": []}
    state |= {"oauth2PermissionScopes": known(scopes), "appRoles": known(roles)}
    (folder / "state.json").write_text(json.dumps(state))
    program = folder / "az"
    program.write_text(f"#!{sys.executable} -IS\n{Path(__file__).read_text()}\nmain(Path(__file__).parent)\n")
    program.chmod(0o755)
    return folder


def calls(folder: Path) -> list[dict[str, Any]]:
    """Every call that changes something: method, path, body."""
    found: list[dict[str, Any]] = json.loads((folder / "state.json").read_text())["calls"]
    return found


def permission_id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def main(folder: Path) -> None:
    words = sys.argv[1:]
    state = json.loads((folder / "state.json").read_text())
    if words[:2] == ["account", "show"]:
        print(state["tenant"])
        return
    assert words[0] == "rest", words
    given = {
        name: words[n + 1] for n, name in enumerate(words) if name.startswith("--") and n + 1 < len(words)
    }
    answer = _answer(state, given["--method"], given["--url"], given.get("--body", ""))
    (folder / "state.json").write_text(json.dumps(state))
    if isinstance(answer, str):
        sys.exit(f"Bad Request({answer})")
    if given.get("--output") != "none":
        print(_query(given["--query"], answer))


def _answer(state: dict[str, Any], method: str, url: str, body: str) -> Any:
    path = url.removeprefix(GRAPH)
    if method == "GET" and path.startswith(f"/servicePrincipals(appId='{MICROSOFT}')?$select="):
        name = path.partition("=$")[2] or path.rpartition("=")[2]
        return {name: state[name]}
    if method == "GET" and path.startswith("/applications?$filter=displayName%20eq%20'"):
        name = path.split("'")[1].replace("%20", " ")
        return {"value": [one for one in state["applications"] if one["displayName"] == name]}
    data = json.loads(Path(body[1:]).read_text() if body.startswith("@") else body)
    if method == "POST" and path == "/servicePrincipals" and state["lag"]:
        state["lag"] -= 1
        return "the application does not exist"
    state["calls"].append({"method": method, "path": path, "body": data})
    made = {"id": str(uuid.uuid4()), "appId": str(uuid.uuid4())}
    if method == "POST" and path == "/applications":
        state["applications"].append(data | made)
        return made
    if method == "POST" and path == "/servicePrincipals":
        return made if any(one["appId"] == data["appId"] for one in state["applications"]) else "no such app"
    if method == "POST" and re.fullmatch(r"/servicePrincipals/[0-9a-f-]{36}/appRoleAssignedTo", path):
        return made
    return f"no such call: {method} {path}"


def _query(query: str, answer: dict[str, Any]) -> str:
    """The few forms of JMESPath that the script uses; nothing found is an empty line, as az prints it."""
    if found := re.fullmatch(r"(\w+)\[\?value=='([\w.-]+)'\]\.id \| \[0\]", query):
        return next((str(one["id"]) for one in answer[found[1]] if one["value"] == found[2]), "")
    if query == "length(value)":
        return str(len(answer["value"]))
    return str(answer.get(query, ""))
