import pytest

from features.errors import ProductError
from features.inputs import DIAGNOSES
from features.product_names import name_key
from features.products import MIXED_RATES, NOT_CAR_T, PRODUCTS, Fact, base_rate, product


@pytest.mark.parametrize("name", ["axi-cel", "YESCARTA", "axicabtagene ciloleucel", " Yikaida "])
def test_any_name_finds_the_product(name):
    assert product(name).name == "axicabtagene ciloleucel"


def test_no_two_products_share_a_name():
    distinct = {(one.name, name_key(name)) for one in PRODUCTS.values() for name in one.names}
    assert len({key for _, key in distinct}) == len(distinct)


IN_CHINA = {
    "axi-cel": "阿基仑赛 奕凯达",
    "brexu-cel": "布瑞基奥仑赛",
    "cilta-cel": "西达基奥仑赛 卡卫荻",
    "relma-cel": "瑞基奥仑赛 倍诺达",
    "eque-cel": "伊基奥仑赛 福可苏",
    "inati-cel": "纳基奥仑赛 源瑞达",
    "zevor-cel": "泽沃基奥仑赛 赛恺泽",
    "pCAR-19B": "普基奥仑赛",
    "lei-ni-ji-ao-lun-sai": "雷尼基奥仑赛",
    "satri-cel": "舒瑞基奥仑赛 恺力美",
}


@pytest.mark.parametrize("short", IN_CHINA)
def test_chinese_names_and_brands_find_the_product(short):
    for name in IN_CHINA[short].split():
        assert product(name).short == short
        assert product(f"{name}注射液").short == short


def test_a_chinese_name_has_its_tag_and_source():
    for one in PRODUCTS.values():
        if one.chinese.names:
            assert one.chinese.tag in ("L", "L2")
            assert one.chinese.source


@pytest.mark.parametrize(
    ("written", "short"),
    [
        ("ＫＴＥ－Ｃ１９", "axi-cel"),
        ("Yescarta®", "axi-cel"),
        ("AXI CEL", "axi-cel"),
        ("Axicabtagene–ciloleucel injection", "axi-cel"),
        ("阿基仑赛注射液（奕凯达）", "axi-cel"),
        ("relma-cel (Carteyva, 倍诺达)", "relma-cel"),
        ("CNCT19细胞注射液", "inati-cel"),
    ],
)
def test_ways_of_writing_never_make_another_product(written, short):
    assert product(written).short == short


@pytest.mark.parametrize(
    "written", ["Yescarta (Kymriah)", "axi-cel for Mr. No", "()", "注射液", ""]
)
def test_a_text_that_says_more_than_names_of_one_product_is_none(written):
    with pytest.raises(ProductError) as caught:
        product(written)
    assert caught.value.kind == "unknown"


def test_what_is_no_car_t_is_known_in_chinese_too():
    with pytest.raises(ProductError, match="bispecific antibody") as caught:
        product("贝林妥欧单抗注射液")
    assert caught.value.kind == "not_car_t"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Blincyto", "bispecific antibody"),
        ("lifileucel", "tumour-infiltrating lymphocytes"),
        ("afami-cel", "T-cell receptor therapy"),
        ("Zolgensma", "AAV gene therapy"),
    ],
)
def test_what_is_no_car_t_is_refused_by_name(name, kind):
    with pytest.raises(ProductError, match=kind) as caught:
        product(name)
    assert caught.value.kind == "not_car_t"


def test_an_unknown_product_is_told_apart_and_a_near_name_is_offered():
    with pytest.raises(ProductError, match="Did you mean axicabtagene") as caught:
        product("axi-cell")
    assert caught.value.kind == "unknown"


def test_a_rate_whose_source_was_not_read_never_becomes_a_base_rate():
    for one in PRODUCTS.values():
        for toxicity in ("CRS", "ICANS"):
            for grade in (1, 3):
                found = base_rate(one.name, toxicity, grade)
                if found and found.level == "product":
                    sources = {rate.source for rate in one.rates if rate.usable}
                    assert set(found.source.split("; ")) <= sources


def test_a_rate_on_another_scale_falls_back_to_the_class_and_says_so():
    rate = base_rate("axi-cel", "CRS", 3, "LBCL")  # published on the Lee scale only
    assert rate.level == "class"
    assert "CD19 x CD28" in rate.source
    assert rate.value == pytest.approx(0.11)


def test_the_class_rate_of_the_same_disease_comes_first():
    rate = base_rate("liso-cel", "CRS", 3, "LBCL")  # tisa-cel in LBCL, not in B-ALL
    assert rate.value == pytest.approx(0.05)
    assert "in LBCL" in rate.source


def test_the_penn_scale_never_enters():
    assert base_rate("tisa-cel", "CRS", 3, "B-ALL").value == pytest.approx(0.164)


def test_nothing_is_invented_for_a_class_without_rates():
    assert base_rate("satri-cel", "CRS", 3) is None


# What the evidence table lists: short name -> target, costimulation, every name it gives.
LISTED = {
    "tisa-cel": ("CD19", "4-1BB", "tisagenlecleucel Kymriah CTL019"),
    "axi-cel": ("CD19", "CD28", "Yescarta Yikaida KTE-C19"),
    "brexu-cel": ("CD19", "CD28", "Tecartus KTE-X19 FKC889"),
    "liso-cel": ("CD19", "4-1BB", "Breyanzi JCAR017"),
    "ide-cel": ("BCMA", "4-1BB", "Abecma bb2121"),
    "cilta-cel": ("BCMA", "4-1BB", "Carvykti LCAR-B38M JNJ-4528"),
    "obe-cel": ("CD19", "4-1BB", "Aucatzyl AUTO1"),
    "relma-cel": ("CD19", "4-1BB", "Carteyva JWCAR029"),
    "eque-cel": ("BCMA", "4-1BB", "Fucaso CT103A"),
    "inati-cel": ("CD19", "4-1BB", "CNCT19"),
    "zevor-cel": ("BCMA", "4-1BB", "CT053"),
    "pCAR-19B": ("CD19", "not stated", "pu-ji-ao-lun-sai"),
    "lei-ni-ji-ao-lun-sai": ("CD19", "not stated", "lei-ni-ji-ao-lun-sai"),
    "satri-cel": ("CLDN18.2", "CD28", "CT041"),
    "tali-cel": ("CD19", "4-1BB", "NexCAR19"),
    "varni-cel": ("CD19", "4-1BB", "Qartemi ARI-0001 varnimcabtagene"),
}
RXNORM_AND_OMOP = {
    "axi-cel": (1987398, 792844),
    "tisa-cel": (1986438, 792737),
    "brexu-cel": (2387277, 37002369),
    "liso-cel": (2479136, 739856),
    "ide-cel": (2536430, 36026868),
    "cilta-cel": (2594775, 779144),
}
TAGS = {"L", "L2", "Mh", "Mm", "NR"}
EVERY_RATE = [
    *((one.short, rate) for one in PRODUCTS.values() for rate in one.rates),
    *(("mixed", rate) for rate in MIXED_RATES),
]


@pytest.mark.parametrize("short", LISTED)
def test_every_listed_product_is_found_by_each_of_its_names(short):
    target, costimulation, names = LISTED[short]
    found = product(short)
    assert (found.target, found.costimulation) == (target, costimulation)
    for name in names.split():
        assert product(name.upper()) is found
    for name in found.names:
        assert product(name) is found


def test_no_product_is_unlisted():
    shorts = {one.short for one in PRODUCTS.values()}
    assert shorts - set(LISTED) == {"investigational CD19", "investigational BCMA"}


@pytest.mark.parametrize("one", PRODUCTS.values(), ids=lambda one: one.short)
def test_every_statement_about_a_product_is_tagged_and_its_codes_are_known(one):
    facts = [one.identity, *one.dose, one.lymphodepletion, *one.warnings]
    assert all(fact.text and fact.tag in TAGS for fact in facts)
    assert {one.costimulation_tag, *one.code_names.values()} <= TAGS
    assert one.source
    assert set(one.indications) <= set(DIAGNOSES)
    known = RXNORM_AND_OMOP.get(one.short, (None, None))
    assert (one.rxnorm, one.omop) == known
    if one.target in ("BCMA", "CD19"):
        assert any("T-cell malignancies" in fact.text for fact in one.warnings)


def test_only_what_was_found_nowhere_reliable_is_unconfirmed():
    assert [one.short for one in PRODUCTS.values() if not one.confirmed] == ["lei-ni-ji-ao-lun-sai"]


def test_a_split_dose_names_each_dose():
    split = [one for one in PRODUCTS.values() if one.split_dose]
    assert [one.short for one in split] == ["obe-cel"]
    doses = " ".join(fact.text for fact in split[0].dose)
    assert all(number in doses for number in ("10e6", "400e6", "100e6", "310e6", "410e6"))


@pytest.mark.parametrize(("short", "rate"), EVERY_RATE)
def test_every_rate_has_scale_set_source_and_tag(short, rate):
    assert rate.scale in ("ASTCT", "Lee", "Penn", "CTCAE, CARTOX", "not stated")
    assert rate.analysis_set
    assert rate.source
    assert rate.tag in TAGS - {"NR"}
    assert rate.verified == (rate.tag in ("L", "L2"))
    assert 0.0 <= rate.value <= 1.0
    assert 1 <= rate.min_grade <= 5
    assert rate.diagnosis in (*DIAGNOSES, "any")
    if rate.numerator is not None:
        # shares are published in whole percent or better
        assert rate.value == pytest.approx(rate.numerator / rate.denominator, abs=0.0051)


def test_a_more_severe_grade_is_never_more_frequent_in_one_analysis_set():
    for one in PRODUCTS.values():
        for rate in one.rates:
            for other in one.rates:
                same = (rate.analysis_set, rate.toxicity) == (other.analysis_set, other.toxicity)
                if same and rate.diagnosis == other.diagnosis and rate.min_grade < other.min_grade:
                    assert other.value <= rate.value


def test_patients_enter_a_prior_once():
    for one in PRODUCTS.values():
        sets = {rate.analysis_set for rate in one.rates}
        for rate in one.rates:
            assert not (rate.overlaps and rate.usable)
            assert rate.overlaps in sets | {""}
            assert rate.overlaps != rate.analysis_set


@pytest.mark.parametrize(
    ("name", "toxicity", "min_grade", "diagnosis", "value", "patients", "level"),
    [
        ("tisa-cel", "CRS", 3, "B-ALL", 0.164, 703, "product"),
        ("tisa-cel", "CRS", 3, "LBCL", 0.05, 155, "product"),
        # (0.164 x 703 + 0.05 x 155) / 858
        ("tisa-cel", "CRS", 3, None, 0.14340559, 858, "product"),
        ("axi-cel", "ICANS", 3, "LBCL", 0.19, 533, "product"),
        ("brexu-cel", "ICANS", 3, "MCL", 0.30, 476, "product"),
        ("cilta-cel", "CRS", 3, "MM", 0.05, 236, "product"),
        ("obe-cel", "CRS", 3, "B-ALL", 0.03, 100, "product"),
        ("ide-cel", "CRS", 3, "MM", 0.05, 236, "class"),
    ],
)
def test_what_a_longer_catalogue_must_not_shift(
    name, toxicity, min_grade, diagnosis, value, patients, level
):
    rate = base_rate(name, toxicity, min_grade, diagnosis)
    assert (rate.patients, rate.level) == (patients, level)
    assert rate.value == pytest.approx(value)


@pytest.mark.parametrize("name", ["pCAR-19B", "lei-ni-ji-ao-lun-sai"])
def test_a_product_of_unknown_costimulation_borrows_no_class_rate(name):
    assert base_rate(name, "CRS", 3) is None


KINDS = {
    "T-cell receptor therapy": "afami-cel lete-cel Tecelra",
    "tumour-infiltrating lymphocytes": "lifileucel Amtagvi",
    "bispecific antibody": "blinatumomab teclistamab talquetamab elranatamab glofitamab "
    "epcoritamab mosunetuzumab tarlatamab odronextamab linvoseltamab",
    "bispecific T-cell receptor protein": "tebentafusp",
    "AAV gene therapy": "Zolgensma Luxturna Roctavian Hemgenix Beqvez Elevidys",
    "gene-modified stem cells": "exa-cel beti-cel eli-cel lovo-cel Lenmeldy",
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_relative_is_refused_with_its_kind(kind):
    for name in KINDS[kind].split():
        with pytest.raises(ProductError, match=kind) as caught:
            product(name.lower())
        assert caught.value.kind == "not_car_t"


def test_nothing_is_both_a_car_t_and_none():
    names = {name_key(name) for one in PRODUCTS.values() for name in one.names}
    assert not names & {name_key(name) for name in NOT_CAR_T}


def test_a_believed_statement_is_not_verified():
    assert Fact("x", "L2").verified
    assert not Fact("x", "Mh").verified
    assert not Fact("x", "NR").verified
