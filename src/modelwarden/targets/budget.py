"""A query budget: every row that is sent counts, also that of a failed try."""

from __future__ import annotations

from dataclasses import field

from modelwarden.core import ModelwardenError
from modelwarden.core.values import dataclass


class BudgetExhaustedError(ModelwardenError):
    """The next question would exceed the query budget."""

    hint = "Raise the query budget or lower the number of samples."

    def __init__(self, asked: int, left: int) -> None:
        """Remember how many rows were asked for and how many are left."""
        self.asked, self.left = asked, left
        super().__init__(f"{asked} more rows exceed the query budget, {left} are left")


@dataclass(slots=True)
class QueryBudget:
    """Rows that may still be asked for; spent before they are sent.

    Attributes:
        rows: in all.
        spent: so far.
    """

    rows: int
    spent: int = field(default=0)

    @property
    def left(self) -> int:
        """Rows that may still be asked for."""
        return self.rows - self.spent

    def spend(self, rows: int) -> None:
        """Take `rows` off.

        Raises:
            BudgetExhaustedError: fewer are left; then none is taken.
        """
        if rows > self.left:
            raise BudgetExhaustedError(rows, self.left)
        self.spent += rows
