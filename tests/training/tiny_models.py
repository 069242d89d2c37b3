"""A risk model of three numbers, made by hand: what the doors between floors carry in tests."""

from pathlib import Path

from features.predictors import PredictorSet
from features.questions import question
from models.linear import LinearMargin, Term
from models.risk_model import RiskModel
from models.training_range import Quantiles, TrainingRanges


def a_risk_model(
    asked: str = "severe-crs-72h", intercept: float = -2.0, *, synthetic: bool = True
) -> RiskModel:
    return RiskModel(
        name="tiny",
        question=question(asked),
        predictors=PredictorSet(columns=("day", "crp_mg_l__last")),
        linear=LinearMargin(
            intercept, (Term("crp_mg_l__last", "number", 0.8, 40.0, 20.0, missing_value=40.0),)
        ),
        quantiles=TrainingRanges(
            {
                "day": Quantiles(0.0, 4.0, 14.0, 0.0),
                "crp_mg_l__last": Quantiles(2.0, 40.0, 300.0, 0.1),
            }
        ),
        manifest={"synthetic": synthetic, "cohort": "made"},
    )


def a_model_directory(place: Path, *arguments: object, **settings: object) -> Path:
    model = a_risk_model(*arguments, **settings)
    directory = place / f"{model.question.name}-{model.linear.intercept}"
    model.save(directory)
    return directory
