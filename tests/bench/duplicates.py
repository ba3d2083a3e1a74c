"""The committed page of how well duplicates are found: `python -m tests.bench.duplicates` writes it.

Nothing in it depends on the machine, so a test compares it with what the code gives today.
"""

from collections.abc import Callable, Iterator, Sequence

from deploy.local import state
from services.customer.rules.duplicates import LIKELIHOODS, POSSIBLE, compare
from tests.customer.labelled_pairs import HELD_OUT, TUNING, Pair, labelled_pairs
from tests.customer.trigrams import best_trigrams

PAGE = state.CHECKOUT / "docs" / "figures" / "duplicates.md"
HEAD = """\
# How well duplicates are found

Written by `python -m tests.bench.duplicates`; a test fails when it is not what the code gives. How the pairs were made,
and what they can't tell: [architecture/duplicates.md](../architecture/duplicates.md). Precision: of the pairs that were
said to be one person, the share that is. Recall: of the pairs that are one person, the share that was said to be.
"""


def quality(pairs: Sequence[Pair], least: int) -> tuple[float, float]:
    """Precision and recall of the pairs with so many points or more."""
    found = [(compare(each.one, each.other).score >= least, each.same) for each in pairs]
    both = sum(said and same for said, same in found)
    return both / sum(said for said, _ in found), both / sum(same for _, same in found)


def page() -> str:
    """The page as the code gives it today."""
    return "\n".join(
        [HEAD, *_overall(), *_by("kind", lambda each: each.kind), *_by("names", lambda each: each.tradition)]
    )


def _overall() -> Iterator[str]:
    yield "| Pairs | Said by | Precision | Recall | F1 |"
    yield "|---|---|---|---|---|"
    for half in (HELD_OUT, TUNING):
        pairs = labelled_pairs(half)
        told = f"{len(pairs)}, {half}"
        for least, likelihood in reversed(LIKELIHOODS):
            precision, recall = quality(pairs, least)
            f1 = 2 * precision * recall / (precision + recall)
            yield f"| {told} | {likelihood} or better ({least} points) | {precision:.3f} | {recall:.3f} | {f1:.3f} |"
        best = best_trigrams(pairs)
        yield (
            f"| {told} | trigrams of the name, {best.threshold:.2f} or more, and the same day of birth"
            f" | {best.precision:.3f} | {best.recall:.3f} | {best.f1:.3f} |"
        )
    yield ""
    yield "The threshold of the trigrams is the best there is on these very pairs; ours was set on the tuning half."
    yield ""


def _by(name: str, of: Callable[[Pair], str]) -> Iterator[str]:
    pairs = labelled_pairs(HELD_OUT)
    yield f"By {name}, held out, at *possible* or better:"
    yield ""
    yield f"| {name.capitalize()} | Are | Pairs | Said to be one person |"
    yield "|---|---|---|---|"
    for same in (True, False):
        for each in sorted({of(pair) for pair in pairs if pair.same == same}):
            these = [pair for pair in pairs if (of(pair), pair.same) == (each, same)]
            said = sum(compare(pair.one, pair.other).score >= POSSIBLE for pair in these)
            yield f"| {each} | {'one' if same else 'two'} | {len(these)} | {said} ({said / len(these):.0%}) |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page())
