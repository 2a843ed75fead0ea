"""What every History must do: usage and standings over time."""

from datetime import UTC, datetime, timedelta

import pytest

from deepracer_admin.model import ModelJobs, Profile, Quota, Standing, UsageSample
from deepracer_admin.store import History
from tests.store.people import NOW, after

FIRST = datetime(2026, 12, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def a_profile(id: str, used: float, queued: float = 0.0, **values: object) -> Profile:
    return Profile(id, id, minutes_used=used, minutes_queued=queued, **values)  # type: ignore[arg-type]


def a_standing(rank: int, score_ms: int = 9000) -> Standing:
    return Standing(rank, f"racer-{rank}", score_ms, best_lap_ms=score_ms, submitted_at=NOW)


class UsageContract:
    def test_a_sample_adds_up_what_is_known(self, history: History) -> None:
        profiles = [
            a_profile("p1", 10.5, 60.0, storage_bytes=10**9, model_count=2),
            a_profile("p2", 0.0, 30.0),
            a_profile("p3", 0.0),
        ]
        sample = history.add_usage("spring", NOW, profiles)
        assert sample == UsageSample(NOW, 3, 2, 10.5, 90.0, 10**9, 2)
        assert history.usage("spring") == [sample]
        assert history.usage("autumn") == []

    def test_a_profile_keeps_only_its_changes(self, history: History) -> None:
        for minute, used in enumerate([0.0, 0.0, 12.0, 12.0, 30.5]):
            history.add_usage("spring", after(60 * minute), [a_profile("p1", used), a_profile("p2", 1.0)])
        assert history.usage_of("spring", "p1") == [(NOW, 0.0, 0.0), (after(120), 12.0, 0.0), (after(240), 30.5, 0.0)]
        assert history.usage_of("spring", "p2") == [(NOW, 1.0, 0.0)]
        assert len(history.usage("spring")) == 5

    def test_minutes_taken_by_monthly_resets_are_remembered(self, history: History) -> None:
        for minute, (one, two) in enumerate([(100.0, 5.0), (0.0, 6.0), (40.0, 6.0), (3.0, 7.0)]):
            history.add_usage("spring", after(60 * minute), [a_profile("p1", one), a_profile("p2", two)])
        assert history.used_before_reset("spring") == {"p1": 140.0}

    def test_what_was_never_the_events_goes_out_of_all_totals(self, history: History) -> None:
        rows = [(10.0, 1000.0, 5.0), (10.0, 1060.0, 0.0), (25.0, 1060.0, 30.0), (40.0, 1200.0, 0.0)]
        for minute, (one, other, queued) in enumerate(rows):
            mine = a_profile("p1", one)
            history.add_usage("autumn", after(60 * minute), [mine])
            history.add_usage("spring", after(60 * minute), [mine, a_profile("p2", other, queued)])
        assert history.disown("spring", ["p2", "p9"]) == 1
        assert history.usage("spring") == history.usage("autumn")
        assert [use.profile for use in history.profile_uses("spring", since=NOW)] == ["p1"]
        assert history.usage_of("spring", "p2") == []
        assert history.disown("spring", ["p2"]) == 0
        assert history.add_usage("spring", after(300), [a_profile("p1", 50.0)]).minutes_used == 50.0
        assert len(history.profile_uses("spring", since=NOW)) == 1, "it does not come back as one that vanished"

    def test_one_that_had_vanished_and_storage_are_taken_out_and_nothing_falls(self, history: History) -> None:
        heavy = a_profile("p2", 100.0, 10.0, storage_bytes=10**12)
        light = a_profile("p1", 5.0, storage_bytes=10**9)
        for minute, profiles in enumerate([[light], [light, heavy], [light, heavy], [light], [light]]):
            history.add_usage("spring", after(3600 * minute), profiles)
        history.disown("spring", ["p2"])
        found = history.usage("spring")
        assert [sample.minutes_used for sample in found] == [5.0] * 5
        assert [sample.profiles for sample in found] == [1] * 5
        stored = [sample.gb_hours for sample in found]
        assert stored == sorted(stored)
        assert stored[-1] <= 5.0

    def test_totals_go_on_over_a_monthly_reset(self, history: History) -> None:
        crowd = ("p1", "p2", "p3")
        history.add_usage("spring", NOW, [a_profile(each, 600.0) for each in crowd])
        after_reset = history.add_usage("spring", after(60), [a_profile(each, 6.0) for each in crowd])
        assert after_reset.minutes_used == 3 * 606.0
        assert [sample.minutes_used for sample in history.usage("spring")] == [1800.0, 1818.0]
        assert history.usage_of("spring", "p1") == [(NOW, 600.0, 0.0), (after(60), 606.0, 0.0)]

    def test_totals_never_fall_however_often_counters_are_reset(self, history: History) -> None:
        for number, used in enumerate([10.0, 10.0, 0.0, 0.0, 4.0, 0.0, 7.5, 2.0]):
            history.add_usage("spring", FIRST + number * MINUTE, [a_profile("p1", used), a_profile("p2", 1.0)])
        totals = [sample.minutes_used for sample in history.usage("spring")]
        assert totals == [11.0, 11.0, 11.0, 11.0, 15.0, 15.0, 22.5, 24.5]
        assert history.usage("autumn") == []

    def test_who_was_active_before_a_reset_counts_as_active(self, history: History) -> None:
        history.add_usage("spring", NOW, [a_profile("p1", 10.0), a_profile("p2", 0.0)])
        assert history.add_usage("spring", after(60), [a_profile("p1", 0.0), a_profile("p2", 0.0)]).active == 1

    def test_queued_minutes_that_turn_into_used_ones_are_no_reset(self, history: History) -> None:
        history.add_usage("spring", NOW, [a_profile("p1", 10.0, 60.0)])
        history.add_usage("spring", after(60), [a_profile("p1", 42.0, 0.0)])
        assert history.used_before_reset("spring") == {}

    def test_a_profile_that_is_listed_no_more_keeps_what_it_used(self, history: History) -> None:
        history.add_usage("spring", NOW, [a_profile("p1", 60.0, 30.0), a_profile("p2", 5.0)])
        found = history.add_usage("spring", after(60), [a_profile("p2", 5.0)])
        assert (found.profiles, found.minutes_used, found.minutes_queued) == (1, 65.0, 0.0)
        gone, there = history.profile_uses("spring", since=NOW)
        assert (gone.profile, gone.minutes, gone.listed, there.listed) == ("p1", 60.0, False, True)
        back = history.add_usage("spring", after(120), [a_profile("p1", 61.0), a_profile("p2", 5.0)])
        assert (back.profiles, back.minutes_used) == (2, 66.0)

    def test_a_sample_taken_twice_changes_nothing_and_a_late_one_is_left_out(self, history: History) -> None:
        history.add_usage("spring", NOW, [a_profile("p1", 10.0)])
        newest = history.add_usage("spring", after(60), [a_profile("p1", 20.0)])
        assert history.add_usage("spring", after(60), [a_profile("p1", 20.0)]) == newest
        assert history.add_usage("spring", after(30), [a_profile("p1", 10.0)]) == newest
        assert history.usage_of("spring", "p1") == [(NOW, 10.0, 0.0), (after(60), 20.0, 0.0)]
        assert [sample.minutes_used for sample in history.usage("spring")] == [10.0, 20.0]

    def test_a_clock_that_was_set_back_does_not_stop_the_samples(self, history: History) -> None:
        history.add_usage("spring", after(-60), [a_profile("p1", 10.0)])
        history.add_usage("spring", after(2 * 86_400), [a_profile("p1", 20.0)])
        history.add_usage("spring", NOW, [a_profile("p1", 25.0)])
        assert [(one.at, one.minutes_used) for one in history.usage("spring")] == [(after(-60), 10.0), (NOW, 25.0)]

    def test_what_waits_for_capacity_is_told_apart(self, history: History) -> None:
        crowd = [a_profile("p1", 0.0, 60.0), a_profile("p2", 0.0, 90.0), a_profile("p3", 0.0, 30.0)]
        jobs = {"p1": ModelJobs(waiting=1), "p2": ModelJobs(running=1, waiting=1), "p3": ModelJobs(queued=1)}
        found = history.add_usage("spring", NOW, crowd, jobs=jobs)
        assert (found.minutes_queued, found.minutes_waiting) == (180.0, 60.0)
        assert (found.running, found.queued, found.waiting) == (1, 1, 2)
        not_read = history.add_usage("spring", after(60), crowd)
        assert (not_read.minutes_waiting, not_read.running, not_read.waiting) == (60.0, None, None)
        assert [use.waiting_since for use in history.profile_uses("spring", since=NOW)] == [NOW, NOW, None]
        runs = history.add_usage("spring", after(120), crowd, jobs={**jobs, "p1": ModelJobs(running=1)})
        assert runs.minutes_waiting == 0.0

    def test_storage_adds_up_over_time(self, history: History) -> None:
        for hour, stored in enumerate([10**9, 3 * 10**9, None, 0, 0]):
            found = history.add_usage("spring", after(3600 * hour), [a_profile("p1", 1.0, storage_bytes=stored)])
        assert found.gb_hours == pytest.approx(1 + 3 + 3)
        assert history.profile_uses("spring", since=NOW)[0].gb_hours == pytest.approx(7)

    def test_a_gap_over_the_first_of_a_month_is_a_range(self, history: History) -> None:
        history.add_usage("spring", FIRST - 3 * MINUTE, [a_profile("p1", 600.0, 120.0, quota=Quota(900, 5))])
        found = history.add_usage("spring", FIRST + 300 * MINUTE, [a_profile("p1", 30.0, quota=Quota(900, 5))], slots=2)
        assert found.minutes_used == 630.0
        assert found.minutes_unsure >= 120.0
        [use] = history.profile_uses("spring", since=NOW)
        assert (use.minutes, use.month, use.limit) == (630.0, 30.0, 900.0)
        assert use.minutes_high >= 750.0

    def test_recent_use_is_told_from_the_start_of_its_window(self, history: History) -> None:
        for minute, used in enumerate([10.0, 20.0, 20.0, 35.0]):
            history.add_usage("spring", after(60 * minute), [a_profile("p1", used, 5.0)])
        assert history.profile_uses("spring", since=after(90))[0].asked_before == 25.0
        assert history.profile_uses("spring", since=after(-90))[0].asked_before == 15.0
        assert history.profile_uses("autumn", since=NOW) == []

    def test_the_sums_are_those_of_all_profiles(self, history: History) -> None:
        assert history.usage_so_far("spring") is None
        for minute in range(4):
            listed = [
                a_profile(f"p{each}", 0.1 * each * minute * (minute < 3), 3.0 * (each == 1), storage_bytes=each * 10**9)
                for each in range(6 - minute // 2)
            ]
            history.add_usage("spring", after(60 * minute), listed)
            uses, found = history.profile_uses("spring", since=NOW), history.usage_so_far("spring")
            assert found is not None
            assert found.at == after(60 * minute)
            assert found.minutes == pytest.approx(sum(use.minutes for use in uses))
            assert found.gb_hours == pytest.approx(sum(use.gb_hours for use in uses))
            assert found.active == sum(1 for use in uses if use.minutes > 0 or use.queued > 0)
        assert history.usage_so_far("autumn") is None

    def test_gaps_between_samples_are_found(self, history: History) -> None:
        for minute in (0, 1, 2, 32, 33):
            history.add_usage("spring", after(60 * minute), [a_profile("p1", 1.0)])
        assert history.usage_gaps("spring", longer=3 * MINUTE) == [(after(120), after(32 * 60))]

    @pytest.mark.parametrize(("samples", "points"), [(1, 2), (2, 2), (10, 4), (41, 40), (100, 7), (5, 400)])
    def test_a_long_history_is_thinned_and_keeps_its_ends(self, history: History, samples: int, points: int) -> None:
        for number in range(samples):
            history.add_usage("spring", after(number), [a_profile("p1", float(number))])
        thinned = [sample.minutes_used for sample in history.usage("spring", points=points)]
        assert len(thinned) == min(samples, points)
        assert (thinned[0], thinned[-1]) == (0.0, samples - 1.0)
        assert thinned == sorted(set(thinned))

    def test_a_history_can_start_later(self, history: History) -> None:
        for number in range(10):
            history.add_usage("spring", after(number), [])
        assert [sample.at for sample in history.usage("spring", since=after(8))] == [after(8), after(9)]


class StandingsContract:
    def test_a_snapshot_is_kept_when_it_differs_and_always_moves_its_as_of(self, history: History) -> None:
        assert history.standings("spring", "r1") == ([], None)
        rows = [a_standing(1, 8000), a_standing(2)]
        assert history.save_standings("spring", "r1", NOW, rows) is True
        assert history.save_standings("spring", "r1", after(30), rows) is False
        assert history.standings("spring", "r1") == (rows, after(30))

    @pytest.mark.parametrize(("snapshots", "points"), [(0, 4), (1, 4), (4, 4), (9, 4), (40, 7)])
    def test_the_first_of_earlier_boards_are_thinned_and_end_with_the_last(
        self, history: History, snapshots: int, points: int
    ) -> None:
        for number in range(snapshots):
            rows = [a_standing(1, 9_000 - number), a_standing(2, 8_000 - number), a_standing(3, 7_000 - number)]
            history.save_standings("spring", "r1", after(number), rows)
        for _ in range(2):
            found = history.leaders("spring", "r1", first=2, points=points)
            assert len(found) <= points + 1
            assert [at for at, _ in found] == sorted({at for at, _ in found})
            assert [at for at, _ in found][-1:] == [after(snapshots - 1)][:snapshots]
            for at, rows in found:
                number = round((at - NOW).total_seconds())
                assert [row.score_ms for row in rows] == [7_000 - number, 8_000 - number]
        if snapshots > 5:
            earlier = history.leaders("spring", "r1", first=2, points=points, until=after(5))
            assert earlier[-1][0] == after(5)

    def test_a_version_moves_with_standings_with_their_reading_and_with_an_erasure(self, history: History) -> None:
        versions = [history.standings_version("spring", "r1")]

        def moved() -> bool:
            versions.append(history.standings_version("spring", "r1"))
            return versions[-1] != versions[-2]

        history.save_standings("spring", "r1", NOW, [a_standing(1)])
        assert moved()
        history.save_standings("spring", "r2", after(5), [a_standing(1)])
        assert not moved()
        history.save_standings("spring", "r1", after(30), [a_standing(1)])
        assert moved()
        history.save_standings("spring", "r1", after(30), [a_standing(2)])
        assert moved()
        history.erase("spring")
        assert moved()

    def test_when_standings_were_read_is_known_for_all_races_at_once(self, history: History) -> None:
        assert history.standings_read_at("spring") == {}
        history.save_standings("spring", "r1", NOW, [a_standing(1)])
        history.save_standings("spring", "r1", after(30), [a_standing(1)])
        history.save_standings("spring", "r2", after(5), [])
        history.save_standings("autumn", "r3", NOW, [a_standing(1)])
        assert history.standings_read_at("spring") == {"r1": after(30), "r2": after(5)}

    def test_earlier_standings_can_be_looked_up(self, history: History) -> None:
        history.save_standings("spring", "r1", NOW, [a_standing(1)])
        history.save_standings("spring", "r1", after(60), [a_standing(1, 7000)])
        history.save_standings("spring", "r1", after(90), [a_standing(1, 7000)])
        assert history.standings_before("spring", "r1", after(-1)) == []
        assert history.standings_before("spring", "r1", after(59)) == [a_standing(1)]
        assert history.standings_before("spring", "r1", after(100)) == [a_standing(1, 7000)]
        assert history.standings_before("spring", "r2", after(100)) == []

    def test_a_snapshot_says_whether_its_rows_are_the_same(self, history: History) -> None:
        history.save_standings("spring", "r1", NOW, [a_standing(1)])
        first = history.snapshot("spring", "r1")
        assert (first.rows, history.snapshot("spring", "r1", at=after(-1)).stamp) == ((a_standing(1),), "")
        history.save_standings("spring", "r1", NOW, [a_standing(1, 7000)])  # at the same instant
        second = history.snapshot("spring", "r1", at=NOW)
        assert second.rows == (a_standing(1, 7000),)
        assert second.stamp != first.stamp
        history.save_standings("spring", "r1", after(1), [a_standing(1)])
        assert history.snapshot("spring", "r1") == first
        history.erase("spring")
        assert history.snapshot("spring", "r1").rows == ()

    def test_erasing_an_event_leaves_the_others(self, history: History) -> None:
        for event in ("spring", "autumn"):
            history.add_usage(event, NOW, [a_profile("p1", 5.0)])
            history.add_usage(event, after(1), [a_profile("p1", 1.0)])
            history.save_standings(event, "r1", NOW, [a_standing(1)])
        history.erase("spring")
        assert (history.usage("spring"), history.usage_of("spring", "p1")) == ([], [])
        assert (history.used_before_reset("spring"), history.standings("spring", "r1")) == ({}, ([], None))
        assert len(history.usage("autumn")) == 2
        assert history.standings("autumn", "r1") == ([a_standing(1)], NOW)
