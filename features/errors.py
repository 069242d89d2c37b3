"""Every error class of the project.

A :class:`VigiCellError` is an answer, not a crash: its message is shown as it is, without a
traceback. Messages say what came, what is legal and what to do, and never hold a patient's value.
"""


class VigiCellError(Exception):
    """Something a person can mend; its message says how."""

    exit_code = 2


class CohortError(VigiCellError):
    """A cohort, or a file it should be read from, cannot be used."""


class UnitError(VigiCellError):
    """A unit is missing, unknown, or cannot belong to its value."""


class QuestionError(VigiCellError):
    """A question that does not exist or cannot be asked here."""


class ProductError(VigiCellError):
    """A product that is unknown or is no CAR-T product.

    Parameters
    ----------
    message : str
        What is shown.
    kind : {"unknown", "not_car_t"}
        Why there is no answer for this product.
    """

    def __init__(self, message: str, kind: str = "unknown") -> None:
        super().__init__(message)
        self.kind = kind


class PlanError(VigiCellError):
    """A plan with an unknown key, a wrong type or an illegal value."""


class NotAssessable(VigiCellError):
    """The data cannot answer what was asked of them, for instance with one class only."""


class AuditRefusal(VigiCellError):
    """The leakage audit refuses a fit."""

    exit_code = 3


class ModelFormatError(VigiCellError):
    """A risk-model directory that is incomplete, edited, or of a newer format."""


class ReleaseError(VigiCellError):
    """A release that cannot be built, found or trusted."""


class PromotionRefused(VigiCellError):
    """A model that did not pass the gate to champion."""

    exit_code = 4


class LimitsNotMet(VigiCellError):
    """A silent model whose limits for going live are not met, or not yet known to be."""

    exit_code = 4


class TrackingError(VigiCellError):
    """The tracking store cannot be reached or written."""


class CardError(VigiCellError):
    """An evidence pack that cannot be made from what was named."""


class SettingsError(VigiCellError):
    """A setting of the service with an illegal value."""


class LedgerError(VigiCellError):
    """The ledger cannot be written or does not verify."""
