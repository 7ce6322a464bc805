//! Random series, failures, restarts and silences against what must always hold.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// What happens at one moment.
#[derive(Clone, Debug)]
enum Step {
    /// A poll with memory, CPU and the disks of an array in use.
    Poll {
        host: usize,
        mem: f64,
        cpu: f64,
        disks: u32,
    },
    Fail {
        host: usize,
    },
    Tick,
    /// Nothing happens for so many seconds.
    Wait(i64),
    Restart,
    Silence(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        // Runs of bad values are what alerts are made of.
        40 => (0..3_usize, prop_oneof![Just(97.0), Just(40.0), 0.0..100.0_f64], 0.0..100.0_f64,
               1..3_u32)
            .prop_map(|(host, mem, cpu, disks)| Step::Poll { host, mem, cpu, disks }),
        4 => (0..3_usize).prop_map(|host| Step::Fail { host }),
        4 => Just(Step::Tick),
        1 => (1..4_000_i64).prop_map(Step::Wait),
        1 => Just(Step::Restart),
        1 => (1..2_000_i64).prop_map(Step::Silence),
    ]
}

/// Stretches in which one step repeats, so that something lasts.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((step(), 1..60_usize), 1..40).prop_map(|stretches| {
        let repeated = stretches.into_iter().flat_map(|(step, times)| {
            let times = match step {
                Step::Poll { .. } | Step::Fail { .. } | Step::Tick => times,
                Step::Wait(_) | Step::Restart | Step::Silence(_) => 1,
            };
            std::iter::repeat_n(step, times)
        });
        repeated.collect()
    })
}

const FOR_SECS: i64 = 300;
const CLEAR_SECS: i64 = 600;

fn rules() -> Rules {
    let memory = Threshold {
        for_secs: Some(FOR_SECS),
        clear_after_secs: Some(CLEAR_SECS),
        ..own("mem.percent", 80.0, 95.0)
    };
    Rules::new(&[memory], Defaults::Ours).ok().unwrap()
}

/// Memory values by server.
type Values = BTreeMap<String, Vec<(i64, f64)>>;

/// Plays the steps; every transition, and the memory values of its server so far.
fn play(steps: &[Step]) -> (Vec<Transition>, Values) {
    let mut engine = Engine::new(rules());
    let mut machines: Vec<Machine> =
        (0..3).map(|number| Machine::new(&format!("web-{number}"))).collect();
    let mut values = Values::new();
    let mut all = Vec::new();
    let mut now = START;
    for step in steps {
        now += INTERVAL;
        match step {
            Step::Poll { host, mem: percent, cpu: total, disks } => {
                let payloads = vec![mem(*percent), cpu(*total), raid(*disks)];
                let snapshot = machines[*host].answer(now, payloads);
                let alias = snapshot.host.alias.as_str().to_owned();
                values.entry(alias).or_default().push((now, *percent));
                all.extend(observe(&mut engine, snapshot, now));
            }
            Step::Fail { host } => {
                let snapshot = machines[*host].fail(now);
                all.extend(observe(&mut engine, snapshot, now));
            }
            Step::Tick => all.extend(engine.tick(now)),
            Step::Wait(secs) => now += secs,
            Step::Restart => {
                let before: Vec<Alert> = engine.open().cloned().collect();
                engine = Engine::restore(rules(), reread(&engine.saved()));
                let after: Vec<Alert> = engine.open().cloned().collect();
                assert_eq!(before, after, "nothing is lost by a restart");
            }
            Step::Silence(secs) => engine
                .silence(Silence {
                    id: "s".to_owned(),
                    servers: Vec::new(),
                    series: Some("mem.*".to_owned()),
                    rule: None,
                    until: now + secs,
                    by: String::new(),
                    why: String::new(),
                })
                .unwrap(),
        }
        let open: Vec<&str> = engine.open().map(|it| it.fingerprint.as_str()).collect();
        let distinct: BTreeSet<&&str> = open.iter().collect();
        assert_eq!(open.len(), distinct.len(), "one open alert a fingerprint");
    }
    (all, values)
}

/// The alerts as their transitions tell them: each begins, fires once, ends once.
fn check_order(all: &[Transition]) {
    let mut open: BTreeMap<&str, (&str, bool)> = BTreeMap::new();
    for it in all {
        let (fingerprint, id) = (it.alert.fingerprint.as_str(), it.alert.id.as_str());
        let before = open.get(fingerprint).copied();
        match it.change {
            Change::Pending => {
                assert_eq!(before, None, "a second alert of {fingerprint}");
                open.insert(fingerprint, (id, false));
            }
            Change::Firing => {
                assert!(before.is_none_or(|known| known == (id, false)), "{fingerprint} twice");
                open.insert(fingerprint, (id, true));
            }
            Change::Dropped => assert_eq!(open.remove(fingerprint), Some((id, false))),
            Change::Resolved | Change::Gone => {
                assert_eq!(open.remove(fingerprint), Some((id, true)));
            }
            Change::Worsened { .. }
            | Change::Eased { .. }
            | Change::Flapping
            | Change::Hidden
            | Change::Surfaced => assert_eq!(before, Some((id, true))),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn alerts_begin_fire_and_end_once_and_in_their_time(steps in steps()) {
        let (all, values) = play(&steps);
        check_order(&all);
        let mut ended = BTreeSet::new();
        for it in all.iter().filter(|it| it.alert.series == "mem.percent") {
            let host = it.alert.host.as_ref().unwrap().as_str();
            let before = |from: i64| {
                let of_host = values.get(host).into_iter().flatten();
                of_host.filter(move |(at, _)| (from..=it.at).contains(at)).map(|(_, value)| *value)
            };
            match it.change {
                // Five of seven minutes above the limit hold at least one value in five of them.
                Change::Firing => {
                    let minutes: BTreeSet<i64> = values.get(host).into_iter().flatten()
                        .filter(|(at, value)| *value >= 80.0 && *at <= it.at)
                        .map(|(at, _)| at.div_euclid(60))
                        .collect();
                    prop_assert!(minutes.len() >= 5, "{} minutes", minutes.len());
                    prop_assert!(it.at - START >= FOR_SECS);
                    // A minute is judged with the first sample of a later one. What was up not
                    // long ago has some of its bad minutes from then.
                    let before = it.at - it.alert.began;
                    prop_assert!(before >= FOR_SECS - 120 || ended.contains(host), "{before} s");
                }
                Change::Resolved => {
                    ended.insert(host);
                    prop_assert!(it.at - it.alert.began >= CLEAR_SECS);
                    // Polls may be rare: the last good one is then older than the clear time.
                    prop_assert!(before(it.at - 4 * CLEAR_SECS).any(|value| value < 76.0));
                    let State::Resolved { since, at } = it.alert.state else {
                        panic!("not resolved");
                    };
                    prop_assert!(at - since >= CLEAR_SECS - 60, "{} s", at - since);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn the_same_observations_give_the_same_transitions_to_the_byte(steps in steps()) {
        let told = |steps| serde_json::to_string(&play(steps).0).unwrap();
        prop_assert_eq!(told(&steps), told(&steps));
    }
}
