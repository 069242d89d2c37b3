"""An issuer of signed tokens that a site trusts, as its settings declare it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from serving.access.caller import Role


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whose signed tokens are taken, for what, and what its words for roles mean.

    Attributes
    ----------
    issuer : str
        The claim ``iss``, letter by letter.
    audience : str
        What the claim ``aud`` must name: this service.
    jwks_url : str
        Where its public keys are: https, or http on this machine.
    roles : mapping of str to Role
        Its word for a role -> ours; a token without any of them may do nothing.
    role_claim : str
        The claim that holds its words: one text, or a list of them.
    single_use : bool
        Whether a token may be used once only, told by its ``jti`` (as in CDS Hooks); where a token
        is meant for many requests, False.
    """

    issuer: str
    audience: str
    jwks_url: str
    roles: Mapping[str, Role] = field(default_factory=dict)
    role_claim: str = "role"
    single_use: bool = True
