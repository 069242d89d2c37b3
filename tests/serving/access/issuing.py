"""An issuer of signed tokens that a test can read: its keys, its tokens, its answers."""

import json

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

ISSUER, AUDIENCE = "https://login.hospital.example", "https://vigicell.hospital.example"
NOW = 1_900_000_000.0
PRIVATE = {
    "RS384": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "stranger": ec.generate_private_key(ec.SECP384R1()),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "short": rsa.generate_private_key(public_exponent=65537, key_size=1024),  # noqa: S505 - too weak on purpose
}
_ALGORITHM = {"RS384": jwt.algorithms.RSAAlgorithm, "short": jwt.algorithms.RSAAlgorithm}


def public(name, **more):
    """One key of a JWKS."""
    of = _ALGORITHM.get(name, jwt.algorithms.ECAlgorithm)
    return {**json.loads(of.to_jwk(PRIVATE[name].public_key())), "kid": name, **more}


def claims(**changed):
    """What a good token says; None takes a claim out."""
    said = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "Dr Example", "exp": NOW + 300, "iat": NOW,
        "jti": "one", "role": "ward physician",
    }  # fmt: skip
    return {name: value for name, value in {**said, **changed}.items() if value is not None}


def signed(kid="ES384", algorithm=None, key=None, headers=None, **changed):
    """A token; by default a good one."""
    return jwt.api_jws.encode(  # not jwt.encode, which refuses to sign what is not legal
        json.dumps(claims(**changed)).encode(),
        PRIVATE[kid] if key is None else key,
        algorithm=algorithm or kid,
        headers={"kid": kid, **(headers or {})},
    ).encode()


class Site:
    """What stands at the address of the keys; counts who asks."""

    def __init__(self, *keys):
        self.content = json.dumps({"keys": list(keys)}).encode()
        self.asked = []
        self.down = False

    def __call__(self, url):
        self.asked.append(url)
        if self.down:
            raise ConnectionRefusedError
        return self.content
