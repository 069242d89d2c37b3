"""What every part of an answer has in common."""

from pydantic import BaseModel, ConfigDict


class Reply(BaseModel):
    """Part of an answer."""

    model_config = ConfigDict(frozen=True)
