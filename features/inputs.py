"""Every clinical input, once: its name, unit, codes, ranges and words.

The table checks, the unit conversions, the request type, the synthetic cohort and the column
dictionary derive from the two tables of this file, :data:`INPUTS` (measured over time) and
:data:`COURSE_FIELDS` (one value a course). Names carry the unit in which a cohort holds the value.

LOINC codes and unit factors follow the curated MIMIC-IV mapping (MIT-LCP/mimic-code) and LOINC
itself; where no code was confirmed the tuple is empty. Hard ranges bound what a living patient can
have in the canonical unit; a value outside is impossible. A value outside the plausible range raises
a notice; one that is far outside it and fits another accepted unit is refused (``units.py``).

All hard and plausible ranges, and those of children (``child_ranges.py``), are assumptions [A] that a
clinician must sign off. LDH codes 14804-9 (lactate to pyruvate) and 14805-6 (pyruvate to lactate)
name assays that differ about twofold: read them against the upper limit of their own laboratory.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from features.child_ranges import CHILD_RANGES, AgeRange

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Conversion:
    """``canonical = source * factor + offset``; ``approximate`` marks assay-dependent factors."""

    factor: float
    offset: float = 0.0
    approximate: bool = False


@dataclass(frozen=True, slots=True)
class Input:
    """One clinical input that is measured over time.

    Attributes
    ----------
    name : str
        Canonical name, ending in the unit.
    label, label_zh : str
        What a clinician reads.
    group : str
        Where it belongs, for instance ``"cytokine"``.
    unit : str
        Canonical UCUM unit.
    hard, plausible : tuple of float
        Impossible outside, unusual outside (canonical unit).
    loinc : tuple of str
        Accepted LOINC codes, the primary one first.
    accepted : mapping
        UCUM unit -> conversion to the canonical unit, the canonical unit included.
    scale : {"linear", "log"}
        Whether differences or ratios of this input are read.
    levels : mapping
        For text inputs: legal text -> severity rank, in order; empty for numbers.
    by_age : tuple of AgeRange
        Plausible ranges of children where they differ, youngest first.
    """

    name: str
    label: str
    label_zh: str
    group: str
    unit: str
    hard: Range
    plausible: Range
    loinc: tuple[str, ...] = ()
    accepted: Mapping[str, Conversion] = field(default_factory=dict)
    scale: Literal["linear", "log"] = "linear"
    levels: Mapping[str, int] = field(default_factory=dict)
    by_age: tuple[AgeRange, ...] = ()

    @property
    def is_text(self) -> bool:
        """Whether the value is one of :attr:`levels` instead of a number."""
        return bool(self.levels)

    def plausible_at(self, age_years: float | None) -> Range:
        """Return the plausible range at an age; that of adults where the age is not known."""
        if age_years is not None:
            for band in self.by_age:
                if age_years < band.under_years:
                    return band.plausible
        return self.plausible

    @property
    def plausible_at_any_age(self) -> Range:
        """The widest range: what is plausible for a patient of some age."""
        ranges = (self.plausible, *(band.plausible for band in self.by_age))
        return min(low for low, _ in ranges), max(high for _, high in ranges)


_U_PER_UKAT = 60.0


def _units(unit: str, others: Mapping[str, float | Conversion]) -> Mapping[str, Conversion]:
    table = {unit: Conversion(1.0)}
    for name, factor in others.items():
        table[name] = factor if isinstance(factor, Conversion) else Conversion(factor)
    return MappingProxyType(table)


def _number(
    name: str,
    label: str,
    label_zh: str,
    group: str,
    unit: str,
    hard: Range,
    plausible: Range,
    *loinc: str,
    others: Mapping[str, float | Conversion] | None = None,
    log: bool = False,
) -> Input:
    return Input(
        name, label, label_zh, group, unit, hard, plausible, loinc,
        _units(unit, others or {}), "log" if log else "linear",
        by_age=CHILD_RANGES.get(name, ()),
    )  # fmt: skip


def _levels(name: str, label: str, label_zh: str, group: str, **levels: int) -> Input:
    top = float(max(levels.values()))
    return Input(
        name, label, label_zh, group, "{rank}", (0, top), (0, top),
        levels=MappingProxyType(levels),
    )  # fmt: skip


_CELLS = {"10*9/L": 1.0, "/uL": 0.001}

_BLOOD_COUNT = (
    _number("wbc_10e9_l", "White cells", "白细胞", "blood count", "10*3/uL", (0, 1000), (0.05, 200),
            "6690-2", "26464-8", others=_CELLS, log=True),
    _number("anc_10e9_l", "Neutrophils", "中性粒细胞计数", "blood count", "10*3/uL", (0, 500), (0, 60),
            "751-8", "26499-4", "753-4", others=_CELLS, log=True),
    _number("alc_10e9_l", "Lymphocytes", "淋巴细胞计数", "blood count", "10*3/uL", (0, 500), (0, 200),
            "731-0", "26474-7", "732-8", others=_CELLS, log=True),
    _number("monocytes_10e9_l", "Monocytes", "单核细胞计数", "blood count", "10*3/uL", (0, 200), (0, 20),
            "742-7", "26484-6", others=_CELLS, log=True),
    _number("neutrophils_percent", "Neutrophil share", "中性粒细胞百分比", "blood count", "%", (0, 100),
            (0, 100), "770-8", others={"1": 100.0}),
    _number("lymphocytes_percent", "Lymphocyte share", "淋巴细胞百分比", "blood count", "%", (0, 100),
            (0, 100), "736-9", others={"1": 100.0}),
    _number("monocytes_percent", "Monocyte share", "单核细胞百分比", "blood count", "%", (0, 100), (0, 100),
            "5905-5", others={"1": 100.0}),
    _number("haemoglobin_g_dl", "Haemoglobin", "血红蛋白", "blood count", "g/dL", (2, 25), (4, 19),
            "718-7", others={"g/L": 0.1, "mmol/L": 1.611}),
    _number("rbc_10e12_l", "Red cells", "红细胞", "blood count", "10*6/uL", (0.5, 9), (1, 7), "789-8",
            others={"10*12/L": 1.0}),
    _number("platelets_10e9_l", "Platelets", "血小板", "blood count", "10*3/uL", (0, 2000), (2, 1000),
            "777-3", "26515-7", others=_CELLS, log=True),
)  # fmt: skip

_CHEMISTRY = (
    _number("ldh_u_l", "LDH", "乳酸脱氢酶", "chemistry", "U/L", (20, 50000), (80, 10000),
            "2532-0", "14804-9", "14805-6", others={"ukat/L": _U_PER_UKAT}, log=True),
    _number("hbdh_u_l", "Alpha-hydroxybutyrate dehydrogenase", "α-羟丁酸脱氢酶", "chemistry", "U/L",
            (20, 50000), (50, 8000), others={"ukat/L": _U_PER_UKAT}, log=True),
    _number("creatinine_mg_dl", "Creatinine", "肌酐", "chemistry", "mg/dL", (0.05, 30), (0.15, 12),
            "2160-0", "38483-4", "14682-9", others={"umol/L": 0.01131}, log=True),
    _number("ast_u_l", "AST", "天冬氨酸氨基转移酶", "chemistry", "U/L", (1, 30000), (5, 5000),
            "1920-8", "30239-8", others={"ukat/L": _U_PER_UKAT}, log=True),
    _number("alt_u_l", "ALT", "丙氨酸氨基转移酶", "chemistry", "U/L", (1, 30000), (3, 5000),
            "1742-6", "1743-4", others={"ukat/L": _U_PER_UKAT}, log=True),
    _number("alp_u_l", "Alkaline phosphatase", "碱性磷酸酶", "chemistry", "U/L", (5, 10000), (20, 3000),
            "6768-6", others={"ukat/L": _U_PER_UKAT}, log=True),
    _number("ggt_u_l", "Gamma-GT", "γ-谷氨酰转移酶", "chemistry", "U/L", (1, 10000), (4, 3000),
            "2324-2", others={"ukat/L": _U_PER_UKAT}, log=True),
    _number("bilirubin_mg_dl", "Bilirubin", "总胆红素", "chemistry", "mg/dL", (0.01, 80), (0.1, 40),
            "1975-2", "14631-6", others={"umol/L": 0.05848}, log=True),
    _number("albumin_g_dl", "Albumin", "白蛋白", "chemistry", "g/dL", (0.5, 7), (1.2, 6),
            "1751-7", others={"g/L": 0.1, "umol/L": 0.00665}),
    _number("prealbumin_mg_dl", "Prealbumin", "前白蛋白", "chemistry", "mg/dL", (0.5, 100), (2, 60),
            "14338-8", others={"mg/L": 0.1}),
    _number("sodium_mmol_l", "Sodium", "钠", "chemistry", "mmol/L", (95, 200), (115, 170), "2951-2",
            others={"meq/L": 1.0}),
    _number("potassium_mmol_l", "Potassium", "钾", "chemistry", "mmol/L", (1, 12), (2, 8), "2823-3",
            others={"meq/L": 1.0}),
    _number("chloride_mmol_l", "Chloride", "氯", "chemistry", "mmol/L", (60, 160), (75, 135), "2075-0",
            others={"meq/L": 1.0}),
    _number("calcium_mmol_l", "Calcium", "钙", "chemistry", "mmol/L", (0.8, 5), (1.3, 3.8),
            "2000-8", "17861-6", others={"mg/dL": 0.2495}),
    _number("uric_acid_umol_l", "Uric acid", "尿酸", "chemistry", "umol/L", (5, 2500), (20, 1200),
            "14933-6", "3084-1", others={"mg/dL": 59.48}, log=True),
    _number("glucose_mmol_l", "Glucose", "血糖", "chemistry", "mmol/L", (0.5, 80), (1.5, 40),
            "14749-6", "2345-7", others={"mg/dL": 0.05551}, log=True),
    _number("triglycerides_mg_dl", "Triglycerides", "甘油三酯", "chemistry", "mg/dL", (5, 10000),
            (20, 3000), "2571-8", others={"mmol/L": 88.57}, log=True),
    _number("bnp_pg_ml", "BNP", "B型利钠肽", "chemistry", "pg/mL", (0, 100000), (1, 40000), "30934-4",
            others={"ng/L": 1.0}, log=True),
)  # fmt: skip

_COAGULATION = (
    _number("d_dimer_ng_ml_feu", "D-dimer (FEU)", "D-二聚体", "coagulation", "ng/mL{FEU}", (0, 1000000),
            (50, 200000), "48065-7", "48067-3", "30240-6", "48066-5",
            others={"ug/L{FEU}": 1.0, "mg/L{FEU}": 1000.0, "ug/mL{FEU}": 1000.0,
                    **dict.fromkeys(("ng/mL{DDU}", "ug/L{DDU}"), Conversion(2.0, approximate=True)),
                    **dict.fromkeys(("mg/L{DDU}", "ug/mL{DDU}"), Conversion(2000.0, approximate=True))}, log=True),
    _number("fibrinogen_mg_dl", "Fibrinogen", "纤维蛋白原", "coagulation", "mg/dL", (5, 2500), (30, 1500),
            "3255-7", "3256-5", others={"g/L": 100.0, "umol/L": 34.0}),
    _number("pt_s", "Prothrombin time", "凝血酶原时间", "coagulation", "s", (5, 200), (8, 80), "5902-2"),
    _number("inr", "INR", "国际标准化比值", "coagulation", "{INR}", (0.3, 30), (0.7, 12), "6301-6",
            "34714-6"),
    _number("aptt_s", "aPTT", "活化部分凝血活酶时间", "coagulation", "s", (10, 300), (15, 180), "14979-9",
            "3173-2"),
)  # fmt: skip

_INFLAMMATION = (
    _number("crp_mg_l", "CRP", "C反应蛋白", "inflammation", "mg/L", (0, 1000), (0.1, 600), "1988-5",
            "30522-7", others={"ug/mL": 1.0, "mg/dL": 10.0, "nmol/L": 0.105}, log=True),
    _number("ferritin_ng_ml", "Ferritin", "铁蛋白", "inflammation", "ng/mL", (0, 2000000), (3, 500000),
            "2276-4", others={"ug/L": 1.0, "mg/L": 1000.0, "pmol/L": 0.445}, log=True),
    _number("procalcitonin_ng_ml", "Procalcitonin", "降钙素原", "inflammation", "ng/mL", (0, 2000),
            (0.01, 500), "33959-8", "75241-0", others={"ug/L": 1.0}, log=True),
)  # fmt: skip


def _cytokine(name: str, label: str, label_zh: str, *loinc: str) -> Input:
    return _number(
        name, label, label_zh, "cytokine", "pg/mL", (0, 5000000), (0, 200000), *loinc,
        others={"ng/L": 1.0}, log=True,
    )  # fmt: skip


_CYTOKINES = (
    _cytokine("il2_pg_ml", "IL-2", "白介素-2"),
    _cytokine("il4_pg_ml", "IL-4", "白介素-4"),
    _cytokine("il6_pg_ml", "IL-6", "白介素-6", "26881-3"),
    _cytokine("il10_pg_ml", "IL-10", "白介素-10", "26848-2"),
    _cytokine("il17a_pg_ml", "IL-17A", "白介素-17A"),
    _cytokine("tnf_pg_ml", "TNF-alpha", "肿瘤坏死因子α", "3074-2"),
    _cytokine("ifn_gamma_pg_ml", "Interferon-gamma", "干扰素γ", "27415-9"),
    _cytokine("mcp1_pg_ml", "MCP-1", "单核细胞趋化蛋白-1"),
    _cytokine("sil2r_pg_ml", "Soluble IL-2 receptor", "可溶性白介素-2受体", "76039-7"),
)

_KPA = 7.5006

_VITALS = (
    _number("temperature_c", "Temperature", "体温", "vital", "Cel", (25, 45), (34, 42), "8310-5",
            "8331-1", others={"[degF]": Conversion(1 / 1.8, -32 / 1.8)}),
    _number("sbp_mmhg", "Systolic pressure", "收缩压", "vital", "mm[Hg]", (20, 320), (60, 240), "8480-6",
            "76534-7", others={"kPa": _KPA}),
    _number("dbp_mmhg", "Diastolic pressure", "舒张压", "vital", "mm[Hg]", (10, 220), (25, 140),
            "8462-4", "76535-4", others={"kPa": _KPA}),
    _number("map_mmhg", "Mean arterial pressure", "平均动脉压", "vital", "mm[Hg]", (15, 250), (40, 170),
            "8478-0", "76536-2", others={"kPa": _KPA}),
    _number("heart_rate_per_min", "Heart rate", "心率", "vital", "/min", (15, 350), (35, 200), "8867-4"),
    _number("respiratory_rate_per_min", "Respiratory rate", "呼吸频率", "vital", "/min", (2, 120), (6, 60),
            "9279-1"),
    _number("spo2_percent", "Oxygen saturation", "血氧饱和度", "vital", "%", (20, 100), (60, 100),
            "59408-5", "2708-6", others={"1": 100.0}),
    _number("fio2_percent", "Inspired oxygen", "吸入氧浓度", "vital", "%", (20, 100), (21, 100), "3150-0",
            others={"1": 100.0}),
    _number("oxygen_flow_l_min", "Oxygen flow", "氧流量", "vital", "L/min", (0, 100), (0, 80), "3151-8"),
    _levels("oxygen_device", "Oxygen device", "给氧方式", "vital",
            room_air=0, nasal_cannula=1, blow_by=1, high_flow_nasal_cannula=2, face_mask=2,
            venturi_mask=2, non_rebreather_mask=2, cpap=3, bipap=3, ventilator=3),
)  # fmt: skip


def _score(
    name: str, label: str, label_zh: str, top: float, *loinc: str, lowest: float = 0
) -> Input:
    bounds = (lowest, top)
    return _number(name, label, label_zh, "neurological", "{score}", bounds, bounds, *loinc)


# A word of rank 0 besides the normal one: the finding is there and has another cause (sedation,
# haemorrhage, a seizure disorder), so it does not count towards ICANS.
OTHER_CAUSE = "other_cause"

_NEUROLOGICAL = (
    _score("ice_orientation", "ICE orientation", "ICE定向力", 4),
    _score("ice_naming", "ICE naming", "ICE命名", 3),
    _score("ice_command", "ICE command", "ICE执行指令", 1),
    _score("ice_writing", "ICE writing", "ICE书写", 1),
    _score("ice_attention", "ICE attention", "ICE注意力", 1),
    _score("ice_score", "ICE score", "ICE评分", 10),
    _score("capd_score", "CAPD score", "CAPD评分", 32),
    _levels("consciousness", "Level of consciousness", "意识水平", "neurological",
            awake=0, other_cause=0, awakens_spontaneously=1, awakens_to_voice=2, awakens_to_touch=3,
            unarousable=4, needs_vigorous_stimuli=4),
    _levels("seizure", "Seizure", "癫痫发作", "neurological",
            none=0, other_cause=0, brief=3, prolonged_or_repetitive=4),
    _levels("motor_weakness", "Deep focal motor weakness", "深部局灶性运动无力", "neurological",
            none=0, other_cause=0, deep_focal_weakness=4),
    _levels("cerebral_oedema", "Raised pressure or oedema", "脑水肿或颅内压升高", "neurological",
            none=0, other_cause=0, focal=3, diffuse_or_herniation_signs=4),
    _score("gcs_eye", "GCS eye opening", "GCS睁眼反应", 4, "9267-6", lowest=1),
    _score("gcs_verbal", "GCS verbal response", "GCS语言反应", 5, "9270-0", lowest=1),
    _score("gcs_motor", "GCS motor response", "GCS运动反应", 6, "9268-4", lowest=1),
)  # fmt: skip

_BODY = (
    _number("body_weight_kg", "Body weight", "体重", "body", "kg", (1, 400), (25, 250), "29463-7",
            others={"g": 0.001, "[lb_av]": 0.45359}),
    _number("height_cm", "Height", "身高", "body", "cm", (30, 250), (120, 220), "8302-2",
            others={"m": 100.0, "[in_i]": 2.54}),
)  # fmt: skip

INPUTS: Mapping[str, Input] = MappingProxyType(
    {
        one.name: one
        for one in (
            *_BLOOD_COUNT, *_CHEMISTRY, *_COAGULATION, *_INFLAMMATION, *_CYTOKINES, *_VITALS,
            *_NEUROLOGICAL, *_BODY,
        )
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CourseField:
    """One fact of a planned course.

    Attributes
    ----------
    kind : {"text", "number", "category", "flag", "timestamp"}
        A flag is true, false or missing.
    legal : tuple
        For numbers (low, high); for categories the legal words; else empty.
    role : {"identifier", "predictor", "afterwards", "record"}
        Only a ``predictor`` may enter a feature matrix; ``afterwards`` is learnt after infusion.
    """

    name: str
    label: str
    label_zh: str
    kind: Literal["text", "number", "category", "flag", "timestamp"]
    role: Literal["identifier", "predictor", "afterwards", "record"]
    unit: str = ""
    legal: tuple[float, float] | tuple[str, ...] = ()


DIAGNOSES = ("LBCL", "FL", "MCL", "MZL", "CLL", "B-ALL", "MM", "gastric", "other")
LYMPHODEPLETION = (
    "fludarabine_cyclophosphamide",
    "bendamustine",
    "cyclophosphamide",
    "other",
    "none",
)

COURSE_FIELDS: Mapping[str, CourseField] = MappingProxyType(
    {
        one.name: one
        for one in (
            CourseField("course_id", "Course", "疗程", "text", "identifier"),
            CourseField("patient_id", "Patient", "患者", "text", "identifier"),
            CourseField("site", "Site", "中心", "text", "record"),
            CourseField("infused_at", "Infused at", "输注时间", "timestamp", "record"),
            CourseField("lymphodepletion_day", "Start of lymphodepletion", "清淋开始日", "number",
                        "predictor", "d", (-60, 0)),
            CourseField("age_years", "Age", "年龄", "number", "predictor", "a", (0, 110)),
            CourseField("sex", "Sex", "性别", "category", "predictor", "", ("female", "male")),
            CourseField("weight_kg", "Weight", "体重", "number", "predictor", "kg", (1, 350)),
            CourseField("diagnosis", "Diagnosis", "诊断", "category", "predictor", "", DIAGNOSES),
            CourseField("product", "Product", "产品", "text", "record"),
            CourseField("manufacturing_site", "Manufacturing site", "生产场地", "text", "record"),
            CourseField("vector_lot", "Vector lot", "载体批号", "text", "identifier"),
            CourseField("dose_car_t_cells", "CAR-T cell dose", "CAR-T细胞剂量", "number", "predictor",
                        "{cells}", (1e3, 1e11)),
            CourseField("lymphodepletion", "Lymphodepletion", "清淋方案", "category", "predictor", "",
                        LYMPHODEPLETION),
            CourseField("prior_lines", "Prior lines", "既往治疗线数", "number", "predictor", "{lines}",
                        (0, 40)),
            CourseField("bridging", "Bridging therapy", "桥接治疗", "flag", "predictor"),
            CourseField("ecog", "ECOG", "ECOG评分", "number", "predictor", "{score}", (0, 5)),
            CourseField("tumour_burden_fraction", "Tumour burden", "肿瘤负荷", "number", "predictor", "1",
                        (0, 1)),
            CourseField("marrow_blasts_fraction", "Marrow blasts", "骨髓原始细胞", "number", "predictor",
                        "1", (0, 1)),
            CourseField("bulky_disease", "Bulky disease", "大包块", "flag", "predictor"),
            CourseField("extramedullary", "Extramedullary disease", "髓外病变", "flag", "predictor"),
            CourseField("cns_history", "CNS disorder in history", "中枢神经系统病史", "flag", "predictor"),
            CourseField("developmental_delay", "Developmental delay", "发育迟缓", "flag", "record"),
            CourseField("calendar_year", "Calendar year", "年份", "number", "record", "a", (2010, 2100)),
            CourseField("second_dose_day", "Second dose", "第二次输注日", "number", "record", "d", (0.5, 60)),
            CourseField("follow_up_days", "End of follow-up", "随访截止日", "number", "afterwards", "d",
                        (-60, 10000)),
            CourseField("discharge_day", "Discharge", "出院日", "number", "afterwards", "d", (-60, 10000)),
            CourseField("readmission_day", "Readmission", "再入院日", "number", "afterwards", "d",
                        (-60, 10000)),
            CourseField("death_day", "Death", "死亡日", "number", "afterwards", "d", (-60, 10000)),
            CourseField("death_cause", "Cause of death", "死亡原因", "category", "afterwards", "",
                        ("CRS", "ICANS", "IEC-HS", "infection", "disease", "other")),
        )
    }
)  # fmt: skip
