"""The quick way for plain arguments gives what the general way gives."""

from hypothesis import given
from hypothesis import strategies as st

from modelwarden.formats.pickle import render
from modelwarden.formats.pickle.values import Global

PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(1 << 250, 1 << 260),
    st.floats(),
    st.text(max_size=300),
    st.binary(max_size=300),
)
ARGUMENTS = st.lists(PLAIN, max_size=80).map(tuple)


@given(ARGUMENTS)
def test_the_digest_of_plain_arguments_is_that_of_any_arguments(args: tuple[object, ...]):
    assert render.canonical_call(args, None) == render.canonical((args, None))


@given(ARGUMENTS, st.text(max_size=300), st.integers(0, 900))
def test_the_text_of_plain_arguments_is_that_of_any_arguments(
    args: tuple[object, ...], name: str, room: int
):
    callee = Global("m", name, 0)

    text = render.render_call(callee, args, None, room)

    assert text == render._render([*render._arguments(args, None), callee], room)
