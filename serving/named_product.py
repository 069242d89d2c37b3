"""The product that a request names, or why there is none to answer for."""

from features.errors import ProductError
from features.products import PRODUCTS, Product, product


def named_product(name: str | None) -> tuple[Product | None, str, str]:
    """Return the product, or why there is none; an unknown name is not repeated."""
    if name is None:
        return None, "no_product", "No product is named. Give course.product."
    try:
        return product(name), "", ""
    except ProductError as reason:
        if reason.kind == "not_car_t":
            return None, "not_a_car_t", str(reason)  # a name of the catalogue: safe to repeat
    text = f"The product is not in the CAR-T catalogue. Known: {_known_products()}."
    return None, "unknown_product", text


def _known_products() -> str:
    return ", ".join(one.short for one in PRODUCTS.values())
