"""What sites honestly do in their own way: units, decimals, and inputs they do not measure.

None of it has to do with an outcome beyond that of the site.
"""

import numpy as np
from cohorts import decimals_of, written
from leaks_of_notation import OTHER_UNITS
from planting import course_of, replanted

from features.inputs import INPUTS
from features.tables import Cohort

OTHER_UNIT, MORE_DECIMALS, NOT_MEASURED = 0.25, 0.25, 0.10  # chances of a site and an input


def with_site_habits(cohort: Cohort, rng: np.random.Generator) -> Cohort:
    """Return the cohort as its sites would each export it; values stay what they are."""
    results = cohort.measurements
    site = cohort.courses["site"].to_numpy()[course_of(cohort, results)]
    name = results["input"].astype(str).to_numpy()
    unit, shown = results["source_unit"].to_numpy(object).copy(), results["value"].to_numpy().copy()
    places = decimals_of(results["input"]).copy()
    kept = np.ones(len(results), dtype=bool)
    for where in np.unique(site):
        for one in np.unique(name):
            mine = (site == where) & (name == one)
            kept[mine] = rng.random() >= NOT_MEASURED
            if one in OTHER_UNITS and rng.random() < OTHER_UNIT:
                unit[mine], places[mine] = OTHER_UNITS[one]
                turn = INPUTS[one].accepted[OTHER_UNITS[one][0]]
                shown[mine] = (shown[mine] - turn.offset) / turn.factor
            elif rng.random() < MORE_DECIMALS:
                places[mine] += 1
    text = written(results, places, shown)
    told = results.assign(source_value=text, source_unit=unit)
    return replanted(cohort, measurements=told[kept])
