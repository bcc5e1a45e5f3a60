"""How numbers and names are written in the report."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from perftransfer import learners, strategies
from perftransfer.lazy import pd

#: What stands where there is no number.
NOTHING = "–"

# The paper's strategies in the order in which they build upon each other; others follow by name.
_READING_ORDER = ("RS", "GS", "DM", "LMS", "NLMS")
_LARGEST_PERCENT = 10_000
_FEWEST = 4  # values from which quartiles say something


def number(value: float, digits: int = 2) -> str:
    """Write a number with so many significant digits, those before the point never cut.

    >>> number(7.44), number(9.96), number(123.4), number(0.5), number(12345.6)
    ('7.4', '10', '123', '0.50', '12,346')
    """
    if not math.isfinite(value):
        return NOTHING
    if value == 0:
        return "0"
    # Rounded first: 9.96 has two digits before the point, though it does not look so.
    rounded = float(f"{value:.{digits}g}")
    after = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    return f"{value:,.{after}f}".replace("-", "−")


def percent(value: float) -> str:
    """Write a percentage: whole numbers from 10 on, one digit after the point below.

    >>> percent(12.4), percent(7.44), percent(9.97), percent(0.03), percent(0), percent(123456)
    ('12 %', '7.4 %', '10 %', 'below 0.1 %', '0 %', 'over 10,000 %')
    """
    if math.isnan(value):
        return NOTHING
    if value > _LARGEST_PERCENT:
        return f"over {_LARGEST_PERCENT:,} %"
    if 0 < value < 0.05:
        return "below 0.1 %"
    if value == 0:
        return "0 %"
    text = f"{value:.1f}" if abs(value) < 9.95 else f"{value:,.0f}"
    return f"{text.replace('-', '−')} %"


def signed_percent(value: float) -> str:
    """Write a relative change in percent, with its sign.

    >>> signed_percent(12.4), signed_percent(-7.44), signed_percent(0.03)
    ('+12 %', '−7.4 %', '0 %')
    """
    if math.isnan(value):
        return NOTHING
    if abs(value) < 0.05:
        return "0 %"
    return f"{'+' if value > 0 else ''}{percent(value)}"


def quartiles(values: pd.Series) -> str:
    """Write the first and third quartile of percentages, "" of fewer than four: they would say nothing.

    >>> import pandas
    >>> quartiles(pandas.Series([1.0, 2.0, 3.0, 40.0])), quartiles(pandas.Series([1.0]))
    ('1.8 to 12', '')
    """
    # Between a number and infinity there is no quartile.
    if len(values) < _FEWEST or not values.abs().max() < math.inf:
        return ""
    low, high = (percent(float(values.quantile(part))).removesuffix(" %") for part in (0.25, 0.75))
    return f"{low} to {high}"


def correlation(value: float) -> str:
    """Write a correlation.

    >>> correlation(0.831), correlation(-0.2)
    ('0.83', '−0.20')
    """
    return NOTHING if math.isnan(value) else f"{value:.2f}".replace("-", "−")


def count(n: int, what: str) -> str:
    """Write how many there are of something.

    >>> count(1, "measurement"), count(1200, "measurement")
    ('1 measurement', '1,200 measurements')
    """
    return f"{n:,} {what}" + ("" if n == 1 else "s")


def between(low: str, high: str) -> str:
    """Write a range, or one value where both are written alike.

    >>> between("5.1 %", "12 %"), between("2 %", "2 %")
    ('5.1 % to 12 %', '2 %')
    """
    return low if low == high else f"{low} to {high}"


def listed(items: Iterable[object], most: int | None = None) -> str:
    """Write a list as people say it, cut after ``most`` items.

    >>> listed("abc"), listed("abcde", most=3), listed("a")
    ('a, b and c', 'a, b, c and 2 more', 'a')
    """
    texts = [str(item) for item in items]
    if most is not None and len(texts) > most + 1:
        texts = [*texts[:most], f"{len(texts) - most} more"]
    return " and ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))


def in_reading_order(names: Iterable[str]) -> list[str]:
    """Sort strategies: the paper's as it introduces them, then the others by name."""
    order = {name: i for i, name in enumerate(_READING_ORDER)}
    return sorted(set(names), key=lambda name: (order.get(name, len(order)), name))


def strategy_title(name: str) -> str:
    """Return what a strategy is called in words; its name again where nothing is known of it."""
    return str(strategies.load(name).title) if name in strategies.names() else name


def learner_title(name: str) -> str:
    """Return what a learner is called in words; its name again where nothing is known of it."""
    return learners.load(name).title if name in learners.names() else name


def full_strategy(name: str) -> str:
    """Return title and abbreviation: ``linear model shift (LMS)``."""
    title = strategy_title(name)
    return name if title == name else f"{title} ({name})"


def capital(text: str) -> str:
    """Return ``text`` as a sentence begins."""
    return text[:1].upper() + text[1:]


def environment_labels(environments: Sequence[Mapping[str, object]]) -> dict[str, str]:
    """Map the name of each environment of a study to what it is called in sentences: emulated ones say so."""
    return {
        str(row["environment"]): str(row["environment"]) + (" (emulated)" if row.get("emulated") is True else "")
        for row in environments
    }
