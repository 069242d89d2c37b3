"""Who may ask what: keys and signed tokens, one table of routes and roles, a limit on the rate.

Nothing is open but what :data:`serving.access.rules.RULES` says is open. A key is a random token
that is kept as its digest (:mod:`serving.access.keys`); a signed token (JWT) comes from an issuer
that the settings name (:mod:`serving.access.signed_tokens`). :class:`~serving.access.gate.Gate`
stands before every route and leaves the caller in ``request.state.caller``.
"""
