"""Models under test in pytest, and the conformance suites that plugins run too.

    pytest --modelwarden                 the stages and the policy of a modelwarden.toml as tests
    def test_x(model_under_test): ...    the model itself, scanned and opened in the sandbox
    check_reader(reader, samples)        what every reader of a format has to keep
    check_attack(attack, target, problem)    what every attack has to keep

pytest imports this room whenever it starts: nothing here imports more than it until it is used.
"""

from modelwarden.testing.attacks import check_attack
from modelwarden.testing.model import ModelUnderTest
from modelwarden.testing.readers import check_reader

__all__ = ["ModelUnderTest", "check_attack", "check_reader"]
