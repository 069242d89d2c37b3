"""From the records of a hospital system to a cohort: events, what codes mean, courses, tables.

A reader of FHIR, OMOP or MEDS hands over events (:mod:`.events`); :mod:`.assembling` makes the
cohort of them. What a site says of its own codes and units stands in :mod:`.site_mapping`.
"""
