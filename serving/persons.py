"""Who acts: whoever was let in; a name in the body stands beside it and never in its place."""

from serving.errors import RequestProblem
from serving.messages import Problem


def who_acts(named: str | None, caller: str) -> str:
    """Return under which name the ledger records an act.

    Parameters
    ----------
    named : str or None
        The name in the body.
    caller : str
        Who holds the token, empty where no gate stands before the service.

    Raises
    ------
    RequestProblem
        Where neither names anybody.
    """
    who = caller or named
    if not who:
        raise RequestProblem(
            [
                Problem(
                    path="who",
                    problem="is missing, and no token names a person",
                    legal="the name of a person, up to 80 characters",
                    what_to_do="Say who does it.",
                )
            ]
        )
    return who
