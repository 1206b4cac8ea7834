"""Personal frequency: occasions first, then whatever was taken last."""

from shopkeeper.recommenders.frequency import Frequency
from tests.recommenders.worlds import ask, names, shop


def test_among_equals_the_latest_comes_first_however_close_they_are():
    dataset = shop([("ann", "i00", 1.0)])
    past = [("i03", 1.0), ("i03", 2.0), ("i02", 98.0), ("i00", 99.0), ("i01", 99.5)]
    answer = Frequency().fit(dataset).recommend(ask(dataset, past), 10)
    assert names(dataset, answer) == [["i03", "i01", "i00", "i02"]]
