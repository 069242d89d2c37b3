import pytest

from features.errors import ProductError
from features.products import PRODUCTS, base_rate, product


@pytest.mark.parametrize("name", ["axi-cel", "YESCARTA", "axicabtagene ciloleucel", " Yikaida "])
def test_any_name_finds_the_product(name):
    assert product(name).name == "axicabtagene ciloleucel"


def test_no_two_products_share_a_name():
    names = [name.casefold() for one in PRODUCTS.values() for name in one.names]
    distinct = {(one.name, name.casefold()) for one in PRODUCTS.values() for name in one.names}
    assert len(set(names)) == len(distinct)


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
