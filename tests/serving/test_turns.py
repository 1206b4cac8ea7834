"""Answers are made one after the other, and everything else goes on between two of them."""

import asyncio

import pytest

from shopkeeper.serving.turns import Turns


def test_answers_come_in_the_order_they_were_asked_for_and_others_get_a_word_in_between():
    told: list[str] = []

    async def ask(turns: Turns, name: str) -> None:
        told.append(await turns.take(lambda: name))

    async def chat() -> None:
        for _ in range(3):
            told.append("quick")
            await asyncio.sleep(0)

    async def main() -> None:
        turns = Turns()
        await asyncio.gather(*(ask(turns, name) for name in "abc"), chat())

    asyncio.run(main())
    assert [name for name in told if name != "quick"] == ["a", "b", "c"]
    # Whatever is quick does not wait for all three.
    assert told.index("quick") < told.index("b")
    assert told[-1] == "c"


def test_an_answer_that_fails_lets_the_next_one_go_on():
    async def main() -> tuple[object, object]:
        turns = Turns()

        def fail() -> None:
            raise ValueError

        return await asyncio.gather(turns.take(fail), turns.take(lambda: 7), return_exceptions=True)

    failed, answered = asyncio.run(main())
    assert isinstance(failed, ValueError)
    assert answered == 7


def test_who_gives_up_waiting_lets_the_others_have_their_turn():
    async def main() -> int:
        turns = Turns()
        first = asyncio.create_task(turns.take(lambda: 1))
        waiting = asyncio.create_task(turns.take(lambda: 2))
        last = asyncio.create_task(turns.take(lambda: 3))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return await first + await last

    assert asyncio.run(main()) == 4
