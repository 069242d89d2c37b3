"""Who can get in: the file of keys, the issuers of signed tokens, the address."""

import os
import stat
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path

from serving.access.keys import FIRST_NAME, KeyFile
from serving.doctor.finding import Finding
from serving.settings import Settings

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def keys_are_kept_well(settings: Settings, _: Mapping[str, str]) -> Iterator[Finding]:
    """Check the rights of our folder and files, and that somebody can get in."""
    yield from _rights(settings)
    every = KeyFile(settings.keys).keys()
    valid = [key for key in every if not key.revoked_at]
    if not valid and not settings.issuers:
        yield Finding.warn(
            "keys",
            f"{'all are revoked' if every else 'there is none'}, so nobody can ask. "
            f"{'' if every else 'The first start makes one. '}"
            "`python -m serving keys add NAME --role ROLE` makes one.",
        )
        return
    yield Finding.ok("keys", f"{len(valid)} valid: {', '.join(key.name for key in valid)}")
    if len(valid) > 1 and any(key.name == FIRST_NAME for key in valid):
        yield Finding.warn(
            "keys",
            f"the key {FIRST_NAME!r} of the first start is still valid. When everybody has an own "
            f"one: `python -m serving keys revoke {FIRST_NAME}`.",
        )


def tokens_can_be_read(settings: Settings, _: Mapping[str, str]) -> Iterator[Finding]:
    """Fetch the public keys of each issuer."""
    if not settings.issuers:
        yield Finding.ok("signed tokens", "no issuer is named; only keys are taken")
        return
    from serving.access.jwks import PublicKeys
    from serving.access.refusals import CannotTell

    for one in settings.issuers:
        try:
            count = PublicKeys(one.jwks_url).count()
        except CannotTell:
            yield Finding.fail(
                "signed tokens",
                f"the keys of {one.issuer} cannot be fetched: its tokens get 503. Check jwks_url "
                "and the network.",
            )
            continue
        text = f"{one.issuer} has {count} keys for RS384 or ES384"
        yield (
            Finding.ok("signed tokens", text)
            if count
            else Finding.fail("signed tokens", f"{text}: none of its tokens can be read.")
        )


def only_who_should_can_connect(settings: Settings, _: Mapping[str, str]) -> Iterator[Finding]:
    """Say where the service listens, and what that asks for."""
    if ip_address(settings.host).is_loopback:
        yield Finding.ok("address", f"{settings.host}: this machine only")
    else:
        yield Finding.warn(
            "address",
            f"{settings.host} is reached from other machines, and the service speaks no TLS: let "
            "it listen on 127.0.0.1 and put a proxy with TLS before it.",
        )


def _rights(settings: Settings) -> Iterator[Finding]:
    if settings.home.is_dir() and settings.home.stat().st_mode & _OTHERS_WRITE:
        yield Finding.fail(
            "keys", f"{settings.home} can be written by others. chmod 700 {settings.home}"
        )
    private = [settings.keys, settings.home / "seen_tokens.sqlite"]
    if isinstance(settings.ledger, Path):
        private.append(settings.ledger)
    yield from _files_of_ours(private)
    if isinstance(settings.ledger, str) and settings.file is not None:
        if settings.file.stat().st_mode & _OTHERS:
            yield Finding.warn(
                "settings",
                f"{settings.file} names a database and can be read by others; if a password stands "
                f"in it: chmod 600 {settings.file}",
            )


def _files_of_ours(private: list[Path]) -> Iterator[Finding]:
    for path in private:
        if not path.is_file():
            continue
        found = path.stat()
        if found.st_mode & _OTHERS:
            yield Finding.fail("keys", f"{path} can be read by others. chmod 600 {path}")
        if found.st_uid not in (os.getuid(), 0) and os.getuid():
            yield Finding.fail("keys", f"{path} belongs to another user. chown it.")
