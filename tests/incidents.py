"""What an earlier system of this kind got wrong: each numbered case, and the tests that hold it here.

`tests/test_incidents.py` checks that each number is in one of the two tables and that each test is there and runs.
"""

from pathlib import Path

ROOT = Path(__file__).parents[1]
NUMBERS = range(1, 124)

CHANGES, MESSAGES, LOOKS, GATES, TRIPS, DOORS, TOLD, RIGHT, DATE, RENAMED, ODD, REMINDED, DIES = (
    f"tests/journeys/test_{name}.py"
    for name in (
        "changes_told_wrongly",
        "messages_sent_wrongly",
        "looks_that_went_wrong",
        "gates_and_landings",
        "trips_and_nights",
        "doors_and_data",
        "what_was_told",
        "the_right_flight",
        "the_right_date",
        "a_flight_renamed",
        "odd_records",
        "reminded_by_day",
        "a_worker_that_dies",
    )
)
DELIVERY, TRACKING, TENANCY, BOOKING, PAUSING, PACING, UNCONFIRMED, RARE = (
    f"tests/actions/test_{name}.py"
    for name in ("delivery", "tracking", "tenancy", "booking", "pausing", "pacing", "unconfirmed", "rare_histories")
)
RULES, AUDIENCE, STATUS, TIMING, WORDING, FORM, GATEWAY, TWILIO, OUTCOME, LOG, CONNECTIONS, ADMISSION, AIRLINES = (
    f"tests/travel/test_{name}.py"
    for name in (
        "incidents_rules",
        "audience",
        "status",
        "timing",
        "wording",
        "booking_form",
        "aeroapi_gateway",
        "twilio_gateway",
        "outcome",
        "log",
        "connections",
        "admission",
        "airlines",
    )
)
MIGRATIONS, SECURITY, UPGRADE, DATABASE = (
    f"tests/database/test_{name}.py" for name in ("migrations", "row_level_security", "upgrade", "database")
)
MUTATIONS, QUERIES = "tests/graph/test_mutations.py", "tests/graph/test_queries.py"
HTTP, WEBHOOKS = "tests/server/test_http.py", "tests/server/test_webhooks.py"
REPOSITORY = "tests/test_the_repository.py"

INCIDENTS: dict[int, tuple[str, ...]] = {
    # 1. What counts as a change
    1: (f"{CHANGES}::test_a_flight_on_time_is_never_called_delayed_however_often_it_is_looked_at",),
    2: (f"{CHANGES}::test_a_status_text_alone_tells_the_traveller_nothing_and_an_unknown_one_is_counted",),
    3: (f"{CHANGES}::test_after_the_flight_left_its_text_is_no_delay_and_its_landing_is_told_whatever_it_is_called",),
    4: (f"{CHANGES}::test_a_diverted_traveller_hears_where_the_flight_goes_and_is_not_welcomed_where_it_does_not",),
    5: (f"{RULES}::test_a_first_estimate_that_equals_the_timetable_is_no_news",),
    6: (f"{CHANGES}::test_an_estimate_that_vanishes_and_comes_back_is_silence_until_it_says_something_else",),
    7: (f"{CHANGES}::test_an_estimate_that_vanishes_and_comes_back_is_silence_until_it_says_something_else",),
    8: (f"{TRACKING}::test_one_observation_with_many_differences_is_one_record_and_one_message_a_topic",),
    9: (f"{TOLD}::test_a_delay_that_creeps_by_ten_minutes_is_told_whenever_the_sum_passes_the_threshold",),
    10: (
        f"{CHANGES}::test_a_delay_that_shrinks_in_the_night_is_told_in_that_very_minute",
        f"{TOLD}::test_a_delay_that_shrinks_at_three_in_the_morning_is_told_in_that_minute",
    ),
    11: (f"{AUDIENCE}::test_a_flight_that_moves_earlier_is_told_at_once_in_the_middle_of_the_night",),
    12: (f"{TOLD}::test_a_departure_that_jitters_by_four_minutes_is_never_spoken_of",),
    13: (
        f"{CHANGES}::test_a_flight_that_stays_cancelled_for_an_hour_of_looks_is_cancelled_once",
        f"{CHANGES}::test_every_field_that_a_decision_reads_is_there_at_the_next_look",
    ),
    14: (f"{CHANGES}::test_a_flight_lost_from_sight_is_not_called_cancelled_and_one_that_was_is_called_back_once",),
    15: (f"{TRACKING}::test_what_cannot_be_recorded_is_not_sent_and_is_looked_at_again",),
    16: (
        f"{CHANGES}::test_a_look_that_cannot_be_recorded_tells_nobody_anything_and_rings_the_alarm",
        f"{TRACKING}::test_a_missing_privilege_sends_nothing",
    ),
    17: (f"{CHANGES}::test_what_the_airline_says_never_overwrites_what_was_booked",),
    18: (
        f"{GATEWAY}::test_all_53_fields_of_a_real_answer_are_read",
        f"{STATUS}::test_every_difference_a_person_would_call_one_is_recorded",
        f"{RULES}::test_gates_and_terminals_moving_around_an_unmoved_departure_bring_no_word_of_a_delay",
    ),
    19: (f"{CHANGES}::test_two_changes_of_one_night_overtaken_before_they_went_out_are_told_once_each_as_they_are",),
    # 2. Sending once
    20: (f"{DELIVERY}::test_five_deliverers_make_one_request_and_one_attempt",),
    21: (f"{RULES}::test_one_piece_of_news_is_the_same_before_and_after_the_hour_strikes",),
    22: (f"{MESSAGES}::test_while_it_cannot_be_checked_or_written_down_what_was_sent_nothing_is_sent",),
    23: (f"{AUDIENCE}::test_the_same_instant_in_another_zone_is_the_same_news",),
    24: (f"{MESSAGES}::test_two_genuine_delays_of_one_day_and_one_that_comes_back_are_three_messages_and_three_rows",),
    25: (
        f"{DELIVERY}::test_429_is_tried_again_within_the_jitter_until_the_attempts_are_used_up",
        f"{DELIVERY}::test_a_failed_message_can_be_sent_again",
        f"{MUTATIONS}::test_what_failed_is_sent_again_by_a_persons_word_and_only_once",
    ),
    26: (f"{DELIVERY}::test_a_lost_reply_is_found_again_and_not_repeated",),
    27: (f"{DELIVERY}::test_an_impossible_number_is_tried_once",),
    28: (
        f"{DELIVERY}::test_text_outside_the_window_is_not_repeated",
        f"{UNCONFIRMED}::test_free_text_in_a_window_that_whatsapp_takes_for_closed_goes_again_by_template",
    ),
    29: (
        f"{DELIVERY}::test_an_account_out_of_order_keeps_messages_waiting_while_they_are_useful",
        f"{PAUSING}::test_a_refused_account_pauses_both_channels_and_what_was_due_beside_it_is_not_lost",
        f"{PAUSING}::test_the_agency_is_told_once_and_sees_why_and_until_when",
    ),
    30: (
        f"{DELIVERY}::test_callbacks_in_any_order_end_in_the_highest_state",
        f"{UNCONFIRMED}::test_a_message_that_nobody_confirms_stays_sent_and_says_so",
    ),
    31: (
        f"{UNCONFIRMED}::test_a_failed_message_of_one_traveller_holds_up_no_other",
        f"{RARE}::test_an_agency_whose_messages_take_long_holds_up_no_other",
    ),
    32: (
        f"{DELIVERY}::test_a_connection_never_made_is_tried_again",
        f"{DELIVERY}::test_a_worker_that_dies_leaves_one_message",
        f"{DIES}::test_killing_real_workers_again_and_again_loses_nothing_and_sends_nothing_twice",
    ),
    33: (
        f"{TIMING}::test_a_retry_waits_by_chance_up_to_a_doubling_cap_and_never_less_than_twilio_asked",
        f"{TENANCY}::test_the_number_of_attempts_decides",
        f"{TENANCY}::test_the_waits_between_attempts_obey_first_factor_and_cap",
        f"{PACING}::test_a_429_that_names_a_time_rests_the_sender_for_all_processes",
    ),
    34: (
        f"{TRACKING}::test_a_due_flight_is_looked_at_once_by_ten_workers",
        f"{DIES}::test_killing_real_workers_again_and_again_loses_nothing_and_sends_nothing_twice",
    ),
    35: (f"{MESSAGES}::test_a_trip_written_by_a_script_is_confirmed_like_any_other",),
    36: (f"{MESSAGES}::test_a_trip_that_several_hands_decide_about_at_once_is_confirmed_once",),
    37: (f"{MESSAGES}::test_an_agent_never_reads_sent_of_what_twilio_did_not_take",),
    38: (f"{MIGRATIONS}::test_words_of_the_database_are_the_words_of_the_model",),
    39: (f"{WORDING}::test_every_text_is_worded_as_it_was_agreed",),
    40: (f"{MESSAGES}::test_while_it_cannot_be_checked_or_written_down_what_was_sent_nothing_is_sent",),
    41: (
        f"{CONNECTIONS}::test_a_connection_is_used_again_and_no_more_are_opened_than_are_needed",
        f"{CONNECTIONS}::test_no_more_requests_than_that_are_under_way_and_the_others_wait_their_turn",
    ),
    42: (f"{MIGRATIONS}::test_one_intent_is_one_row",),
    # 3. Matching, polling, cost
    43: (
        f"{RIGHT}::test_of_two_legs_under_one_number_each_traveller_hears_of_their_own",
        f"{TRACKING}::test_a_leg_of_another_route_writes_nothing",
    ),
    44: (f"{LOOKS}::test_a_gate_of_yesterdays_operation_is_no_gate_of_the_travellers_flight",),
    45: (f"{LOOKS}::test_a_departure_late_in_the_evening_is_found_though_it_is_tomorrow_in_utc",),
    46: (f"{RENAMED}::test_a_flight_that_is_given_new_ids_is_neither_cancelled_nor_reminded_twice_and_lands",),
    47: (
        f"{TRACKING}::test_the_looking_goes_on_if_the_worker_dies_in_the_middle",
        f"{REPOSITORY}::test_ci_lints_checks_types_and_runs_every_test_and_stops_at_the_first_fault",
    ),
    48: (f"{LOOKS}::test_a_round_in_which_every_look_fails_is_no_success_in_what_the_operator_sees",),
    49: (f"{LOOKS}::test_a_flight_booked_five_hours_ahead_is_looked_at_before_it_leaves",),
    51: (f"{LOOKS}::test_a_flight_of_twelve_hours_is_almost_left_alone_while_it_cruises",),
    54: (
        f"{GATES}::test_who_flies_for_thirteen_hours_is_welcomed_too",
        f"{GATES}::test_a_flight_that_seems_to_be_there_is_no_landing_and_in_the_end_the_agent_reads_that_it_is_lost",
    ),
    55: (f"{GATEWAY}::test_each_field_of_the_source_arrives_under_its_own_name",),
    56: (f"{RULES}::test_a_landing_without_an_estimate_is_expected_by_what_is_known_or_not_at_all",),
    57: (f"{GATEWAY}::test_all_53_fields_of_a_real_answer_are_read",),
    58: (f"{LOOKS}::test_of_2500_flights_that_are_due_every_one_is_looked_at",),
    59: (f"{TRACKING}::test_one_look_serves_the_trips_of_three_agencies",),
    60: (f"{LOOKS}::test_looks_that_are_overdue_are_seen_by_the_operator_and_by_the_agent",),
    62: (
        f"{TRACKING}::test_the_shares_of_a_flights_cost_add_up",
        f"{LOOKS}::test_what_the_metrics_count_is_what_aeroapi_charged",
    ),
    # 4. Landing
    63: (f"{CHANGES}::test_after_the_flight_left_its_text_is_no_delay_and_its_landing_is_told_whatever_it_is_called",),
    64: (f"{GATES}::test_who_landed_is_welcomed_once_though_the_source_goes_on_talking",),
    65: (f"{GATES}::test_who_flies_for_thirteen_hours_is_welcomed_too",),
    66: (f"{DELIVERY}::test_a_landing_at_night_is_welcomed_in_the_morning_of_the_destination",),
    67: (f"{DELIVERY}::test_a_landing_at_night_is_welcomed_in_the_morning_of_the_destination",),
    68: (f"{GATES}::test_a_landing_is_told_within_two_minutes_however_far_off_its_estimate_it_is",),
    69: (f"{GATES}::test_a_welcome_goes_as_the_approved_template_and_with_the_hotel_that_the_agency_wrote",),
    70: (f"{GATES}::test_a_welcome_goes_as_the_approved_template_and_with_the_hotel_that_the_agency_wrote",),
    71: (
        f"{GATES}::test_a_flight_that_seems_to_be_there_is_no_landing_and_in_the_end_the_agent_reads_that_it_is_lost",
    ),
    72: (f"{LOOKS}::test_the_job_for_landings_leaves_departures_alone",),
    # 5. Gates and boarding
    73: (f"{GATES}::test_a_first_gate_and_a_gate_that_is_unknown_for_a_while_are_no_changes",),
    74: (f"{GATES}::test_a_gate_that_is_back_within_minutes_is_never_told",),
    75: (f"{GATES}::test_a_gate_that_became_known_minutes_ago_stands_in_the_boarding_message",),
    76: (f"{GATES}::test_a_gate_assigned_after_the_boarding_message_brings_no_second_one",),
    77: (f"{TOLD}::test_boarding_moves_with_the_departure",),
    78: (f"{GATES}::test_the_newest_gate_wins_over_the_one_that_was_known_first",),
    79: (f"{TIMING}::test_boarding_comes_the_agencys_offset_before_the_departure",),
    80: (f"{TENANCY}::test_the_boarding_message_moves_with_its_offset",),
    81: (
        f"{DOORS}::test_every_job_and_every_timer_of_the_worker_does_its_work_without_a_fault",
        f"{DOORS}::test_a_job_that_fails_is_an_alarm",
    ),
    # 6. Reminders, quiet hours, deferral
    82: (f"{REMINDED}::test_a_departure_at_each_hour_is_reminded_by_day",),
    83: (f"{REMINDED}::test_a_departure_at_each_hour_is_reminded_by_day",),
    84: (f"{TRIPS}::test_who_books_at_three_in_the_night_is_confirmed_in_the_morning_and_never_told_of_a_day_ahead",),
    85: (f"{TENANCY}::test_quiet_hours_of_today_decide_about_what_was_held_yesterday",),
    86: (
        f"{TRIPS}::test_a_traveller_from_rome_sleeps_by_the_clock_of_rome",
        f"{RULES}::test_the_nights_of_a_traveller_are_those_of_the_origin_before_and_of_the_destination_after",
    ),
    87: (
        f"{AUDIENCE}::test_a_delay_is_told_in_the_middle_of_the_night",
        f"{ADMISSION}::test_at_night_only_what_can_wait_waits_for_the_morning_of_the_place",
    ),
    88: (
        f"{ADMISSION}::test_what_would_be_held_beyond_its_use_expires_instead",
        f"{ADMISSION}::test_nothing_about_a_departure_is_sent_after_it",
    ),
    89: (f"{MESSAGES}::test_a_reminder_that_twilio_turned_away_arrives_a_moment_later",),
    90: (f"{RULES}::test_a_reminder_says_nothing_of_a_weather_that_nobody_asked_for",),
    91: (f"{TENANCY}::test_quiet_hours_of_today_decide_about_what_was_held_yesterday",),
    # 7. Times
    92: (f"{WORDING}::test_a_time_is_local_to_its_airport_and_names_it",),
    93: (f"{WORDING}::test_a_time_read_by_the_clocks_of_the_airport_is_the_instant_that_was_meant",),
    94: (f"{FORM}::test_a_departure_is_one_instant",),
    95: (
        f"{FORM}::test_an_unknown_airport_is_refused_never_read_as_utc",
        f"{RULES}::test_every_airport_that_can_be_booked_has_a_clock_of_its_own",
    ),
    96: (
        f"{FORM}::test_airports_are_kept_by_their_icao_code",
        f"{AIRLINES}::test_an_airport_is_found_by_either_code_in_any_case",
    ),
    97: (
        f"{RULES}::test_a_departure_two_minutes_before_midnight_is_told_as_it_is",
        f"{RULES}::test_boarding_of_a_flight_shortly_after_midnight_is_told_the_day_before",
    ),
    98: (
        f"{FORM}::test_a_local_time_that_the_clocks_skip_is_refused",
        f"{DATE}::test_a_flight_on_the_day_the_clocks_change_is_found_and_boarded_on_time",
    ),
    99: (f"{TRIPS}::test_an_agent_reads_every_instant_in_utc_beside_the_zone_of_its_airport",),
    100: (f"{TRIPS}::test_who_lands_the_day_before_leaving_is_welcomed_by_the_clock_of_where_they_are",),
    101: (
        f"{STATUS}::test_the_same_instant_in_another_zone_is_no_change",
        f"{MUTATIONS}::test_a_datetime_is_an_instant_with_an_offset",
    ),
    # 8. Data, agencies, migrations
    102: (f"{TRIPS}::test_the_same_traveller_books_the_same_flight_number_for_january_and_for_july",),
    103: (
        f"{TENANCY}::test_a_new_agency_has_the_default_settings",
        f"{MUTATIONS}::test_the_very_next_decision_obeys_threshold_language_caps_and_switches",
        f"{MUTATIONS}::test_the_very_next_decision_obeys_the_quiet_hours",
        f"{TENANCY}::test_the_zone_of_the_agency_wins",
        f"{TENANCY}::test_a_type_that_is_switched_off_is_silent_with_a_reason",
        f"{DELIVERY}::test_what_is_held_for_a_human_waits_for_one",
        f"{DELIVERY}::test_who_is_not_on_whatsapp_gets_an_sms_if_the_agency_wants_it",
    ),
    104: (
        f"{MIGRATIONS}::test_settings_that_cannot_be_are_refused",
        f"{MIGRATIONS}::test_no_setting_may_be_unknown",
    ),
    105: (
        f"{SECURITY}::test_every_tenant_table_forces_row_level_security",
        "tests/database/test_tenant_matrix.py::test_every_statement_reaches_the_rows_of_its_agency_and_no_others",
        "tests/database/test_tenant_matrix.py::test_an_agency_cannot_give_its_rows_to_another",
    ),
    106: (
        f"{MIGRATIONS}::test_the_database_the_tree_and_the_code_name_one_revision",
        f"{UPGRADE}::test_a_release_with_data_in_it_goes_on_working_after_the_step_to_the_newest",
    ),
    107: (
        f"{DOORS}::test_a_database_without_one_of_its_tables_is_refused_at_the_start",
        f"{DATABASE}::test_what_is_wrong_is_said_plainly",
    ),
    108: (f"{MIGRATIONS}::test_words_of_the_database_are_the_words_of_the_model",),
    109: (f"{DOORS}::test_every_instant_in_the_database_is_an_instant_and_no_text",),
    110: (
        f"{GATES}::test_a_welcome_goes_as_the_approved_template_and_with_the_hotel_that_the_agency_wrote",
        f"{BOOKING}::test_an_empty_text_takes_a_field_away_and_none_leaves_it",
    ),
    111: (f"{DOORS}::test_every_query_of_the_product_fits_the_tables_that_are_there",),
    112: (
        f"{SECURITY}::test_the_application_is_bound",
        f"{DATABASE}::test_the_owner_is_refused",
        f"{DATABASE}::test_a_superuser_is_refused",
    ),
    # 9. Interface and operation
    113: (f"{DOORS}::test_a_stranger_finds_every_door_shut_but_those_that_say_how_the_house_is",),
    114: (f"{WEBHOOKS}::test_who_cannot_sign_is_refused_and_changes_nothing",),
    115: (f"{DOORS}::test_no_door_deletes_everything_or_lets_a_stranger_send",),
    116: (f"{MUTATIONS}::test_ids_of_others_and_ids_of_nothing_are_not_found",),
    117: (
        f"{HTTP}::test_what_is_no_request_is_refused_without_a_fault",
        f"{MUTATIONS}::test_every_bad_field_of_a_trip_is_named_and_nothing_is_written",
        f"{CONNECTIONS}::test_after_closing_no_connection_is_left_open",
    ),
    118: (
        f"{DOORS}::test_an_agency_of_which_nothing_is_known_reads_zeros_and_nothing_invented",
        f"{QUERIES}::test_the_activity_is_what_happened",
    ),
    119: (
        f"{LOG}::test_a_phone_is_hidden_however_it_is_written",
        f"{HTTP}::test_logs_hold_neither_phones_nor_tokens_nor_keys",
    ),
    120: (
        f"{REPOSITORY}::test_every_file_compiles_for_the_oldest_python_that_is_promised",
        f"{REPOSITORY}::test_every_module_can_be_imported",
        f"{REPOSITORY}::test_every_module_that_an_import_names_is_there",
        f"{REPOSITORY}::test_the_repository_holds_no_environment_and_no_leavings",
        f"{REPOSITORY}::test_what_is_installed_is_pinned_with_its_hash",
    ),
    50: (
        "tests/actions/test_thrift.py::test_far_looks_rest_before_those_near_a_departure",
        "tests/actions/test_thrift.py::test_nobody_may_ask_for_a_look_beyond_the_budget",
    ),
    52: (
        f"{LOOKS}::test_a_cancellation_after_failures_of_every_kind_is_told_and_meanwhile_the_agent_sees_that_nothing_is_known",
    ),
    53: (f"{LOOKS}::test_a_flight_that_nobody_knows_is_not_paid_for_at_each_impatient_question",),
    61: (
        "tests/actions/test_rate_of_looks.py::test_no_window_holds_more_calls_than_the_tier_allows",
        "tests/actions/test_rate_of_looks.py::test_an_hour_of_429_switches_no_flight_off",
    ),
    121: (f"{DOORS}::test_a_house_that_may_not_write_its_messages_is_not_ready",),
    122: (
        f"{REPOSITORY}::test_no_test_reaches_the_world_outside",
        f"{REPOSITORY}::test_a_failing_test_fails_the_run",
    ),
    123: (
        f"{REPOSITORY}::test_every_command_that_the_documents_name_is_there",
        f"{REPOSITORY}::test_every_metric_that_the_documents_name_is_counted",
        f"{REPOSITORY}::test_every_file_that_the_documents_name_is_there",
    ),
}
"""The number of a case, and the tests that hold it."""

OWED: dict[int, str] = {}
"""The number of a case, and the part that does not exist yet."""
