"""The Markdown tables of the comparisons with QEMU: what both take, and QEMU's part over ours."""
import math
import statistics

# Unit: what an amount is multiplied by, and the digits behind the point.
UNITS = {"s": (1, 2), "ms": (1e3, 0), "MiB": (1 / 1024, 0), "µs": (1e-3, 2)}


def geomean(values):
    """The geometric mean, NaN of nothing."""
    values = list(values)
    return math.exp(statistics.mean(map(math.log, values))) if values else float("nan")


def head(mine, other, *more):
    """Title and rule of a table with the columns' names."""
    names = [mine, other, "QEMU ÷ armemu", *more]
    return ["| | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]


def row(name, mine, other, unit, *more):
    """A comparison. Seconds in s and ms, nanoseconds in µs, KiB in MiB."""
    factor, digits = UNITS[unit]
    cells = [f"{amount * factor:.{digits}f} {unit}" for amount in (mine, other)]
    return "| " + " | ".join([name, *cells, f"{other / mine:.2f}", *more]) + " |"


def title(text, columns=3):
    """A heading between rows."""
    return f"| **{text}** |" + " |" * columns


def mean(ratios, *more, name="geometric mean"):
    """A last row: geometric means, of the ratios and of other columns."""
    cells = [f"**{geomean(values):.2f}**" if values else "" for values in (ratios, *more)]
    return f"| *{name}* | | | " + " | ".join(cells) + " |"
