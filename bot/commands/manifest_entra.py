"""`keyturn manifest entra`: a script that makes the registrations, and a one-page sheet for whoever
consents to them. Neither is run from here, and the script consents to nothing."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from bot.commands.entra_permissions import BOT, Permission, Registration, registrations
from bot.commands.entra_sheet import sheet
from bot.commands.manifest import address, ident, save
from bot.errors import UnusableError

SCRIPT, SHEET = "keyturn-entra.sh", "keyturn-consent.md"
_GRAPH_APP = "00000003-0000-0000-c000-000000000000"
_MARK = "@{}@"
"""Stands in a body for what only the script learns: the id of a permission, a certificate."""


def write(args: argparse.Namespace) -> str:
    """Saves both files; the answer says what to do with them."""
    url, tenant = address(args.url), ident("--tenant", args.tenant)
    groups = tuple(
        ident(f"--{name}", group) for name in ("agents", "security") if (group := getattr(args, name))
    )
    made = registrations(args.licence, args.remove)
    every = (*made, BOT) if args.teams else made
    folder: Path = args.out
    for name in (SCRIPT, SHEET):
        if (folder / name).exists():
            raise UnusableError(
                str(folder / name), "is there already.", "Move it away, or choose another --out."
            )
    graph = address(args.graph, "--graph")
    text = script(url, tenant, graph, every, groups if args.licence != "free" else ())
    save(folder / SCRIPT, text.encode(), executable=True)
    save(folder / SHEET, sheet(url, every, args.licence).encode())
    return (
        f"{folder / SCRIPT} makes the registrations: read it, then run it as Application Administrator.\n"
        f"{folder / SHEET} is for whoever consents to them. docs/entra.md has the whole order.\n"
    )


def body(registration: Registration, url: str) -> dict[str, Any]:
    """The `application` resource of Graph, with marks for what the script fills in."""
    made: dict[str, Any] = {
        "displayName": f"Keyturn {registration.key}",
        "signInAudience": "AzureADMyOrg",
        "isFallbackPublicClient": False,
        # Nobody adds a key of their own behind the registration's back.
        "servicePrincipalLockConfiguration": {"isEnabled": True, "allProperties": True},
        "keyCredentials": [
            {
                "type": "AsymmetricX509Cert",
                "usage": "Verify",
                "displayName": f"keyturn-{registration.key}",
                "key": _MARK.format("certificate"),
            }
        ],
    }
    if registration.permissions:
        access = [{"id": _MARK.format(one.name), "type": one.kind} for one in registration.permissions]
        made["requiredResourceAccess"] = [{"resourceAppId": _GRAPH_APP, "resourceAccess": access}]
    if registration.signs_in:
        made["web"] = {
            "redirectUris": [f"{url}/auth/callback"],
            "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
        }
        names = ("auth_time", "acrs")  # how fresh the sign-in is, and which contexts it satisfied
        made["optionalClaims"] = {"idToken": [{"name": name, "essential": False} for name in names]}
    return made


def script(
    url: str, tenant: str, graph: str, every: tuple[Registration, ...], groups: tuple[str, ...]
) -> str:
    head = _HEAD.replace("@tenant@", tenant).replace("@graph@", _GRAPH_APP).replace("@cloud@", graph)
    parts = [head]
    parts += [_registration(one, url, groups) for one in every]
    parts.append(_tail(url, tenant, every, groups))
    return "\n".join(parts)


def _registration(one: Registration, url: str, groups: tuple[str, ...]) -> str:
    lines = [f"# --- {one.key}: {one.about}", f"certificate {one.key}", "cat > body.json <<'JSON'"]
    lines += [json.dumps(body(one, url), indent=1), "JSON"]
    lines += [f'fill "{one_permission.name}" {_lookup(one_permission)}' for one_permission in one.permissions]
    required = "true" if one.assigned else "false"
    lines.append(f"register {one.key} {required}")
    if one.assigned:
        lines += [f"assign {group}" for group in groups]
    return "\n".join(lines) + "\n"


def _lookup(permission: Permission) -> str:
    return "oauth2PermissionScopes" if permission.kind == "Scope" else "appRoles"


def _tail(url: str, tenant: str, every: tuple[Registration, ...], groups: tuple[str, ...]) -> str:
    apps = "\n".join(
        f'    {one.key}: {{client_id: $id_{one.key}, credential: "\\${{file:keyturn-{one.key}.pem}}"}}'
        for one in every
        if one.key != "bot"
    )
    lines = [
        "cat <<TEXT",
        "",
        "Done. For app.yaml, beside which the files keyturn-*.pem belong (readable for Keyturn alone):",
        "",
        "entra:",
        f"  tenant_id: {tenant}",
        "  apps:",
        apps,
    ]
    if any(one.key == "bot" for one in every):
        lines += [
            "teams:",
            "  app_id: $id_bot",
            f"  tenant_id: {tenant}",
            '  credential: "\\${file:keyturn-bot.pem}"',
        ]
    lines += ["", f"Next, as keyturn-consent.md says, somebody who may consents ({_CONSENT_ROLE}):", ""]
    lines += [f"  az ad app permission admin-consent --id $id_{one.key}" for one in every if one.permissions]
    if not groups:
        lines += ["", "Nobody is assigned to “Keyturn act” yet: Enterprise applications, Users and groups."]
    if any(one.key == "bot" for one in every):
        lines += [
            "",
            "The bot itself is made in a subscription of Azure (docs/teams.md, step 2):",
            "",
            "  az bot create --resource-group GROUP --name NAME --app-type SingleTenant \\\\",
            f"    --appid $id_bot --tenant-id {tenant} --endpoint {url}/api/messages",
            "  az bot msteams create --resource-group GROUP --name NAME",
        ]
    return "\n".join([*lines, "TEXT", ""])


_CONSENT_ROLE = "Privileged Role Administrator"

_HEAD = """\
#!/bin/sh
# Keyturn's registrations in Entra, written by `keyturn manifest entra`. Read it before you run it.
#
# Who:   an Application Administrator or Cloud Application Administrator of the tenant below.
# Where: Azure Cloud Shell, or anywhere with az (az login --tenant @tenant@) and openssl.
# What:  makes registrations with a key and certificate each, in this folder. It consents to nothing,
#        changes nothing that exists, and shows no secret. It stops at the first thing that goes wrong.
set -eu
umask 077

TENANT=@tenant@
GRAPH=@cloud@/v1.0

stop() { echo "Stopped: $1" >&2; exit 1; }
rest() { az rest --only-show-errors "$@"; }

[ "$(az account show --query tenantId --output tsv)" = "$TENANT" ] ||
  stop "az is signed in to another tenant. Run: az login --tenant $TENANT"

# A key and certificate for registration $1; the private half stays in keyturn-$1.pem.
certificate() {
  [ ! -e "keyturn-$1.pem" ] || stop "keyturn-$1.pem is here already."
  openssl req -x509 -newkey rsa:3072 -sha256 -days 730 -nodes -subj "/CN=keyturn-$1" \\
    -keyout key.tmp -out certificate.tmp 2>/dev/null
  cat key.tmp certificate.tmp > "keyturn-$1.pem"
  der=$(openssl x509 -in certificate.tmp -outform DER | base64 | tr -d '\\n')
  rm -f key.tmp certificate.tmp
}

# Puts the id of Graph's permission $1, found by its name among its $2, into body.json.
fill() {
  found=$(rest --method GET --output tsv --query "$2[?value=='$1'].id | [0]" \\
    --url "$GRAPH/servicePrincipals(appId='@graph@')?\\$select=$2")
  case $found in ????????-????-????-????-????????????) ;; *) stop "Graph has no permission $1." ;; esac
  sed "s/@$1@/$found/" body.json > body.tmp
  mv body.tmp body.json
}

# Makes registration $1 of body.json and its service principal; $2: must people be assigned to it?
register() {
  there=$(rest --method GET --output tsv --query 'length(value)' \\
    --url "$GRAPH/applications?\\$filter=displayName%20eq%20'Keyturn%20$1'&\\$select=id")
  [ "$there" = 0 ] || stop "there is a registration “Keyturn $1” already. Look at it; delete or rename it."
  sed "s|@certificate@|$der|" body.json > body.tmp
  mv body.tmp body.json
  id=$(rest --method POST --url "$GRAPH/applications" --body @body.json --query appId --output tsv)
  rm -f body.json
  eval "id_$1=\\$id"
  try=1
  # A registration made a second ago may not be known everywhere yet.
  until principal=$(rest --method POST --url "$GRAPH/servicePrincipals" --query id --output tsv \\
    --body "{\\"appId\\": \\"$id\\", \\"appRoleAssignmentRequired\\": $2}" 2>error.tmp); do
    [ $try -lt 6 ] || stop "“Keyturn $1” has no service principal: $(cat error.tmp)"
    try=$((try + 1))
    sleep "${KEYTURN_PAUSE:-5}"
  done
  rm -f error.tmp
  echo "made: Keyturn $1 ($id)"
}

# Lets the members of group $1 use the registration made last.
assign() {
  printf '{"principalId": "%s", "resourceId": "%s", "appRoleId": "%s"}' "$1" "$principal" \\
    00000000-0000-0000-0000-000000000000 > body.json
  rest --method POST --url "$GRAPH/servicePrincipals/$principal/appRoleAssignedTo" --output none \\
    --body @body.json
  rm -f body.json
  echo "assigned: group $1"
}
"""
