"""Memory of a bounded size, against a plain list."""

from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.serving.recent import Recent

ROOM = 10


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.integers(0, 12), st.sampled_from(("get", "put", "drop")))
    )
)
def test_what_was_looked_at_last_stays_as_far_as_there_is_room(steps):
    recent: Recent[str, int] = Recent(ROOM)
    plain: list[tuple[str, int]] = []
    for key, size, what in steps:
        known = dict(plain).get(key)
        others = [entry for entry in plain if entry[0] != key]
        if what == "get":
            assert recent.get(key) == known
            plain = others if known is None else [*others, (key, known)]
        elif what == "put":
            recent.put(key, size, size)
            plain = [*others, (key, size)]
            while sum(one for _, one in plain) > ROOM and len(plain) > 1:
                plain = plain[1:]
        else:
            recent.drop(key)
            plain = others
        assert list(recent) == [name for name, _ in plain]
    recent.clear()
    assert list(recent) == []
    recent.put("a", 1, ROOM)
    assert list(recent) == ["a"]
