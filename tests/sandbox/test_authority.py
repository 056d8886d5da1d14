"""The authority behaves as Entra does where the product depends on it."""

from __future__ import annotations

from typing import Any

import httpx
import jwt
import pytest

from tests.fakes.sandbox import Sandbox
from tests.sandbox.conftest import CALLBACK, Graph, Visit, asking, hidden_fields

C1 = '{"id_token":{"acrs":{"essential":true,"value":"c1"}}}'
C9 = '{"access_token":{"acrs":{"values":["c1","c9"]}}}'


async def claims_of(
    sandbox: Sandbox, http: httpx.AsyncClient, token: str, app: str = "identity"
) -> dict[str, Any]:
    """The claims, verified with the published keys as the product would."""
    document = (await http.get(f"{sandbox.authority}/v2.0/.well-known/openid-configuration")).json()
    keys = jwt.PyJWKSet.from_dict((await http.get(document["jwks_uri"])).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    return dict(
        jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=sandbox.client_id(app),
            issuer=document["issuer"],
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    )


async def test_discovery_names_an_issuer_on_localhost(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    """The product is on 127.0.0.1; only another host name makes the callback cross-site."""
    document = (await http.get(f"{sandbox.authority}/v2.0/.well-known/openid-configuration")).json()
    assert document["issuer"] == f"http://localhost:{sandbox.state.port}/{sandbox.tenant}/v2.0"
    assert document["authorization_endpoint"].startswith("http://localhost:")


async def test_a_sign_in_yields_the_claims_the_product_checks(
    sandbox: Sandbox, http: httpx.AsyncClient, visit: Visit, redeem: Visit
) -> None:
    """oid, tid, nonce, auth_time and the satisfied context are signed by a published key."""
    signed = await visit("agent", method="passkey", claims=C1)
    assert signed.fields["state"] == "some-state"
    tokens = (await redeem(signed.fields["code"])).json()
    claims = await claims_of(sandbox, http, tokens["id_token"])
    assert claims["oid"] == sandbox.oid("agent")
    assert claims["tid"] == sandbox.tenant
    assert claims["nonce"] == "some-nonce"
    assert claims["auth_time"] == int(sandbox.clock.now().timestamp())
    assert claims["acrs"] == ["c1"]
    assert claims["exp"] - claims["iat"] == 3600


async def test_a_code_is_redeemed_once(visit: Visit, redeem: Visit) -> None:
    """A stolen or replayed callback is worth nothing."""
    code = (await visit("agent")).fields["code"]
    assert (await redeem(code)).status_code == 200
    again = await redeem(code)
    assert again.status_code == 400
    assert again.json()["error_codes"] == [54005]


async def test_a_code_needs_its_own_verifier_client_and_time(
    sandbox: Sandbox, visit: Visit, redeem: Visit
) -> None:
    """PKCE, the client's secret, the redirect address and five minutes are all demanded."""
    wrong = await redeem((await visit("agent")).fields["code"], code_verifier="b" * 64)
    assert wrong.json()["error"] == "invalid_grant"
    other = await redeem((await visit("agent")).fields["code"], app="act")
    assert other.json()["error"] == "invalid_grant"
    secret = await redeem((await visit("agent")).fields["code"], client_secret="wrong")
    assert secret.status_code == 401
    elsewhere = await redeem(
        (await visit("agent")).fields["code"], redirect_uri="http://127.0.0.1:1/auth/callback"
    )
    assert elsewhere.json()["error"] == "invalid_grant"
    late = (await visit("agent")).fields["code"]
    sandbox.clock.go(minutes=6)
    assert (await redeem(late)).json()["error_codes"] == [70008]


@pytest.mark.parametrize(
    ("method", "satisfied"), [("passkey", True), ("authenticator", False), ("password", False)]
)
async def test_a_weak_sign_in_comes_without_the_phishing_resistant_context(
    sandbox: Sandbox, http: httpx.AsyncClient, visit: Visit, redeem: Visit, method: str, satisfied: bool
) -> None:
    """It is the product that must look at `acrs`."""
    signed = await visit("agent", method=method, claims=C1)
    tokens = (await redeem(signed.fields["code"])).json()
    claims = await claims_of(sandbox, http, tokens["id_token"])
    assert ("c1" in claims.get("acrs", ())) is satisfied


async def test_a_context_that_no_policy_targets_is_issued_to_everybody(
    sandbox: Sandbox, http: httpx.AsyncClient, visit: Visit, redeem: Visit
) -> None:
    """As in Entra: without a policy the claim proves nothing."""
    signed = await visit("employee", method="password", claims=C9)
    tokens = (await redeem(signed.fields["code"])).json()
    assert (await claims_of(sandbox, http, tokens["id_token"]))["acrs"] == ["c9"]


async def test_nobody_signs_in_with_what_they_do_not_have(visit: Visit) -> None:
    """A broken phone stays registered, and is still of no use."""
    broken = await visit("employee", method="authenticator")
    assert broken.response.status_code == 403
    assert "broken or lost" in broken.response.text
    assert (await visit("new_starter", method="passkey")).response.status_code == 403
    assert (await visit("disabled", method="password")).response.status_code == 403


async def test_a_pass_signs_in_once_and_bounds_the_token(
    sandbox: Sandbox, http: httpx.AsyncClient, graph: Graph, visit: Visit, redeem: Visit
) -> None:
    """A one-time pass is spent by its first use; tokens live no longer than the pass."""
    body = {"lifetimeInMinutes": 60, "isUsableOnce": True}
    value = (await graph.act("agent", "POST", graph.passes("employee"), body)).json()["temporaryAccessPass"]
    sandbox.clock.go(minutes=45)
    assert (await visit("employee", value="not-it")).response.status_code == 403
    signed = await visit("employee", value=value, claims=C1)
    tokens = (await redeem(signed.fields["code"])).json()
    claims = await claims_of(sandbox, http, tokens["id_token"])
    assert "acrs" not in claims
    assert claims["exp"] - claims["iat"] == 15 * 60
    assert (await visit("employee", value=value)).response.status_code == 403


async def test_every_consented_scope_is_in_every_token(
    sandbox: Sandbox, http: httpx.AsyncClient, visit: Visit, redeem: Visit
) -> None:
    """Whatever subset was asked for: registrations limit, requests do not."""
    signed = await visit("agent", client_id=sandbox.client_id("act"), scope="openid User.RevokeSessions.All")
    tokens = (await redeem(signed.fields["code"], app="act", scope="openid")).json()
    assert "UserAuthMethod-TAP.ReadWrite.All" in tokens["scope"].split()
    signed = await visit("agent")
    assert (await redeem(signed.fields["code"])).json()["scope"] == "openid profile"


async def test_an_older_session_never_passes_for_a_fresh_sign_in(
    sandbox: Sandbox, http: httpx.AsyncClient, visit: Visit, redeem: Visit
) -> None:
    """A browser that strips prompt and max_age gets an old auth_time; with them it must sign in."""
    await visit("agent", method="passkey")
    before = int(sandbox.clock.now().timestamp())
    sandbox.clock.go(minutes=30)
    url = f"{sandbox.authority}/oauth2/v2.0/authorize"
    lazy = asking(sandbox)
    lazy.pop("prompt")
    resumed = await http.post(url, data={**lazy, "resume": "1"})
    tokens = (await redeem(hidden_fields(resumed.text)["code"])).json()
    assert (await claims_of(sandbox, http, tokens["id_token"]))["auth_time"] == before
    for demand in ({"prompt": "login"}, {"max_age": "0"}):
        assert (await http.post(url, data={**lazy, **demand, "resume": "1"})).status_code == 403


async def test_revoking_sessions_ends_the_one_here_too(
    sandbox: Sandbox, http: httpx.AsyncClient, graph: Graph, visit: Visit
) -> None:
    """Signed out everywhere means here as well."""
    await visit("employee", method="password")
    await graph.act("agent", "POST", f"{graph.user('employee')}/revokeSignInSessions")
    quiet = asking(sandbox, prompt="none", response_mode="query")
    answer = await http.get(f"{sandbox.authority}/oauth2/v2.0/authorize", params=quiet)
    assert answer.status_code == 302
    assert "error=login_required" in answer.headers["location"]


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "somebody-else"},
        {"redirect_uri": "https://evil.example/auth/callback"},
        {"redirect_uri": "http://127.0.0.1:8300/elsewhere"},
        {"response_type": "token"},
        {"code_challenge": ""},
        {"claims": "{"},
        {"max_age": "soon"},
    ],
)
async def test_an_unacceptable_request_is_never_sent_back(
    sandbox: Sandbox, http: httpx.AsyncClient, change: dict[str, str]
) -> None:
    """An unknown address never receives anything."""
    params = {name: value for name, value in {**asking(sandbox), **change}.items() if value}
    answer = await http.get(f"{sandbox.authority}/oauth2/v2.0/authorize", params=params)
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_the_answer_page_posts_across_sites_with_a_visible_button(
    sandbox: Sandbox, visit: Visit
) -> None:
    """Without script the person presses Continue; the policy lets the form reach the product only."""
    signed = await visit("agent")
    policy = signed.response.headers["content-security-policy"]
    assert "form-action 'self' http://127.0.0.1:8300;" in policy
    assert "frame-ancestors 'none'" in policy
    assert f'action="{CALLBACK}"' in signed.response.text
    assert ">Continue</button>" in signed.response.text


async def test_the_hinted_person_is_offered_first_and_can_be_changed(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    """login_hint preselects and binds nobody."""
    params = asking(sandbox, login_hint="agent@keyturn.example")
    page = (await http.get(f"{sandbox.authority}/oauth2/v2.0/authorize", params=params)).text
    assert 'name="person" value="agent"' in page
    params["person"] = ""
    page = (await http.get(f"{sandbox.authority}/oauth2/v2.0/authorize", params=params)).text
    assert "Priya Raman" in page
    assert "María Fernández" in page


async def test_a_refusal_to_sign_in_reaches_the_product(http: httpx.AsyncClient, sandbox: Sandbox) -> None:
    """Cancel comes back as an error with the state, so that the product can end its transaction."""
    form = {**asking(sandbox), "person": "agent", "cancel": "1"}
    answer = await http.post(f"{sandbox.authority}/oauth2/v2.0/authorize", data=form)
    fields = hidden_fields(answer.text)
    assert fields["error"] == "access_denied"
    assert fields["state"] == "some-state"


async def test_keys_rotate_and_the_old_one_still_verifies_until_withdrawn(
    sandbox: Sandbox, http: httpx.AsyncClient, visit: Visit, redeem: Visit
) -> None:
    """The product must refetch keys it does not know, and refuse those withdrawn."""
    old = (await redeem((await visit("agent")).fields["code"])).json()["id_token"]
    await http.post("/sandbox/keys/rotate", json={})
    new = (await redeem((await visit("agent")).fields["code"])).json()["id_token"]
    assert jwt.get_unverified_header(old)["kid"] != jwt.get_unverified_header(new)["kid"]
    await claims_of(sandbox, http, old)
    await claims_of(sandbox, http, new)
    await http.post("/sandbox/keys/rotate", json={"keep": False})
    with pytest.raises(KeyError):
        await claims_of(sandbox, http, old)


async def test_assignment_to_the_act_registration_can_be_demanded(sandbox: Sandbox, visit: Visit) -> None:
    """With the switch on, only agents get a token of that registration."""
    sandbox.state.switches.set("act_assignment", True)
    act = sandbox.client_id("act")
    assert (await visit("manager", client_id=act)).fields["error"] == "access_denied"
    assert "code" in (await visit("agent", client_id=act)).fields
