"""Twelve made-up patients as three sites would write them: wide Chinese, long German, ours."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from openpyxl import Workbook

FULL_WIDTH = str.maketrans("0123456789.<>", "０１２３４５６７８９．＜＞")
LAST_DAY = 6
# input: name in the long file, its unit there, heading of the wide file, unit of the template,
# the template's number for one of the others, usual value
LABS = {
    "wbc_10e9_l": ("WBC", "G/l", "白细胞计数（10^9/L）", "10*9/L", 1.0, 3.0),
    "crp_mg_l": ("CRP", "mg/l", "C反应蛋白(mg/L)", "mg/dL", 0.1, 20.0),
    "ferritin_ng_ml": ("Ferritin", "µg/l", "铁蛋白（ng/mL）", "ug/L", 1.0, 1500.0),
    "creatinine_mg_dl": ("Creatinine", "µmol/l", "肌酐(μmol/L)", "umol/L", 1.0, 80.0),
    "platelets_10e9_l": ("PLT", "Tsd/µl", "血小板（×10⁹/L）", "/uL", 1000.0, 90.0),
    "ldh_u_l": ("LDH", "U/l", "乳酸脱氢酶(U/L)", "U/L", 1.0, 250.0),
    "d_dimer_ng_ml_feu": ("D-dimer", "mg/L FEU", "D-二聚体(mg/L)", "ng/mL{FEU}", 1000.0, 1.0),
    "temperature_c": ("Temperature", "°C", "体温(℃)", "Cel", 1.0, 38.0),
}


@dataclass(frozen=True)
class Patient:
    """One patient: facts, results by day and input, grades by day, days of treatments."""

    name: str
    infused: date
    age: int
    male: bool
    dose_millions: int
    follow_up: int
    results: dict[tuple[int, str], str]
    crs: list[int]
    icans: list[int]
    treated: dict[str, int]

    def on(self, day: int) -> date:
        return self.infused + timedelta(days=day)


def patients() -> list[Patient]:
    """Draw the twelve; every figure has at most three decimals, so that no shape rounds it."""
    rng = np.random.default_rng(12)
    return [_patient(number, rng) for number in range(1, 13)]


def _patient(number: int, rng: np.random.Generator) -> Patient:
    results = {}
    for day in range(LAST_DAY + 1):
        for name, (*_, usual) in LABS.items():
            if rng.random() < 0.8:
                spread = 0.02 if name == "temperature_c" else 0.4
                results[day, name] = f"{usual * np.exp(rng.normal(0, spread)):.2f}"
    results[2, "crp_mg_l"] = "<0.5"
    results[4, "ferritin_ng_ml"] = ">40000"
    crs = [min(4, max(0, int(rng.integers(-1, 3)) + (day > 2))) for day in range(LAST_DAY + 1)]
    icans = [int(rng.integers(0, 2)) for _ in range(LAST_DAY + 1)]
    return Patient(
        f"P{number:02d}", date(2025, 3, 1) + timedelta(days=9 * number),
        int(rng.integers(20, 80)), bool(rng.random() < 0.5), int(rng.integers(50, 400)),
        int(rng.integers(40, 200)), results, crs, icans,
        {"tocilizumab": 3, "corticosteroid": 4} if number % 2 else {},
    )  # fmt: skip


def write_wide(path: Path) -> Path:
    """One workbook: a title, Chinese headings, full-width digits, dates in words."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["CAR-T 患者数据"])
    sheet.append(
        ["患者编号", "回输日期", "采样日期", "性别", "年龄", "诊断", "产品", "细胞剂量",
         "末次随访日期", *(heading for _, _, heading, *_ in LABS.values()), "CRS分级", "ICANS分级",
         "托珠单抗", "地塞米松", "备注"]
    )  # fmt: skip
    for one in patients():
        for day in range(LAST_DAY + 1):
            sheet.append(
                [one.name, _chinese(one.infused), _chinese(one.on(day)), "男" if one.male else "女",
                 f"{one.age}岁".translate(FULL_WIDTH), "弥漫大B细胞淋巴瘤", "阿基仑赛注射液",
                 one.dose_millions, one.on(one.follow_up),
                 *(one.results.get((day, name), "").translate(FULL_WIDTH) for name in LABS),
                 f"{one.crs[day]}级", one.icans[day],
                 "是" if one.treated.get("tocilizumab") == day else "否",
                 10 if one.treated.get("corticosteroid") == day else None, "一般"]
            )  # fmt: skip
    book.save(path)
    return path


def _chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def write_long(folder: Path) -> Path:
    """Three files: semicolons, decimal commas, dd.mm.yyyy, the results in the code page cp1252."""
    folder.mkdir()
    results = [["Patient ID", "Sample date", "Test", "Result", "Unit"]]
    for one in patients():
        for (day, name), value in one.results.items():
            test, unit, *_ = LABS[name]
            results.append([one.name, _german(one.on(day)), test, _comma(value), unit])
        for day in range(LAST_DAY + 1):
            results.append([one.name, _german(one.on(day)), "CRS", str(one.crs[day]), ""])
            results.append([one.name, _german(one.on(day)), "ICANS", str(one.icans[day]), ""])
    write_lines(folder / "labs.csv", results, ";", "cp1252")
    facts = [
        [one.name, _german(one.infused), one.age, "m" if one.male else "f", "DLBCL", "Yescarta",
         one.dose_millions, _german(one.on(one.follow_up))]
        for one in patients()
    ]  # fmt: skip
    heading = ["Patient ID", "Infusion date", "Age", "Gender", "Diagnosis", "Product", "Cell dose",
               "Last contact"]  # fmt: skip
    write_lines(folder / "patients.csv", [heading, *facts], ";", "utf-8-sig")
    drugs = {"tocilizumab": "Tocilizumab", "corticosteroid": "Dexamethasone"}
    given = [
        [one.name, drugs[agent], _german(one.on(day))]
        for one in patients()
        for agent, day in one.treated.items()
    ]
    write_lines(folder / "drugs.csv", [["Patient ID", "Drug", "Start"], *given], ";", "utf-8")
    return folder


def _german(day: date) -> str:
    return f"{day:%d.%m.%Y}"


def _comma(value: str) -> str:
    sign = value[0] if value[0] in "<>" else ""
    number = float(value.lstrip("<>"))
    text = f"{number:,.2f}" if "." in value else f"{number:,.0f}"
    return sign + text.translate(str.maketrans(",.", ".,"))


def write_template(folder: Path) -> Path:
    """The tables of the project, filled with days and in other units."""
    folder.mkdir()
    courses = [["course_id", "patient_id", "infused_at", "age_years", "sex", "diagnosis", "product",
                "dose_car_t_cells", "follow_up_days"]]  # fmt: skip
    results = [["course_id", "day", "input", "value", "unit"]]
    grades = [["course_id", "day", "toxicity", "grade"]]
    treatments = [["course_id", "start_day", "agent"]]
    for one in patients():
        courses.append(
            [one.name, one.name, one.infused.isoformat(), str(one.age),
             "male" if one.male else "female", "LBCL", "axi-cel", str(one.dose_millions * 10**6),
             str(one.follow_up)]
        )  # fmt: skip
        for (day, name), value in one.results.items():
            *_, unit, factor, _ = LABS[name]
            sign = value[0] if value[0] in "<>" else ""
            number = float(value.lstrip("<>")) * factor
            results.append([one.name, str(day), name, f"{sign}{number:.6f}", unit])
        for toxicity, every in (("CRS", one.crs), ("ICANS", one.icans)):
            grades += [[one.name, str(day), toxicity, str(at)] for day, at in enumerate(every)]
        treatments += [[one.name, str(day), agent] for agent, day in one.treated.items()]
    for name, rows in (("courses", courses), ("measurements", results), ("grades", grades),
                       ("treatments", treatments)):  # fmt: skip
        write_lines(folder / f"{name}.csv", rows, ",", "utf-8")
    (folder / "cohort.toml").write_text('resolution = "day"\n')
    return folder


def write_lines(
    path: Path, rows: Iterable[Sequence[object]], delimiter: str, encoding: str
) -> None:
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
