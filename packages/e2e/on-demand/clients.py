"""Uses each library as its documentation says. Prints one line of JSON: for each library "ok", the error, or null when it
is not installed."""
import json
import os
import ssl
import traceback

config = json.loads(os.environ["FOREIGN"])
issuer, storage = config["issuer"], config["resource"] + "/storage"
token_url, robot = issuer + "/oauth/token", config["robot"]
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"


def login():
    import requests

    response = requests.post(issuer + "/session", json={**config["user"], "transport": "body"}, timeout=20)
    assert response.status_code == 201, response.text
    return response.json()


def status_of(token):
    import requests

    return requests.get(storage, headers={"authorization": "Bearer " + token}, timeout=20).status_code


def authlib():
    from authlib.integrations.requests_client import OAuth2Session
    from authlib.jose import JsonWebToken
    from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
    import requests

    metadata = requests.get(issuer + "/.well-known/oauth-authorization-server", timeout=20).json()
    checked = AuthorizationServerMetadata(metadata)
    for name in ("issuer", "jwks_uri", "token_endpoint", "response_types_supported", "grant_types_supported"):
        if issuer.startswith("https:") or name in ("grant_types_supported", "response_types_supported"):
            getattr(checked, "validate_" + name)()
    for method in ("client_secret_basic", "client_secret_post"):
        service = OAuth2Session(robot["id"], robot["secret"], token_endpoint_auth_method=method)
        own = service.fetch_token(token_url, grant_type="client_credentials", scope="users:read")
        assert own["scope"] == "users:read", own
        assert service.introspect_token(issuer + "/oauth/introspect", token=own["access_token"]).json()["active"]
    user = OAuth2Session("first-party", None, token_endpoint_auth_method="none")
    renewed = user.refresh_token(token_url, refresh_token=login()["refreshToken"])
    keys = requests.get(metadata["jwks_uri"], timeout=20).json()
    claims = JsonWebToken(["ES256"]).decode(
        renewed["access_token"],
        keys,
        claims_options={"iss": {"value": issuer}, "aud": {"value": config["audience"]}},
    )
    claims.validate()
    user.token = renewed
    assert user.get(storage).status_code == 200
    assert user.revoke_token(issuer + "/oauth/revoke", token=renewed["refresh_token"]).status_code == 200
    assert status_of(renewed["access_token"]) == 401


def requests_oauthlib():
    from oauthlib.oauth2 import BackendApplicationClient
    from requests.auth import HTTPBasicAuth
    from requests_oauthlib import OAuth2Session

    service = OAuth2Session(client=BackendApplicationClient(robot["id"], scope=["users:read"]))
    own = service.fetch_token(token_url, auth=HTTPBasicAuth(robot["id"], robot["secret"]))
    assert own["scope"] == ["users:read"], own
    user = OAuth2Session("first-party", token={"refresh_token": login()["refreshToken"], "access_token": "x"})
    renewed = user.refresh_token(token_url, client_id="first-party")
    assert user.get(storage).status_code == 200
    assert status_of(renewed["access_token"]) == 200


def pyjwt():
    import jwt

    token = login()["accessToken"]
    options = {"ssl_context": ssl.create_default_context()} if jwt.__version__ >= "2.8" else {}
    key = jwt.PyJWKClient(issuer + "/.well-known/jwks.json", **options).get_signing_key_from_jwt(token).key
    claims = jwt.decode(token, key, algorithms=["ES256"], issuer=issuer, audience=config["audience"])
    assert claims["client_id"] == "first-party"
    try:
        jwt.decode(token, key, algorithms=["ES256"], issuer=issuer, audience="another")
    except jwt.InvalidAudienceError:
        return
    raise AssertionError("another audience was accepted")


results = {}
for name, use in {"Authlib": authlib, "requests-oauthlib": requests_oauthlib, "PyJWT": pyjwt}.items():
    try:
        use()
        results[name] = "ok"
    except ModuleNotFoundError as error:
        results[name] = None
    except Exception:
        results[name] = traceback.format_exc()
print(json.dumps(results))
