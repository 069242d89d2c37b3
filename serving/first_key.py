"""The first start: a key is made and shown, once, before any worker runs."""

from serving.access.keys import FIRST_NAME, KeyFile
from serving.settings import Settings


def first_key_words(settings: Settings) -> str:
    """Make a key where there has never been one and nobody else vouches; say its token.

    Raises
    ------
    SettingsError
        When the file of keys cannot be read or written.
    """
    if settings.issuers:
        KeyFile(settings.keys).keys()  # readable, or no start
        return ""
    token = KeyFile(settings.keys).add_first()
    if token is None:
        return ""
    return (
        f"First start: a key called {FIRST_NAME!r} was made, of the role admin. Its token is shown "
        f"this once:\n\n    {token}\n\n"
        "Every request names it: Authorization: Bearer TOKEN (`serving score --url` takes it from "
        "VIGICELL_TOKEN). Make a key for each person or system with `python -m serving keys add "
        f"NAME --role ROLE`, then `keys revoke {FIRST_NAME}`."
    )
