"""Several courses read at once: the predictors and grades that each would give alone."""

from collections.abc import Iterable, Sequence

import numpy as np

from features.grading.whole_cohort import READERS
from features.matrix import courses_arrays, features_of_courses
from models.columns import Floats
from serving.bedside import Bedside, said_of
from serving.course import CourseSoFar
from serving.estimate import Estimator
from serving.grades import Compared, recorded_of_all

Key = tuple[str, str]  # grading system and identity of the predictors


def bedsides_of(
    courses: Sequence[CourseSoFar], estimators: Iterable[Estimator], language: str
) -> list[Bedside]:
    """Return the courses with everything that the estimators read of them."""
    asked = {(one.grading_system, one.model.predictors.identity): one for one in estimators}
    made = [Bedside(course, language) for course in courses]
    alike: dict[tuple[str, bool], list[Bedside]] = {}
    for one in made:
        how = (one.course.resolution, one.course.treatments_told)
        alike.setdefault(how, []).append(one)
    for group in alike.values():
        rows = {key: _rows(group, key, one) for key, one in asked.items()}
        for at, (one, by_rule) in enumerate(zip(group, _by_rule(group), strict=True)):
            one.learn({key: found[at : at + 1] for key, found in rows.items()}, by_rule)
    return made


def _rows(group: Sequence[Bedside], key: Key, estimator: Estimator) -> Floats:
    said = [said_of(one.course, key[0]) for one in group]
    arrays = courses_arrays(said, resolution=group[0].course.resolution)
    landmarks = [one.course.landmark for one in group]
    return features_of_courses(arrays, landmarks, estimator.model.predictors)


def _by_rule(group: Sequence[Bedside]) -> list[dict[str, Compared]]:
    """Return the grades at each landmark; before the infusion there are none."""
    recorded = recorded_of_all([one.course for one in group])
    at = np.array([one.course.landmark for one in group])
    rows = {name: reader(recorded).at(np.arange(len(at)), at) for name, reader in READERS.items()}
    return [
        {name: Compared(found.of(row)) for name, found in rows.items()} if at[row] >= 0 else {}
        for row in range(len(at))
    ]
