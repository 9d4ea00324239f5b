"""Units of work for the tests, in a module that worker processes can import."""

from __future__ import annotations

import faulthandler
import os
import time
from pathlib import Path


def square(n: int) -> int:
    return n * n


def refuse_odd(n: int) -> int:
    if n % 2:
        raise ValueError(f"{n} is odd\nand that is that")
    return n


def die_on(n: int, *, victim: int, how: int) -> int:
    if n == victim:
        faulthandler.disable()  # what it would print is of no interest
        os.kill(os.getpid(), how)
    return n


def sleep_on(n: int, *, victim: int) -> int:
    if n == victim:
        time.sleep(60)
    return n


def pid_of(_: int) -> int:
    time.sleep(0.01)
    return os.getpid()


def say_set(n: int) -> object:
    return {n}


def refuse(value: object) -> int:
    raise ValueError("not mine")


def is_not_nine(_: str, value: int) -> bool:
    return value != 9


def count(n: int, *, log: Path) -> int:
    with log.open("a") as stream:
        stream.write(f"{n}\n")
    return n * n
