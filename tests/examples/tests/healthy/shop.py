"""A shop, with an example in its documentation."""


def total(prices: list[int]) -> int:
    """What a list of prices costs.

    >>> total([1, 2])
    3
    """
    return sum(prices)
