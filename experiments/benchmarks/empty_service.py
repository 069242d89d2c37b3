"""A BentoML service that does nothing: the floor that the answering service is compared with."""

from features.telemetry import switch_off_telemetry

switch_off_telemetry()  # BentoML reads the switch when it is imported

import bentoml  # noqa: E402 - only after the switch


@bentoml.service(name="empty", workers=1, logging={"access": {"enabled": False}})
class Empty:
    """Answers an empty object."""

    @bentoml.api
    def nothing(self) -> dict[str, int]:
        """Do nothing."""
        return {}
