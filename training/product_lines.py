"""The product catalogue in lines that a person reads: one a product, or one product in full."""

from collections.abc import Iterator

from features.products import MIXED_RATES, PRODUCTS, ChineseNames, Fact, Product, Rate, product

NOT_VERIFIED = "not verified"
LEGEND = (
    f"[L] source read, [L2] secondary source read; {NOT_VERIFIED}: [Mh] believed with high or [Mm] "
    "medium confidence, [NR] not reported. What is not verified is for checking data: it enters no "
    "prior and is never shown to a clinician."
)


def catalogue_lines() -> list[str]:
    """Return one line a product, and how to read more."""
    width = max(len(one.short) for one in PRODUCTS.values())
    return [
        *(_line(one, width) for one in PRODUCTS.values()),
        "",
        "products NAME prints one in full, by any of its names; products mixed prints the rates of "
        "cohorts of several products.",
        LEGEND,
    ]


def product_lines(name: str) -> list[str]:
    """Return everything the catalogue holds of one product.

    Raises
    ------
    ProductError
        For a name that is not in the catalogue, or that is no CAR-T product.
    """
    if name.casefold() == "mixed":
        return ["Cohorts of several products:", *map(_rate_line, MIXED_RATES), "", LEGEND]
    return [*_in_full(product(name)), "", LEGEND]


def _line(one: Product, width: int) -> str:
    brands = f" ({', '.join(one.brands)})" if one.brands else ""
    read = sum(rate.verified for rate in one.rates)
    doubt = "" if one.confirmed else "; UNCONFIRMED"
    return (
        f"{one.short:<{width}}  {one.name}{brands}: {one.target} x {one.costimulation}; "
        f"{', '.join(one.indications) or 'no indication'}; "
        f"{len(one.rates)} rates, {read} verified{doubt}"
    )


def _in_full(one: Product) -> Iterator[str]:
    yield f"{one.name} ({one.short})"
    if not one.confirmed:
        yield "  UNCONFIRMED: said to be approved, no reliable source found"
    yield f"  brands           {', '.join(one.brands) or 'none known'}"
    codes = [f"{code} {_tagged(tag)}" for code, tag in one.code_names.items()]
    yield f"  code names       {', '.join(codes) or 'none known'}"
    if one.chinese.names:
        yield f"  in Chinese       {_in_chinese(one.chinese)}"
    if one.aliases:
        yield f"  also called      {', '.join(one.aliases)}"
    detail = f", {one.target_detail}" if one.target_detail else ""
    yield f"  target           {one.target}{detail} {_tagged(one.identity.tag)}"
    yield f"  costimulation    {one.costimulation} {_tagged(one.costimulation_tag)}"
    yield f"  vector           {one.vector} {_tagged(one.identity.tag)}"
    yield f"  indications      {', '.join(one.indications) or 'none'}: {_said(one.identity)}"
    for dose in one.dose or (Fact("not reported", "NR"),):
        yield f"  dose             {_said(dose)}"
    yield f"  lymphodepletion  {_said(one.lymphodepletion)}"
    for warning in one.warnings:
        yield f"  label            {_said(warning)}"
    yield f"  RxNorm, OMOP     {one.rxnorm or 'not known'}, {one.omop or 'not known'}"
    yield f"  source           {one.source}"
    yield "  rates            of infused patients" if one.rates else "  rates            none found"
    for rate in one.rates:
        yield f"    {_rate_line(rate)}"


def _in_chinese(said: ChineseNames) -> str:
    brands = f" (brand {', '.join(said.brands)})" if said.brands else ""
    return f"{', '.join(said.names)}{brands} {_tagged(said.tag)}; {said.source}"


def _rate_line(rate: Rate) -> str:
    of = _counts(rate)
    extra = [rate.note, f"patients also in {rate.overlaps}" if rate.overlaps else ""]
    notes = "".join(f"; {text}" for text in extra if text)
    return (
        f"{rate.toxicity} >= {rate.min_grade} in {rate.diagnosis}: {100 * rate.value:.3g} %{of}, "
        f"scale {rate.scale}; {rate.analysis_set}; {rate.source} {_tagged(rate.tag)}{notes}"
    )


def _counts(rate: Rate) -> str:
    if rate.denominator is None:
        return ""
    return f" ({'' if rate.numerator is None else f'{rate.numerator} '}of {rate.denominator})"


def _said(fact: Fact) -> str:
    return f"{fact.text} {_tagged(fact.tag)}"


def _tagged(tag: str) -> str:
    return f"[{tag}]" if Fact("", tag).verified else f"[{tag}, {NOT_VERIFIED}]"
