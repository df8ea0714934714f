"""Whether a text that a document shows is what is printed: numbers may differ by one unit of the last digit shown, and gaps
that are rounding by anything, as on another processor."""
import decimal
import re

NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def numbers_agree(shown, printed):
    if abs(float(shown)) < 1e-9 > abs(float(printed)):
        return True
    a, b = decimal.Decimal(shown), decimal.Decimal(printed)
    last = max(a.as_tuple().exponent, b.as_tuple().exponent)
    return abs(a.as_tuple().exponent - b.as_tuple().exponent) <= 1 and abs(a - b) <= decimal.Decimal(10) ** last


def agree(shown, printed):
    if NUMBER.sub("#", shown).split() != NUMBER.sub("#", printed).split():
        return False
    return all(map(numbers_agree, NUMBER.findall(shown), NUMBER.findall(printed)))
