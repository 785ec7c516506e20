"""Which looks rest when a day's budget runs short, who pays for the others, and when what rests is thought of again."""

from datetime import timedelta, timezone
from uuid import UUID

import pytest

from tests.travel.values import utc
from travel import thrift
from travel.model import LookStage
from travel.thrift import Purse

FAR, CRUISE, DEPARTURE, LANDING = LookStage.FAR, LookStage.CRUISE, LookStage.DEPARTURE, LookStage.LANDING
NORTE, SUR, OESTE = (UUID(int=number) for number in (1, 2, 3))


def purse(spent: float, budget: float | None = 10, agency: UUID | None = NORTE) -> Purse:
    return Purse(agency_id=agency, spent=spent, budget=budget)


HOUSE = purse(0, None, None)


@pytest.mark.parametrize(
    ("spent", "resting"),
    [
        (0, []),
        (5.99, []),
        (6, [FAR]),
        (8.49, [FAR]),
        (8.5, [FAR, DEPARTURE]),
        (9.49, [FAR, DEPARTURE]),
        (9.5, [FAR, DEPARTURE, CRUISE]),
        (9.99, [FAR, DEPARTURE, CRUISE]),
        (10, [FAR, DEPARTURE, CRUISE, LANDING]),
        (11, [FAR, DEPARTURE, CRUISE, LANDING]),
    ],
)
def test_far_looks_rest_first_and_looks_for_landings_last(spent, resting):
    assert {stage for stage in LookStage if thrift.rests(purse(spent), stage)} == set(resting)
    assert thrift.level(purse(spent)) == len(resting)


@pytest.mark.parametrize("stage", LookStage)
def test_without_a_budget_nothing_ever_rests(stage):
    assert not thrift.rests(purse(1e9, None), stage)
    assert thrift.level(purse(1e9, None)) == 0


@pytest.mark.parametrize("stage", LookStage)
def test_a_budget_of_nothing_allows_no_look(stage):
    assert thrift.rests(purse(0, 0), stage)
    assert thrift.level(purse(0, 0)) == 4


@pytest.mark.parametrize(
    ("house", "agencies", "stage", "paying"),
    [
        (HOUSE, [purse(0), purse(0, agency=SUR)], FAR, [NORTE, SUR]),
        (HOUSE, [purse(7), purse(0, agency=SUR)], FAR, [SUR]),
        (HOUSE, [purse(7), purse(0, agency=SUR)], LANDING, [NORTE, SUR]),
        (HOUSE, [purse(10), purse(0, agency=SUR)], LANDING, [SUR]),
        (HOUSE, [purse(10), purse(10, agency=SUR)], LANDING, []),
        (HOUSE, [purse(10), purse(99, None, SUR), purse(6, agency=OESTE)], FAR, [SUR]),
        (purse(59, 100, None), [purse(0)], FAR, [NORTE]),
        (purse(60, 100, None), [purse(0)], FAR, []),
        (purse(60, 100, None), [purse(0)], DEPARTURE, [NORTE]),
        (purse(100, 100, None), [purse(0, None), purse(0, agency=SUR)], LANDING, []),
        (HOUSE, [], LANDING, []),
    ],
)
def test_who_has_money_left_pays_and_a_house_without_money_pays_nothing(house, agencies, stage, paying):
    assert thrift.payers(house, agencies, stage) == paying


@pytest.mark.parametrize(
    ("now", "planned", "again"),
    [
        ("07-15 12:00", "07-15 12:02", "07-15 12:15"),
        ("07-15 12:00", "07-15 12:15", "07-15 12:15"),
        ("07-15 12:00", "07-15 18:00", "07-15 18:00"),
        ("07-15 12:00", "07-17 18:00", "07-16 00:00"),
        ("07-15 23:50", "07-15 23:52", "07-16 00:00"),
        ("07-15 23:59:30", "07-15 23:59:40", "07-16 00:00:30"),
        ("07-15 00:00", "07-15 00:02", "07-15 00:15"),
        ("12-31 23:50", "12-31 23:52", "2027-01-01 00:00"),
    ],
)
def test_what_rests_is_thought_of_again_as_planned_or_on_the_new_day_but_never_at_once(now, planned, again):
    assert thrift.again_at(utc(planned), utc(now)) == utc(again)


def test_the_new_day_begins_by_utc_wherever_the_clock_is_read():
    evening = utc("07-15 23:00").astimezone(timezone(timedelta(hours=-3)))
    assert thrift.again_at(evening + timedelta(hours=9), evening) == utc("07-16 00:00")
