"""Doubts about a provider, each with two answers, in settings that hold any two of them under each pair of answers."""


def in_pairs(doubts):
    """Settings by the binary digits of the doubts' numbers: any two numbers differ in one of them."""
    names = list(doubts)
    rows = [[0] * len(names)]
    for bit in range((len(names) - 1).bit_length()):
        rows.append([number >> bit & 1 for number in range(len(names))])
    rows += [[1 - digit for digit in row] for row in rows]
    return [{name: doubts[name][digit] for name, digit in zip(names, row, strict=True)} for row in rows]


def lacking(doubts):
    """Pairs of doubts that lack a pair of answers in `in_pairs`."""
    names, rows = list(doubts), in_pairs(doubts)
    pairs = [(one, other) for number, one in enumerate(names) for other in names[number + 1 :]]
    return [(one, other) for one, other in pairs if len({(row[one], row[other]) for row in rows}) < 4]
