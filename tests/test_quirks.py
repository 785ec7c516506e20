"""Every quirk of AeroAPI that we know of is held by tests that exist."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RIGHT, DATE, RENAMED, TOLD, ODD, REMINDED = (
    f"tests/journeys/{name}.py"
    for name in (
        "test_the_right_flight",
        "test_the_right_date",
        "test_a_flight_renamed",
        "test_what_was_told",
        "test_odd_records",
        "test_reminded_by_day",
    )
)
STATUS, GATEWAY, AUDIENCE, AIRLINES, PROPERTIES = (
    f"tests/travel/test_{name}.py" for name in ("status", "aeroapi_gateway", "audience", "airlines", "properties")
)
TRACKING, PUSHES, STAND_IN = (
    "tests/actions/test_tracking.py",
    "tests/server/test_webhooks.py",
    "tests/sandbox/test_aeroapi.py",
)

QUIRKS: dict[int, tuple[str, ...]] = {
    # One ident, several records.
    1: (
        f"{RIGHT}::test_of_yesterday_today_and_tomorrow_the_booked_day_is_told",
        f"{RIGHT}::test_of_two_legs_under_one_number_each_traveller_hears_of_their_own",
        f"{RIGHT}::test_a_flight_that_is_seen_first_is_not_the_one_that_was_booked",
        f"{RIGHT}::test_the_first_look_that_an_agent_may_ask_for_finds_the_flight",
        f"{STATUS}::test_the_flight_that_was_booked_is_found_among_those_of_its_number",
        f"{PROPERTIES}::test_a_leg_of_another_route_is_never_taken_for_the_flight_that_was_booked",
    ),
    # A diverted pair in either order.
    2: (
        f"{RIGHT}::test_a_diverted_traveller_hears_of_the_new_airport_and_is_welcomed_there",
        f"{TOLD}::test_a_diversion_that_names_its_airport_later_is_amended_and_the_landing_there_is_the_landing",
        f"{STATUS}::test_a_diverted_flight_keeps_its_departure_and_arrives_where_it_really_goes",
        f"{PROPERTIES}::test_the_order_of_the_list_decides_nothing",
    ),
    # The pinned id disappears or is replaced.
    3: (
        f"{RENAMED}::test_a_flight_that_is_given_new_ids_is_neither_cancelled_nor_reminded_twice_and_lands",
        f"{RENAMED}::test_a_record_that_disappears_and_comes_back_is_no_cancellation_and_lands",
        f"{RENAMED}::test_a_record_that_disappears_for_good_is_never_called_cancelled_and_shown_as_lost",
        f"{RENAMED}::test_a_flight_moved_by_hours_and_given_a_new_id_is_still_the_same_flight",
        f"{TRACKING}::test_a_pinned_id_that_is_gone_is_resolved_anew",
    ),
    # Cancelled once, then not.
    4: (
        f"{TOLD}::test_a_flag_that_falls_before_the_second_look_says_nothing",
        f"{TOLD}::test_a_cancellation_is_told_at_the_second_look_and_taken_back_when_it_flies_after_all",
        f"{AUDIENCE}::test_a_cancellation_read_once_is_not_confirmed_by_looks_that_fail",
    ),
    # A codeshare answers with the operating flight.
    5: (
        f"{RIGHT}::test_who_booked_by_the_partners_number_hears_of_the_flight_that_operates_it",
        f"{GATEWAY}::test_every_ident_of_a_flight_finds_it",
    ),
    # Carriers with a digit in their letters.
    6: (
        f"{RIGHT}::test_an_airline_whose_letters_hold_a_digit_is_found",
        f"{AIRLINES}::test_one_flight_has_one_ident_and_is_shown_as_passengers_read_it",
        f"{GATEWAY}::test_a_flight_is_asked_by_designator_in_a_window_and_on_one_page",
    ),
    # Midnight, and clocks that are changed.
    7: (
        f"{DATE}::test_a_flight_near_midnight_is_the_one_of_the_travellers_own_date",
        f"{DATE}::test_a_flight_on_the_day_the_clocks_change_is_found_and_boarded_on_time",
        f"{REMINDED}::test_a_departure_at_each_hour_is_reminded_by_day",
    ),
    # The timetable itself changes.
    8: (
        f"{RIGHT}::test_a_timetable_that_creeps_is_told_against_what_was_told_and_the_booking_stays",
        f"{RIGHT}::test_a_timetable_that_differs_from_the_ticket_is_told_at_the_first_look",
        f"{AUDIENCE}::test_a_flight_whose_timetable_changed_is_told_against_what_was_booked",
    ),
    # Gate null, A13, null, A14.
    9: (
        f"{TOLD}::test_an_unknown_gate_is_no_news_and_the_first_is_no_change",
        f"{AUDIENCE}::test_a_gate_is_told_when_a_known_one_was_replaced_for_good",
    ),
    # Gate A, B, A.
    10: (
        f"{TOLD}::test_a_gate_that_goes_there_and_back_within_minutes_is_silent_with_a_reason",
        f"{TOLD}::test_a_gate_that_goes_back_while_nobody_asks_is_looked_at_before_it_is_told",
    ),
    # Jitter and creep.
    11: (
        f"{TOLD}::test_a_departure_that_jitters_by_four_minutes_is_never_spoken_of",
        f"{TOLD}::test_a_delay_that_creeps_by_ten_minutes_is_told_whenever_the_sum_passes_the_threshold",
        f"{PROPERTIES}::test_after_every_look_the_traveller_knows_the_departure_to_the_quarter_hour",
    ),
    # Progress is no landing, and the gate may never be reported.
    12: (
        f"{ODD}::test_a_landing_is_told_once_though_progress_says_100_before_and_the_gate_comes_late",
        f"{RIGHT}::test_of_yesterday_today_and_tomorrow_the_booked_day_is_told",
        f"{AUDIENCE}::test_progress_is_no_landing",
    ),
    # Keys that are missing, null or new.
    13: (
        f"{ODD}::test_a_record_with_missing_and_unknown_keys_is_as_good_as_a_whole_one",
        f"{GATEWAY}::test_any_other_key_may_be_absent_or_null",
        f"{GATEWAY}::test_a_flight_without_its_optional_keys_is_read_and_recognised",
    ),
    # Empty, 400, 404, 429, 500, timeout, half an answer, a page of HTML.
    14: (
        f"{TRACKING}::test_a_look_that_fails_leaves_the_flight_watched_and_says_why",
        f"{GATEWAY}::test_whatever_happens_on_the_wire_a_look_ends_with_a_kind",
        f"{RENAMED}::test_a_number_that_aeroapi_refuses_for_a_day_is_watched_all_the_same",
        f"{ODD}::test_news_that_came_in_an_outage_of_hours_is_told_after_it",
    ),
    # Localised and unknown words.
    15: (
        f"{ODD}::test_the_words_of_the_status_are_never_news",
        f"{RENAMED}::test_a_flight_whose_result_is_unknown_ends_without_a_word_that_is_not_true",
        f"{GATEWAY}::test_the_text_of_the_status_decides_nothing",
    ),
    # No gate times at all.
    16: (
        f"{ODD}::test_a_flight_without_any_gate_time_is_followed_on_the_runway",
        f"{STATUS}::test_the_departure_told_is_the_newest_at_the_gate_else_on_the_runway_else_the_booked",
    ),
    # Two pages. We never ask for the second; the stand-in has it.
    17: (
        f"{GATEWAY}::test_a_full_list_costs_one_page_however_many_flights_there_are",
        f"{STAND_IN}::test_records_come_latest_first_in_pages_of_15_and_the_cursor_leads_on",
    ),
    # One page a look, and every page is counted.
    18: (
        f"{ODD}::test_watching_a_flight_costs_one_page_a_look_and_every_page_is_counted",
        f"{GATEWAY}::test_an_answer_costs_the_pages_it_has_and_never_nothing",
    ),
    # Pushes that say nothing, twice, or of nobody.
    19: (
        f"{ODD}::test_a_push_is_taken_whatever_it_says_and_says_nothing_by_itself",
        f"{PUSHES}::test_a_push_about_nothing_we_watch_is_taken_and_changes_nothing",
        f"{PUSHES}::test_an_unknown_event_code_hastens_like_a_known_one",
    ),
    # When it was seen, beside when it happened.
    20: (f"{ODD}::test_what_is_seen_late_is_recorded_with_both_times_and_told_when_seen",),
}
"""The numbered checklist of the facts about AeroAPI."""

BEHAVIOUR: dict[str, tuple[str, ...]] = {
    "the estimate of the gate stays behind what happened": (
        f"{ODD}::test_estimates_that_disagree_with_what_happened_say_nothing",
    ),
    "gate and runway are never mixed": (
        f"{ODD}::test_a_runway_estimate_is_never_told_as_the_departure_from_the_gate",
        f"{STATUS}::test_the_departure_told_is_the_newest_at_the_gate_else_on_the_runway_else_the_booked",
    ),
    "what was booked is kept apart from what the source says": (
        f"{RIGHT}::test_a_timetable_that_creeps_is_told_against_what_was_told_and_the_booking_stays",
    ),
    "take-off and touchdown may come in one answer, and be corrected": (
        f"{ODD}::test_a_flight_seen_again_only_after_it_landed_welcomes_and_says_nothing_else",
        f"{PROPERTIES}::test_what_happened_stays_happened_but_for_a_return_to_the_gate_and_another_airport",
    ),
    "a flight may return to its gate": (f"{TOLD}::test_a_flight_that_returns_to_its_gate_is_spoken_of_again",),
    "an aircraft may go elsewhere": (
        f"{RIGHT}::test_an_aircraft_that_goes_elsewhere_without_the_flag_does_not_welcome_to_the_booked_city",
    ),
    "a refused key is no outage": (f"{GATEWAY}::test_a_refused_key_is_its_own_kind_and_never_shown",),
}
"""What the facts say of times, identity, phases and errors beyond the checklist."""

NODES = sorted({node for nodes in (*QUIRKS.values(), *BEHAVIOUR.values()) for node in nodes})


@cache
def named_in(path: str) -> frozenset[str]:
    """The names of the tests of a file, read and not run."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = (each for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(each.name for each in functions if each.name.startswith("test_"))


def test_every_quirk_of_the_checklist_has_a_test() -> None:
    assert sorted(QUIRKS) == list(range(1, 21))
    assert all((*QUIRKS.values(), *BEHAVIOUR.values()))


@pytest.mark.parametrize("node", NODES)
def test_a_test_that_holds_a_quirk_exists(node: str) -> None:
    path, name = node.split("::")
    assert name in named_in(path)
