use super::*;
use crate::fleet::Fleet;
use crate::host::Host;
use crate::model::{ContainerState, Model};
use crate::spec::Role;

/// A Monday.
const BEGIN: f64 = 1_795_392_000.0;

fn span() -> Span {
    Span::days(BEGIN, 14)
}

fn calm() -> Scenario {
    Scenario::calm(Fleet::mixed_specs(40, 3), span(), 3)
}

fn model(actor: &Actor, at: f64) -> Model<'_> {
    Model { host: &actor.host, moment: actor.moment(at, Some(at - 60.0)).unwrap() }
}

fn first(scenario: &Scenario, fits: impl Fn(&Host) -> bool) -> usize {
    scenario.actors().iter().position(|actor| fits(&actor.host)).unwrap()
}

#[test]
fn every_kind_has_one_row_and_a_name_of_its_own() {
    for row in KINDS {
        assert_eq!(KINDS.iter().filter(|other| other.kind == row.kind).count(), 1, "{}", row.name);
        assert_eq!(row.kind.row().name, row.name);
        assert!(row.secs.0 <= row.secs.1 && row.hosts > 0);
    }
}

#[test]
fn one_seed_is_one_story_and_another_seed_another() {
    let story = |seed| Scenario::eventful(Fleet::mixed_specs(30, 3), span(), seed, 2.0);
    let (one, same, other) = (story(1), story(1), story(2));
    assert_eq!(one.incidents(), same.incidents());
    assert_ne!(one.incidents(), other.incidents());
    let at = BEGIN + 9.3 * DAY_SECS;
    for (a, b) in one.actors().iter().zip(same.actors()) {
        assert_eq!(a.moment(at, None), b.moment(at, None));
        assert_eq!(a.host.cpu.value(at), b.host.cpu.value(at));
    }
}

#[test]
fn a_story_has_every_kind_after_a_calm_third_and_no_host_has_two_at_once() {
    let scenario = Scenario::eventful(Fleet::mixed_specs(100, 3), span(), 5, 3.0);
    for row in KINDS {
        assert!(scenario.incidents().iter().any(|it| it.kind == row.kind), "no {}", row.name);
    }
    let effects: Vec<&Effect> = scenario.incidents().iter().flat_map(|it| &it.effects).collect();
    for (index, one) in effects.iter().enumerate() {
        assert!(one.span.begin >= BEGIN + 14.0 * DAY_SECS * CALM_SHARE);
        assert!(one.span.end <= scenario.span().end + 1.0);
        let others = effects.iter().skip(index + 1).filter(|other| other.host == one.host);
        for other in others {
            assert!(!one.span.near(&other.span, 0.0), "{one:?} {other:?}");
        }
    }
}

#[test]
fn calm_days_have_no_alarm_and_weekends_are_calmer() {
    let scenario = calm();
    assert!(scenario.incidents().is_empty());
    for actor in scenario.actors() {
        let boots = actor.boots.len();
        assert_eq!(boots, 1);
        let mean =
            |day: f64| actor.host.cpu.mean(BEGIN + day * DAY_SECS, BEGIN + (day + 1.0) * DAY_SECS);
        if actor.host.spec.role == Role::Web {
            assert!(mean(5.0) < mean(3.0) * 0.85, "{}", actor.host.spec.name);
        }
        for hour in 0..14 * 24 {
            let at = BEGIN + f64::from(hour) * HOUR_SECS + 100.0;
            let model = model(actor, at);
            assert!(model.mem().percent < 90.0, "{:?}", actor.host.spec);
            let fullest = actor.host.mounts.iter().map(|mount| model.usage(mount).percent);
            assert!(fullest.fold(0.0, f64::max) < 85.0, "{:?}", actor.host.spec);
            let troubled =
                |state| matches!(state, ContainerState::Unhealthy | ContainerState::Restarting);
            assert!(!model.containers().any(|it| troubled(it.state)), "{:?}", actor.host.spec);
            if actor.host.spec.role != Role::Batch {
                assert!(model.cpu().total < 85.0, "{:?} {}", actor.host.spec, model.cpu().total);
            }
        }
    }
}

#[test]
fn counters_of_a_story_never_fall_but_at_a_reboot() {
    let scenario = Scenario::eventful(Fleet::mixed_specs(20, 3), span(), 5, 4.0);
    for actor in scenario.actors() {
        let mut last = (0.0, 0);
        for step in 0..14 * 96 {
            let at = BEGIN + f64::from(step) * 900.0;
            let Some(moment) = actor.moment(at, None) else { continue };
            let model = Model { host: &actor.host, moment };
            let counted = model.counter(&actor.host.nics[1].sent, 1.0).now;
            assert!(counted >= last.1 || moment.boot != last.0, "{} {at}", actor.host.spec.name);
            last = (moment.boot, counted);
        }
    }
}

#[test]
fn a_leak_fills_memory_by_one_program_and_ends() {
    let mut scenario = calm();
    let begin = BEGIN + 6.0 * DAY_SECS;
    assert!(scenario.play(Kind::MemoryLeak, &[0], begin, DAY_SECS));
    let actor = &scenario.actors()[0];
    let percent = |at: f64| model(actor, at).mem().percent;
    let before = percent(begin - 600.0);
    assert!(percent(begin + DAY_SECS - 600.0) > 85.0);
    assert!((percent(begin + DAY_SECS + 600.0) - before).abs() < 12.0);
    let largest = |at: f64| model(actor, at).processes().iter().map(|it| it.rss).max().unwrap();
    assert!(largest(begin + DAY_SECS - 600.0) > largest(begin - 600.0) * 2);
}

#[test]
fn what_an_incident_says_it_moves_moves() {
    let mut scenario = calm();
    let physical = first(&scenario, Host::is_physical);
    let virtual_one = first(&scenario, |host| !host.is_physical());
    let begin = BEGIN + 7.0 * DAY_SECS + 3.0 * HOUR_SECS;
    scenario.play(Kind::NoisyNeighbour, &[physical, virtual_one], begin, 3_600.0);
    assert_eq!(scenario.incidents()[0].effects.len(), 1, "hardware has no neighbours");
    scenario.play(Kind::DiskFilling, &[2], begin, 6.0 * HOUR_SECS);
    scenario.play(Kind::NetworkSaturation, &[3], begin, 3_600.0);
    scenario.play(Kind::CpuRunaway, &[4], begin, 3_600.0);
    let (before, within) = (begin - 300.0, begin + 1_800.0);
    let actors = scenario.actors();
    let steal = |at| model(&actors[virtual_one], at).cpu().steal;
    assert!(steal(within) > steal(before) + 10.0);
    let full = begin + 6.0 * HOUR_SECS - 60.0;
    let last = actors[2].host.mounts.last().unwrap();
    assert!(model(&actors[2], full).usage(last).percent > 92.0);
    assert!(scenario.incidents()[1].effects[0].series[0].starts_with("fs.percent[/"));
    let sent = |at: f64| actors[3].host.nics[1].sent.value(at);
    assert!(sent(within) > 0.7 * actors[3].host.nics[1].speed as f64 / 8.0);
    assert!(sent(before) < 0.3 * sent(within));
    assert!(model(&actors[4], within).cpu().total > model(&actors[4], before).cpu().total + 30.0);
}

#[test]
fn a_cascade_strikes_one_host_after_the_other_and_the_last_falls_silent() {
    let mut scenario = calm();
    let begin = BEGIN + 8.0 * DAY_SECS;
    assert!(scenario.play(Kind::CascadingFailure, &[7, 3, 5, 1], begin, 3_600.0));
    let incident = &scenario.incidents()[0];
    let order: Vec<usize> = incident.effects.iter().map(|effect| effect.host).collect();
    assert_eq!(order, [7, 3, 5, 1]);
    let begins: Vec<f64> = incident.effects.iter().map(|it| it.span.begin - begin).collect();
    assert_eq!(begins, [0.0, 240.0, 480.0, 720.0]);
    assert_eq!(incident.effects[0].series[0], "cpu.iowait");
    assert!(scenario.actors()[1].moment(begin + 800.0, None).is_none());
    assert!(scenario.actors()[1].moment(begin + 700.0, None).is_some());
}

#[test]
fn a_container_in_a_crash_loop_is_restarting_part_of_the_time() {
    let mut scenario = calm();
    let host = first(&scenario, Host::has_engine);
    let begin = BEGIN + 8.0 * DAY_SECS;
    scenario.play(Kind::CrashLoop, &[host], begin, 2.0 * HOUR_SECS);
    let actor = &scenario.actors()[host];
    let state = |at| model(actor, at).containers().next().unwrap().state;
    let during: Vec<_> = (0..120).map(|n| state(begin + f64::from(n) * 60.0)).collect();
    let dead = during.iter().filter(|state| **state == ContainerState::Restarting).count();
    assert!((10..80).contains(&dead), "{dead}");
    assert_ne!(state(begin - 60.0), ContainerState::Restarting);
    assert_ne!(state(begin + 7_260.0), ContainerState::Restarting);
}

#[test]
fn after_a_restart_there_is_nothing_to_compare_with_and_after_a_reboot_counters_are_small() {
    let mut scenario = calm();
    let begin = BEGIN + 8.0 * DAY_SECS;
    scenario.play(Kind::GlancesRestart, &[0], begin, 60.0);
    scenario.play(Kind::Reboot, &[1], begin, 120.0);
    let (restarted, rebooted) = (&scenario.actors()[0], &scenario.actors()[1]);
    assert!(restarted.moment(begin + 30.0, None).is_none());
    let moment = restarted.moment(begin + 95.0, Some(begin - 30.0)).unwrap();
    assert_eq!(moment.prev, None);
    assert!(moment.boot < BEGIN);
    let moment = rebooted.moment(begin + 200.0, Some(begin - 5.0)).unwrap();
    assert_eq!((moment.boot, moment.prev), (begin + 120.0, None));
}
