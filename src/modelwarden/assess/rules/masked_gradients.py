"""Rule: a model whose gradients do not show how easily it is fooled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from modelwarden.assess.rules._seen import Seen
from modelwarden.core import Evidence, Hit, Json, Severity, rule

# Of the inputs: fewer may be chance, or a dead unit.
NOTABLE = 0.1
_SIGNS = {
    "saturated_loss": "the cross-entropy is saturated: its gradient vanishes in the arithmetic",
    "zero_gradients": "the gradient is exactly zero",
    "steps": "rounding, signs or comparisons have no gradient (it was passed by them)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked(Seen):
    """What was noticed about a model's gradients.

    Attributes:
        n: inputs. white: beaten with gradients. only_black: beaten without gradients only.
        only_white: beaten with gradients only.
        signs: shares of the inputs, by what was noticed.
        refused: inputs whose win by gradients did not hold when it was asked again.
        unsteady: ways in which answers depend on more than the row: repeat, order, batch.
    """

    n: int
    white: int
    only_black: int
    only_white: int
    signs: Mapping[str, float] = field(default_factory=dict)
    refused: int = 0
    unsteady: tuple[str, ...] = ()


@rule(
    "masked-gradients",
    title="The model's gradients hide how easily it is fooled",
    severity=Severity.MEDIUM,
    reads=Masked,
    references=("MITRE-ATLAS:AML.T0043", "MITRE-ATLAS:AML.M0006"),
)
def masked_gradients(seen: Masked) -> Iterator[Hit]:
    """Flag saturated losses, gradients that vanish, answers at random, and lost contests.

    A contest is lost when attacks without gradients beat inputs that attacks with gradients do not:
    who sees more cannot do worse unless what is seen misleads.

    Why: tools that follow the gradient of the usual loss report such a model as robust, up to
    100 %, though attackers who do not follow it get through. Scaled logits, rounding, steps that
    have no derivative, noise and layers in training mode all do this.

    Fix: take out what masks (temperature, rounding, noise), call `eval()` before saving, and
    compare models by the worst case over all attacks, never by one gradient attack alone.

    Blind spot: masking that no attack here sees through looks like robustness.
    """
    told = [
        f"{text} on {share:.0%} of the inputs"
        for name, text in _SIGNS.items()
        if (share := seen.signs.get(name, 0.0)) >= NOTABLE
    ]
    if seen.only_black > max(2 * seen.only_white, NOTABLE * seen.n / 2, 2):
        told.append(
            f"{seen.only_black} of {seen.n} inputs fall to attacks without gradients and to none "
            "with them"
        )
    if seen.refused >= NOTABLE * seen.n:
        told.append(f"{seen.refused} wins did not hold when they were asked again")
    if seen.unsteady:
        told.append(f"answers change with {', '.join(seen.unsteady)}")
    if not told:
        return
    facts: dict[str, Json] = {
        "n": seen.n,
        "only_without_gradients": seen.only_black,
        "only_with_gradients": seen.only_white,
        "refused": seen.refused,
        "unsteady": list(seen.unsteady),
        **{name: share for name, share in seen.signs.items() if share > 0},
    }
    yield Hit("; ".join(told), Evidence(facts=facts, identity=()))
