"""What hospitals call things: headings and test names in English and Chinese, by what they mean.

A name is matched whole, after case, spaces and punctuation are taken out; nothing is matched by
likeness, because "IL-2" and "IL-2R" are alike. The labels of :mod:`features.inputs` count as names.
"""

from collections.abc import Mapping
from types import MappingProxyType

from features.inputs import COURSE_FIELDS, INPUTS
from features.sources.csv.as_written import narrow
from features.sources.csv.headings_of_rows import HEADINGS_OF_ROWS

GRADES: Mapping[str, str] = MappingProxyType(
    {
        "crs_grade": "CRS", "icans_grade": "ICANS", "iec_hs_grade": "IEC-HS",
        "icaht_grade": "ICAHT",
    }
)  # fmt: skip
"""Columns that hold a grade, and the toxicity that each one grades."""

BIRTH = "birth_date"
PERSON = ("patient_name", BIRTH)
"""Columns that tell one person from another: compared within an id, never kept."""

_NO_SIGNS = str.maketrans("", "", " _-–.·:/\\'\"()[]")

_OF_INPUTS: Mapping[str, tuple[str, ...]] = {
    "wbc_10e9_l": ("WBC", "white blood cells", "white blood cell count", "leukocyte", "leukocytes",
                   "leucocytes", "白细胞计数", "白细胞数"),
    "anc_10e9_l": ("ANC", "NEUT", "NEUT#", "NE#", "neutrophil", "neutrophil count",
                   "absolute neutrophil count", "中性粒细胞", "中性粒细胞数", "中性粒细胞绝对值",
                   "中性粒细胞绝对计数"),
    "alc_10e9_l": ("ALC", "LYM", "LYMPH", "LYM#", "LY#", "LYMPH#", "lymphocyte", "lymphocyte count",
                   "absolute lymphocyte count", "淋巴细胞", "淋巴细胞数", "淋巴细胞绝对值"),
    "monocytes_10e9_l": ("MONO", "MONO#", "MO#", "monocyte", "monocyte count", "单核细胞",
                         "单核细胞绝对值"),
    "neutrophils_percent": ("NEUT%", "NE%", "neutrophil percentage", "neutrophils %", "中性粒细胞%",
                            "中性粒细胞比率", "中性粒细胞比例"),
    "lymphocytes_percent": ("LYM%", "LY%", "LYMPH%", "lymphocyte percentage", "lymphocytes %",
                            "淋巴细胞%", "淋巴细胞比率"),
    "monocytes_percent": ("MONO%", "MO%", "monocyte percentage", "monocytes %", "单核细胞%",
                          "单核细胞比率"),
    "haemoglobin_g_dl": ("HGB", "Hb", "hemoglobin", "血红蛋白浓度", "血红蛋白测定"),
    "rbc_10e12_l": ("RBC", "red blood cell", "red blood cells", "erythrocytes", "红细胞计数"),
    "platelets_10e9_l": ("PLT", "platelet", "platelet count", "thrombocytes", "血小板计数"),
    "ldh_u_l": ("LDH", "LD", "lactate dehydrogenase", "乳酸脱氢酶测定"),
    "hbdh_u_l": ("HBDH", "alpha hydroxybutyrate dehydrogenase", "α羟丁酸脱氢酶", "羟丁酸脱氢酶"),
    "creatinine_mg_dl": ("CREA", "CR", "SCR", "serum creatinine", "血肌酐", "肌酐测定"),
    "ast_u_l": ("AST", "GOT", "glutamic oxalacetic transaminase", "谷草转氨酶",
                "天门冬氨酸氨基转移酶"),
    "alt_u_l": ("ALT", "GPT", "glutamic pyruvic transaminase", "谷丙转氨酶"),
    "alp_u_l": ("ALP", "AKP"),
    "ggt_u_l": ("GGT", "γ-GT", "gamma glutamyl transpeptidase", "谷氨酰转肽酶", "γ-谷氨酰转肽酶"),
    "bilirubin_mg_dl": ("TBIL", "total bilirubin", "胆红素"),
    "albumin_g_dl": ("ALB",),
    "prealbumin_mg_dl": ("PA", "前清蛋白"),
    "sodium_mmol_l": ("Na", "Na+", "血钠", "钠离子"),
    "potassium_mmol_l": ("K", "K+", "血钾", "钾离子"),
    "chloride_mmol_l": ("Cl", "Cl-", "chlorine", "血氯", "氯离子"),
    "calcium_mmol_l": ("Ca", "total calcium", "血钙", "总钙"),
    "uric_acid_umol_l": ("UA", "URIC", "血尿酸"),
    "glucose_mmol_l": ("GLU", "blood glucose", "葡萄糖"),
    "triglycerides_mg_dl": ("TG", "triglyceride", "三酰甘油"),
    "bnp_pg_ml": ("type B natriuretic peptide", "脑钠肽", "脑利钠肽"),
    "d_dimer_ng_ml_feu": ("D-dimer", "DD", "D二聚体", "D-二聚体测定"),
    "fibrinogen_mg_dl": ("FIB", "FBG", "血浆纤维蛋白原"),
    "pt_s": ("PT", "plasma prothrombin time", "血浆凝血酶原时间"),
    "inr": ("PT-INR", "PTINR"),
    "aptt_s": ("APTT", "activated partial prothrombin time",
               "activated partial thromboplastin time", "部分凝血活酶时间"),
    "crp_mg_l": ("C-reactive protein", "C-反应蛋白", "hs-CRP", "hsCRP",
                 "high-sensitivity CRP", "超敏C反应蛋白", "高敏C反应蛋白"),
    "ferritin_ng_ml": ("FER", "serum ferritin", "SF", "血清铁蛋白"),
    "procalcitonin_ng_ml": ("PCT", "降钙素原测定"),
    "il2_pg_ml": ("IL2", "interleukin-2", "白细胞介素-2", "白介素2"),
    "il4_pg_ml": ("IL4", "interleukin-4", "白细胞介素-4", "白介素4"),
    "il6_pg_ml": ("IL6", "interleukin-6", "白细胞介素-6", "白介素6"),
    "il10_pg_ml": ("IL10", "interleukin-10", "白细胞介素-10", "白介素10"),
    "il17a_pg_ml": ("IL17A", "IL-17", "interleukin-17A", "白细胞介素-17A"),
    "tnf_pg_ml": ("TNFα", "TNF-α", "TNF", "TNFa", "肿瘤坏死因子-α", "肿瘤坏死因子"),
    "ifn_gamma_pg_ml": ("IFNγ", "IFN-γ", "IFN-gamma", "γ-干扰素", "干扰素-γ"),
    "mcp1_pg_ml": ("MCP1", "CCL2"),
    "sil2r_pg_ml": ("sIL-2R", "sCD25", "soluble CD25", "可溶性CD25"),
    "temperature_c": ("temp", "body temperature", "Tmax", "temp max", "max temp",
                      "maximum temperature", "highest temperature", "最高体温"),
    "sbp_mmhg": ("SBP", "systolic blood pressure", "systolic BP", "systolic", "BP systolic",
                 "BP sys", "sys BP"),
    "dbp_mmhg": ("DBP", "diastolic blood pressure", "diastolic BP", "diastolic", "BP diastolic",
                 "BP dia", "dia BP"),
    "map_mmhg": ("MAP",),
    "heart_rate_per_min": ("HR", "pulse", "脉搏"),
    "respiratory_rate_per_min": ("RR", "resp rate", "呼吸"),
    "spo2_percent": ("SpO2", "O2 sat", "氧饱和度", "指脉氧"),
    "fio2_percent": ("FiO2",),
    "oxygen_flow_l_min": ("O2 flow", "吸氧流量"),
    "oxygen_device": ("O2 device", "吸氧方式"),
    "ice_score": ("ICE", "ICE total", "ICE总分"),
    "body_weight_kg": ("weight", "wt"),
    "height_cm": ("ht",),
}  # fmt: skip

_OF_COURSES: Mapping[str, tuple[str, ...]] = {
    "course_id": ("course id", "疗程号", "疗程编号"),
    "patient_id": ("patient id", "patient no", "subject id", "subject", "pat id", "ID", "MRN",
                   "case no", "case number", "case id", "patient", "patient number",
                   "patient identifier", "patient code", "patient pseudonym", "pseudonym", "pt",
                   "pt id", "pt no", "subject no", "subject number", "subject identifier",
                   "USUBJID", "SUBJID", "study id", "study no", "study number", "participant id",
                   "participant", "record id", "person id", "hospital number", "hospital no",
                   "hospital id", "medical record number", "medical record no", "chart no",
                   "inpatient no", "inpatient number", "registration no", "UPN", "UPID",
                   "患者ID", "患者编号", "病人ID", "病历号", "住院号", "编号", "病例号", "患者",
                   "患者号", "患者编码", "患者代码", "患者唯一号", "患者识别号", "病人号",
                   "病人编号", "病案号", "住院号码", "住院编号", "住院病历号", "登记号", "门诊号",
                   "就诊卡号", "受试者", "受试者编号", "受试者号", "入组号", "筛选号", "研究编号",
                   "研究号", "个案号"),
    "site": ("centre", "center", "hospital", "医院"),
    "infused_at": ("infusion date", "infusion time", "date of infusion", "CAR-T infusion date",
                   "date of CAR-T infusion", "CAR-T date", "CART date", "CART infusion date",
                   "date of CAR-T", "cell infusion date", "date of cell infusion", "infused",
                   "infused on", "infusion", "CAR-T infusion", "reinfusion date",
                   "reinfusion time", "infusion date/time",
                   "day 0 date", "date of day 0", "D0 date", "回输日期", "回输时间", "输注日期",
                   "输注时间", "回输日", "输注日", "CAR-T回输日期", "CAR-T回输时间",
                   "CAR-T输注日期", "CAR-T输注时间", "CAR-T细胞回输日期", "CAR-T细胞回输时间",
                   "细胞回输日期", "细胞回输时间", "细胞输注日期", "细胞输注时间", "D0日期"),
    "lymphodepletion_day": ("lymphodepletion date", "lymphodepletion start", "LD start",
                            "清淋日期", "清淋开始日期"),
    "age_years": ("age at infusion", "age (years)"),
    "sex": ("gender",),
    "weight_kg": ("body weight", "wt"),
    "diagnosis": ("disease", "indication", "疾病", "疾病类型"),
    "product": ("CAR-T product", "CART product", "产品名称", "CAR-T产品", "细胞产品"),
    "vector_lot": ("lot", "batch", "批号"),
    "dose_car_t_cells": ("dose", "cell dose", "CAR-T dose", "cells", "cells infused",
                         "infused cells", "cell number", "回输剂量", "输注剂量", "细胞剂量",
                         "回输细胞数"),
    "lymphodepletion": ("LD regimen", "lymphodepletion regimen", "清淋", "预处理方案"),
    "prior_lines": ("lines", "prior therapies", "multiline treatment", "治疗线数", "既往线数"),
    "bridging": ("bridging", "桥接"),
    "ecog": ("ECOG PS", "ECOG", "体能状态"),
    "tumour_burden_fraction": ("tumor burden", "肿瘤负荷比例"),
    "marrow_blasts_fraction": ("blasts", "bone marrow blasts", "problast", "骨髓原始细胞比例",
                               "原始细胞"),
    "follow_up_days": ("last follow-up", "last contact", "last follow up date", "follow-up days",
                       "end of follow-up", "last seen", "last seen on", "date last seen",
                       "last visit", "date of last contact", "date of last follow-up",
                       "末次随访", "末次随访日期", "随访截止日期", "随访天数"),
    "discharge_day": ("discharge date", "date of discharge", "discharged", "discharged on",
                      "出院日期", "出院时间"),
    "readmission_day": ("readmission date", "readmitted on", "readmitted", "再入院日期"),
    "death_day": ("date of death", "death date", "died on", "died", "死亡日期", "死亡时间"),
    "death_cause": ("cause of death", "死因"),
}  # fmt: skip

_OF_PERSONS: Mapping[str, tuple[str, ...]] = {
    "patient_name": ("patient name", "name of patient", "name", "full name", "姓名", "患者姓名",
                     "病人姓名"),
    BIRTH: ("birth date", "date of birth", "birthdate", "DOB", "born", "出生日期", "生日"),
}  # fmt: skip

CAUTIONS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("hscrp", "highsensitivitycrp", "超敏c反应蛋白", "高敏c反应蛋白"),
            "a high-sensitivity assay ends low and may report every high value as its upper limit",
        ),
        "pct": "taken as procalcitonin; in a blood count PCT is the plateletcrit",
        "pa": "taken as prealbumin",
        "cr": "taken as creatinine",
        "sf": "taken as serum ferritin",
        **dict.fromkeys(
            ("patient", "pt", "subject", "participant", "患者", "受试者"),
            "taken as the id of the patient; map a name as patient_name, it is not kept then",
        ),
        **dict.fromkeys(
            ("ddimer", "dd", "d二聚体", "d二聚体测定"),
            "say whether FEU or DDU is meant: they differ about twofold",
        ),
        **dict.fromkeys(
            ("neut", "lym", "lymph", "mono", "中性粒细胞", "淋巴细胞", "单核细胞", "neutrophil",
             "lymphocyte", "monocyte", "neutrophils", "lymphocytes", "monocytes"),
            "taken as the count; with a unit of % it is the share",
        ),
    }
)  # fmt: skip
"""Names that may mislead, and why; the draft shows it beside the guess."""

SHARES: Mapping[str, str] = MappingProxyType(
    {
        "anc_10e9_l": "neutrophils_percent", "alc_10e9_l": "lymphocytes_percent",
        "monocytes_10e9_l": "monocytes_percent",
    }
)  # fmt: skip
"""A count and the share that bears the same name."""


def key_of(name: str) -> str:
    """Return what is compared of a name: no case, no spaces, no punctuation."""
    return narrow(name).casefold().translate(_NO_SIGNS)


def _by_key(names: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {key_of(name): meaning for meaning, every in names.items() for name in every}


_LABELLED_INPUTS = {
    name: (name, one.label, one.label_zh, *_OF_INPUTS.get(name, ())) for name, one in INPUTS.items()
}
_LABELLED_COURSES = {
    name: (name, one.label, one.label_zh, *_OF_COURSES.get(name, ()))
    for name, one in COURSE_FIELDS.items()
}
INPUT_NAMES: Mapping[str, str] = MappingProxyType(_by_key(_LABELLED_INPUTS))
COURSE_NAMES: Mapping[str, str] = MappingProxyType(_by_key(_LABELLED_COURSES))
ROW_NAMES: Mapping[str, str] = MappingProxyType(
    _by_key({meaning: (meaning, *names) for meaning, names in HEADINGS_OF_ROWS.items()})
)
PERSON_NAMES: Mapping[str, str] = MappingProxyType(
    _by_key({meaning: (meaning, *names) for meaning, names in _OF_PERSONS.items()})
)
