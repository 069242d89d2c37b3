"""Words as sites spell them, to the words of the columns; every cell so changed is counted.

Case, spaces, hyphens and underscores never tell two legal words apart, so a cell that differs from
one in these alone is that word. Other spellings are those of the tables below, by column. The names
of products are those of the catalogue, which reads any of them itself.
"""

from collections.abc import Callable, Iterable, Mapping

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
        **dict.fromkeys(
            ("dexamethasone", "methylprednisolone", "prednisone", "prednisolone", "hydrocortisone",
             "氢化可的松", "甲强龙"),
            "corticosteroid",
        ),
        **dict.fromkeys(
            ("norepinephrine", "noradrenaline", "epinephrine", "adrenaline", "phenylephrine",
             "dopamine", "肾上腺素", "多巴胺", "去氧肾上腺素"),
            "vasopressor",
        ),
        **dict.fromkeys(
            ("paracetamol", "acetaminophen", "ibuprofen", "metamizole", "对乙酰氨基酚", "布洛芬"),
            "antipyretic",
        ),
        **dict.fromkeys(("levetiracetam", "左乙拉西坦"), "antiepileptic"),
        "toci": "tocilizumab", "托珠单抗": "tocilizumab", "司妥昔单抗": "siltuximab",
        "阿那白滞素": "anakinra", "糖皮质激素": "corticosteroid", "地塞米松": "corticosteroid",
        "甲泼尼龙": "corticosteroid", "泼尼松": "corticosteroid", "去甲肾上腺素": "vasopressor",
        "芦可替尼": "ruxolitinib",
    },
    "grade": _ROMAN_GRADES,
}  # fmt: skip
_FORMS = (
    "注射液",
    "注射剂",
    "缓释片",
    "片",
    "胶囊",
    "针",
    "磷酸钠",
    "琥珀酸钠",
    "injection",
    "tablets",
)
_FORMS_BEFORE = ("注射用", "重酒石酸", "盐酸")
"""What stands around the name of an agent and tells nothing of it."""
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
            bare = _bare if column.name == "agent" else str
            made[column.name] = _respelt(cells[column.name], known, bare)
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


def _bare(name: str) -> str:
    """Return the name of an agent without its salt and the form of the medicine; idempotent."""
    bare = name.strip()
    for form in _FORMS_BEFORE:
        bare = bare.removeprefix(form)
    for form in _FORMS:
        bare = bare.removesuffix(form).rstrip()
    return bare if bare == name else _bare(bare)


def _respelt(
    cells: pd.Series, known: Mapping[str, str], bare: Callable[[str], str] = str
) -> pd.Series:
    found = {
        cell: known.get(_key(cell)) or known.get(_key(bare(cell)), cell)
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
