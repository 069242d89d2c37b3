"""What hospitals call things: headings and test names in English and Chinese, by what they mean.

A name is matched whole, after case, spaces and punctuation are taken out; nothing is matched by
likeness, because "IL-2" and "IL-2R" are alike. The labels of :mod:`features.inputs` count as names.
"""

from collections.abc import Mapping
from types import MappingProxyType

from features.inputs import COURSE_FIELDS, INPUTS
from features.sources.csv.as_written import narrow

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
    "temperature_c": ("temp", "body temperature", "Tmax", "最高体温"),
    "sbp_mmhg": ("SBP", "systolic blood pressure", "systolic BP", "systolic", "BP systolic"),
    "dbp_mmhg": ("DBP", "diastolic blood pressure", "diastolic BP", "diastolic", "BP diastolic"),
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
                   "case no", "患者ID", "患者编号", "病人ID", "病历号", "住院号", "编号", "病例号"),
    "site": ("centre", "center", "hospital", "医院"),
    "infused_at": ("infusion date", "infusion time", "date of infusion", "CAR-T infusion date",
                   "day 0 date", "回输日期", "回输时间", "输注日期", "CAR-T回输日期",
                   "CAR-T输注日期", "细胞回输日期"),
    "lymphodepletion_day": ("lymphodepletion date", "lymphodepletion start", "LD start",
                            "清淋日期", "清淋开始日期"),
    "age_years": ("age at infusion", "age (years)"),
    "sex": ("gender",),
    "weight_kg": ("body weight", "wt"),
    "diagnosis": ("disease", "indication", "疾病", "疾病类型"),
    "product": ("CAR-T product", "CART product", "产品名称", "CAR-T产品", "细胞产品"),
    "vector_lot": ("lot", "batch", "批号"),
    "dose_car_t_cells": ("dose", "cell dose", "CAR-T dose", "回输剂量", "输注剂量", "细胞剂量",
                         "回输细胞数"),
    "lymphodepletion": ("LD regimen", "lymphodepletion regimen", "清淋", "预处理方案"),
    "prior_lines": ("lines", "prior therapies", "multiline treatment", "治疗线数", "既往线数"),
    "bridging": ("bridging", "桥接"),
    "ecog": ("ECOG PS", "ECOG", "体能状态"),
    "tumour_burden_fraction": ("tumor burden", "肿瘤负荷比例"),
    "marrow_blasts_fraction": ("blasts", "bone marrow blasts", "problast", "骨髓原始细胞比例",
                               "原始细胞"),
    "follow_up_days": ("last follow-up", "last contact", "last follow up date", "follow-up days",
                       "end of follow-up", "末次随访", "末次随访日期", "随访截止日期", "随访天数"),
    "discharge_day": ("discharge date", "date of discharge", "出院日期"),
    "readmission_day": ("readmission date", "再入院日期"),
    "death_day": ("date of death", "death date", "死亡日期"),
    "death_cause": ("cause of death", "死因"),
}  # fmt: skip

_OF_ROWS: Mapping[str, tuple[str, ...]] = {
    "day": ("day", "date", "relative date", "relative day", "days from infusion",
            "day post infusion", "sample date", "sampling date", "sample time", "sampling time",
            "collected",
            "visit date", "date of visit", "lab date", "date of sample", "assessment date",
            "date of assessment", "collection date", "collection time", "collected at", "taken at",
            "datetime",
            "日期", "时间", "天数", "回输后天数", "输注后天数", "采样日期", "采样时间", "采集时间",
            "采集日期", "标本采集时间", "检验日期", "检测日期", "检查日期", "记录日期", "评估日期"),
    "known_day": ("report time", "reported at", "report date", "result time", "result date",
                  "报告时间", "报告日期", "审核时间"),
    "clock": ("time of day", "clock", "clock time", "时刻", "钟点"),
    "test": ("test", "test name", "analyte", "parameter", "item", "lab test", "项目", "项目名称",
             "检验项目", "检测项目", "检验项目名称", "指标"),
    "value": ("value", "result", "results", "结果", "检验结果", "检测结果", "结果值", "数值"),
    "unit": ("unit", "units", "单位", "结果单位"),
    "reference": ("reference range", "reference", "normal range", "ref range", "参考范围",
                  "参考区间", "参考值", "正常范围"),
    "reference_low": ("lower limit", "ref low", "reference low", "LLN", "参考下限"),
    "reference_high": ("upper limit", "ref high", "reference high", "ULN", "参考上限"),
    "agent": ("drug", "drug name", "medication", "agent", "treatment", "药物", "药品", "药品名称",
              "药物名称", "治疗", "治疗药物"),
    "start_day": ("start", "start date", "started", "begin", "开始日期", "开始时间", "用药日期",
                  "用药时间", "给药时间"),
    "stop_day": ("stop", "stop date", "end", "end date", "结束日期", "结束时间", "停药日期",
                 "停止时间"),
    "dose": ("dose", "剂量", "用量"),
    "dose_unit": ("dose unit", "剂量单位"),
    "route": ("route", "给药途径", "途径"),
    "intent": ("intent", "purpose", "用药目的"),
    "crs_grade": ("CRS", "CRS grade", "CRS分级", "CRS等级", "CRS级别", "细胞因子释放综合征",
                  "细胞因子释放综合征分级"),
    "icans_grade": ("ICANS", "ICANS grade", "ICANS分级", "ICANS等级", "ICANS级别"),
    "iec_hs_grade": ("IEC-HS", "IEC-HS grade", "IEC-HS分级"),
    "icaht_grade": ("ICAHT", "ICAHT grade", "ICAHT分级"),
    "tocilizumab": ("tocilizumab", "toci", "托珠单抗"),
    "corticosteroid": ("steroid", "steroids", "corticosteroids", "dexamethasone", "糖皮质激素",
                       "激素", "地塞米松"),
    "siltuximab": ("siltuximab", "司妥昔单抗"),
    "anakinra": ("anakinra", "阿那白滞素"),
    "vasopressor": ("vasopressors", "升压药", "血管活性药物"),
    "ruxolitinib": ("ruxolitinib", "芦可替尼"),
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
    _by_key({meaning: (meaning, *names) for meaning, names in _OF_ROWS.items()})
)
PERSON_NAMES: Mapping[str, str] = MappingProxyType(
    _by_key({meaning: (meaning, *names) for meaning, names in _OF_PERSONS.items()})
)
