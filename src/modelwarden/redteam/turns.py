"""Several lanes that think one at a time, in a fixed order, while the others wait for answers.

What is spent, and what stands on record, is then in the same order however fast a target answers.
One thread that works at a time is also all that an interpreter gives.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from modelwarden.core import ModelwardenError


class StoppedError(ModelwardenError):
    """Another lane failed: what this one would find is not wanted any more."""


class Turns:
    """Whose turn it is.

    Attributes:
        why: the lanes were ended, if something went wrong.
    """

    def __init__(self, lanes: str) -> None:
        """Begin with the first lane; each is a letter."""
        self._order = deque(lanes)
        self._stopped = False
        self.why: BaseException | None = None
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, lane: str) -> Iterator[None]:
        """Think as a lane, from its first turn to its last; an error stops the others."""
        try:
            self._enter(lane)
            yield
        except BaseException as error:
            self.stop(error)
            raise
        finally:
            with self._changed:
                self._order.remove(lane)
                self._changed.notify_all()

    @contextmanager
    def passed(self, lane: str) -> Iterator[None]:
        """Let the others think; go on when the turn comes round."""
        with self._changed:
            self._order.rotate(-1)
            self._changed.notify_all()
        yield
        self._enter(lane)

    def stop(self, why: BaseException | None = None) -> None:
        """End every lane at its next turn; the first reason is kept."""
        with self._changed:
            self.why = self.why or why
            self._stopped = True
            self._changed.notify_all()

    def _enter(self, lane: str) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._order[0] == lane)
            if self._stopped:
                raise StoppedError("another lane failed")
