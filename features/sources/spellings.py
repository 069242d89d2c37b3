"""Words as sites spell them, to the words of the columns; every cell so changed is counted.

Case, spaces, hyphens and underscores never tell two legal words apart, so a cell that differs from
one in these alone is that word. Other spellings are those of the tables below, by column. The names
of products are those of the catalogue, which reads any of them itself.
"""

from collections.abc import Iterable, Mapping

import pandas as pd

from features.inputs import INPUTS
from features.tables import Column, Table

_ROMAN_GRADES = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5"}
_OTHER_SPELLINGS: Mapping[str, Mapping[str, str]] = {
    "sex": {"f": "female", "m": "male", "女": "female", "女性": "female", "男": "male",
            "男性": "male"},
    "diagnosis": {
        "dlbcl": "LBCL", "all": "B-ALL", "弥漫大b细胞淋巴瘤": "LBCL", "大b细胞淋巴瘤": "LBCL",
        "滤泡性淋巴瘤": "FL", "套细胞淋巴瘤": "MCL", "边缘区淋巴瘤": "MZL",
        "慢性淋巴细胞白血病": "CLL", "急性b淋巴细胞白血病": "B-ALL",
        "急性淋巴细胞白血病": "B-ALL", "多发性骨髓瘤": "MM", "胃癌": "gastric",
    },
    "lymphodepletion": {
        "flucy": "fludarabine_cyclophosphamide", "flu/cy": "fludarabine_cyclophosphamide",
        "fc": "fludarabine_cyclophosphamide", "氟达拉滨+环磷酰胺": "fludarabine_cyclophosphamide",
        "苯达莫司汀": "bendamustine", "环磷酰胺": "cyclophosphamide",
    },
    "agent": {
        "dexamethasone": "corticosteroid",
        "methylprednisolone": "corticosteroid",
        "prednisone": "corticosteroid",
        "norepinephrine": "vasopressor",
        "noradrenaline": "vasopressor",
        "toci": "tocilizumab", "托珠单抗": "tocilizumab", "司妥昔单抗": "siltuximab",
        "阿那白滞素": "anakinra", "糖皮质激素": "corticosteroid", "地塞米松": "corticosteroid",
        "甲泼尼龙": "corticosteroid", "泼尼松": "corticosteroid", "去甲肾上腺素": "vasopressor",
        "芦可替尼": "ruxolitinib",
    },
    "grade": _ROMAN_GRADES,
}  # fmt: skip
_FLAGS = {"是": "true", "有": "true", "否": "false", "无": "false"}
_AS_WRITTEN = ("input", "comparator")  # names and signs, no words
_NO_LETTERS = str.maketrans("", "", " _-")


def with_legal_spellings(cells: pd.DataFrame, table: Table) -> tuple[pd.DataFrame, dict[str, int]]:
    """Respell the words of `cells` that mean a legal one.

    Returns
    -------
    cells : DataFrame
        A word that means no legal one stays as it came, for the checks to refuse.
    respelt : dict
        Column -> number of cells that were changed.
    """
    made, respelt = cells.copy(), {}
    for column in table.columns:
        known = _spellings_of(column)
        if column.name in cells and known:
            made[column.name] = _respelt(cells[column.name], known)
    if table.name == "measurements":
        made["text"] = _with_levels(cells)
    for name in cells:
        changed = int((made[name].notna() & made[name].ne(cells[name])).sum())
        if changed:
            respelt[str(name)] = changed
    return made, respelt


def _spellings_of(column: Column) -> dict[str, str]:
    words = () if column.name in _AS_WRITTEN else column.legal
    if column.kind == "flag":
        return dict(_FLAGS)
    return _by_key(words) | dict(_OTHER_SPELLINGS.get(column.name, {}))


def _by_key(words: Iterable[str]) -> dict[str, str]:
    return {_key(word): word for word in words}


def _key(word: str) -> str:
    return word.casefold().translate(_NO_LETTERS)


def _respelt(cells: pd.Series, known: Mapping[str, str]) -> pd.Series:
    found = {
        cell: known.get(_key(cell), cell)
        for cell in cells.dropna().unique()
        if isinstance(cell, str)
    }
    return cells.map(lambda cell: found.get(cell, cell))


def _with_levels(cells: pd.DataFrame) -> pd.Series:
    made = cells["text"].copy()
    for name, one in INPUTS.items():
        if not one.is_text:
            continue
        mine = cells["input"].eq(name) & made.notna()
        if mine.any():
            made = made.where(~mine, _respelt(made, _by_key(one.levels)))
    return made
