from __future__ import annotations

import threading

from hybrid_index.threads import side_by_side


def test_outcomes_come_in_the_order_of_the_items() -> None:
    barrier = threading.Barrier(2, timeout=10.0)

    def meet(item: int) -> int:
        barrier.wait()  # passes only if two are at work at once
        return item * item

    assert side_by_side(meet, [3, 4], threads=2) == [9, 16]


def test_one_thread_is_the_caller() -> None:
    names = side_by_side(lambda _: threading.current_thread().name, range(3), threads=1)
    assert set(names) == {threading.current_thread().name}


def test_work_inside_work_does_not_wait_for_itself() -> None:
    def inner(item: int) -> tuple[int, str]:
        return item, threading.current_thread().name

    def outer(item: int) -> list[tuple[int, str]]:
        return side_by_side(inner, [item, item + 1], threads=2)

    for first, second in side_by_side(outer, range(4), threads=2):
        assert second[0] == first[0] + 1
        assert second[1] == first[1]
