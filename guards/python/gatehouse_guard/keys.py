"""Public keys by name, and the check of signatures."""

import base64
import hashlib
import json
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

MAX_KEYS = 20


@dataclass(eq=False)
class Key:
    """The key decides the algorithm (RFC 8725 section 3.1)."""

    kid: str
    algorithm: str
    public: object
    jwk: dict
    is_withdrawn: bool = False

    def verifies(self, signature: bytes, data: bytes) -> bool:
        try:
            if self.algorithm == "EdDSA":
                self.public.verify(signature, data)
            elif self.algorithm == "RS256":
                self.public.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
            else:
                # RFC 7518 section 3.4: r and s, 32 bytes each.
                if len(signature) != 64:
                    return False
                r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
                self.public.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


def keys_of(jwks: object) -> dict[str, Key]:
    """The usable keys of a JWK Set; others are ignored (RFC 7517 section 5). Raises ValueError."""
    if not isinstance(jwks, dict) or not isinstance(jwks.get("keys"), list):
        raise ValueError("not a JWK Set")
    keys: dict[str, Key] = {}
    for jwk in jwks["keys"]:
        key = _key_of(jwk)
        if key is not None and key.kid not in keys and len(keys) < MAX_KEYS:
            keys[key.kid] = key
    return keys


def merge(known: dict[str, Key], published: dict[str, Key]) -> dict[str, Key]:
    """An unchanged key keeps its object; the other known keys are withdrawn."""
    merged = {
        kid: known[kid] if kid in known and known[kid].jwk == key.jwk else key for kid, key in published.items()
    }
    for kid, key in known.items():
        if merged.get(kid) is not key:
            key.is_withdrawn = True
    return merged


def _key_of(jwk: object) -> Key | None:
    if not isinstance(jwk, dict) or "d" in jwk or jwk.get("use", "sig") != "sig":
        return None
    try:
        algorithm, public, members = _public_key(jwk)
    except (ValueError, TypeError, KeyError):
        return None
    if jwk.get("alg", algorithm) != algorithm:
        return None
    kid = jwk.get("kid", _thumbprint(jwk, members))
    if not isinstance(kid, str) or not 0 < len(kid) <= 200:
        return None
    return Key(kid, algorithm, public, jwk)


def _public_key(jwk: dict) -> tuple[str, object, tuple[str, ...]]:
    kind, curve = jwk["kty"], jwk.get("crv")
    if kind == "EC" and curve == "P-256":
        numbers = ec.EllipticCurvePublicNumbers(_integer(jwk["x"]), _integer(jwk["y"]), ec.SECP256R1())
        return "ES256", numbers.public_key(), ("crv", "kty", "x", "y")
    if kind == "OKP" and curve == "Ed25519":
        return "EdDSA", ed25519.Ed25519PublicKey.from_public_bytes(decode(jwk["x"])), ("crv", "kty", "x")
    if kind == "RSA":
        public = rsa.RSAPublicNumbers(_integer(jwk["e"]), _integer(jwk["n"])).public_key()
        if public.key_size >= 2048:
            return "RS256", public, ("e", "kty", "n")
    raise ValueError("not a key for ES256, EdDSA or RS256")


def decode(text: str) -> bytes:
    """Canonical base64url without padding (RFC 4648 section 3.5). Raises ValueError."""
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise ValueError("not canonical base64url")
    return data


def _integer(text: str) -> int:
    return int.from_bytes(decode(text), "big")


def _thumbprint(jwk: dict, members: tuple[str, ...]) -> str:
    """RFC 7638."""
    text = json.dumps({name: jwk[name] for name in members}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
