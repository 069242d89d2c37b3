"""Which code made a model."""

from __future__ import annotations

import hashlib
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("features", "models", "training")


@cache
def code_version() -> str:
    """Return package version, digest of the sources, and git commit where there is one."""
    parts = [f"vigicell {_package_version()}", f"source {source_digest()[:12]}"]
    commit = _git_commit()
    return ", ".join(parts + ([f"git {commit}"] if commit else []))


@cache
def source_digest() -> str:
    """Return the sha256 over the Python and TOML files that decide what a model becomes."""
    digest = hashlib.sha256()
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*")):
            if path.suffix in (".py", ".toml"):
                digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _package_version() -> str:
    try:
        return version("vigicell")
    except PackageNotFoundError:
        return "(not installed)"


def _git_commit() -> str:
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],  # noqa: S607 - git of the PATH
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""
