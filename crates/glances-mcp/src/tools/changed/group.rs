//! Moves with one cause: the same moment on many servers, one server after the other, or one alone.
//! Pure. The order in time is what is said of cause, and no more.

use std::collections::BTreeMap;

use serde::Serialize;

use super::series::Moved;
use crate::model::HostName;

/// What the moments of moves say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Verdict {
    /// Several servers at the same moment.
    Simultaneous,
    /// One server after the other.
    Cascading,
    /// One server alone.
    Isolated,
}

/// Moves that belong together.
pub(super) struct Group {
    /// Its place, from 1.
    pub(super) number: usize,
    pub(super) verdict: Verdict,
    /// The strongest of each server, strongest first, then their second ones.
    pub(super) moves: Vec<Moved>,
    /// When each server began to move, earliest first.
    pub(super) onsets: Vec<(HostName, i64)>,
}

impl Group {
    /// When the first of them began.
    pub(super) fn began(&self) -> i64 {
        self.onsets.first().map_or(0, |(_, at)| *at)
    }

    fn strength(&self) -> f64 {
        let servers = self.onsets.len().max(1);
        #[expect(clippy::cast_precision_loss, reason = "servers are few")]
        let breadth = 1.0 + (servers as f64).ln();
        self.moves.first().map_or(0.0, Moved::strength) * breadth
    }
}

/// Onsets that cannot be told apart, and those that are one story.
#[derive(Clone, Copy)]
pub(super) struct Near {
    /// Closer than this is at the same moment, seconds.
    pub(super) same_secs: i64,
    /// Further apart than this is another story, seconds.
    pub(super) story_secs: i64,
}

/// Share of the servers that begin at the same moment, for all of them to be simultaneous: a few
/// stragglers make no cascade.
const SAME_SHARE: f64 = 0.8;
/// A server that moved less than this part of the strongest is another story: some minutes of more
/// work beside an incident.
const MINOR_SHARE: f64 = 0.2;
/// A story is so many times as long as a step of it at most; else a busy fleet is one story.
const STORY_STEPS_MAX: i64 = 6;

/// The moves of one server at one time.
struct Turn {
    host: HostName,
    at: i64,
    strength: f64,
    moves: Vec<Moved>,
}

/// A series counts for the moment of its server when it moved at least this part of the strongest:
/// the weak ones are early or late by noise.
const TELLS_TIME_SHARE: f64 = 0.5;

impl Turn {
    fn of(moves: Vec<Moved>) -> Option<Self> {
        let strength = moves.iter().map(Moved::strength).fold(0.0, f64::max);
        let tell = moves.iter().filter(|it| it.strength() >= TELLS_TIME_SHARE * strength);
        let at = tell.map(|it| it.at).min()?;
        Some(Self { host: moves.first()?.host.clone(), at, strength, moves })
    }
}

/// Puts moves together by their moments, strongest first.
pub(super) fn group(moved: Vec<Moved>, near: Near) -> Vec<Group> {
    let mut turns = turns(moved, near);
    turns.sort_by(|a, b| (a.at, &a.host).cmp(&(b.at, &b.host)));
    let mut stories: Vec<Vec<Turn>> = Vec::new();
    for turn in turns {
        let goes_on = stories.last().is_some_and(|story| {
            let last = story.last().map_or(turn.at, |it| it.at);
            let first = story.first().map_or(turn.at, |it| it.at);
            turn.at - last <= near.story_secs
                && turn.at - first <= near.story_secs.saturating_mul(STORY_STEPS_MAX)
        });
        match stories.last_mut() {
            Some(story) if goes_on => story.push(turn),
            _ => stories.push(vec![turn]),
        }
    }
    let mut groups: Vec<Group> =
        stories.into_iter().flat_map(major).map(|story| judged(story, near)).collect();
    groups.sort_by(|a, b| {
        b.strength().total_cmp(&a.strength()).then_with(|| a.began().cmp(&b.began()))
    });
    groups.iter_mut().zip(1..).for_each(|(group, number)| group.number = number);
    groups
}

/// The moves of each server, those of one time together.
fn turns(mut moved: Vec<Moved>, near: Near) -> Vec<Turn> {
    moved.sort_by(|a, b| (&a.host, a.at, &a.series).cmp(&(&b.host, b.at, &b.series)));
    let mut parts: Vec<Vec<Moved>> = Vec::new();
    for one in moved {
        let goes_on = parts
            .last()
            .and_then(|part| part.last())
            .is_some_and(|last| last.host == one.host && one.at - last.at <= near.story_secs);
        match parts.last_mut() {
            Some(part) if goes_on => part.push(one),
            _ => parts.push(vec![one]),
        }
    }
    parts.into_iter().filter_map(Turn::of).collect()
}

/// The servers of a story that moved about as far; each of the others is one of its own.
fn major(story: Vec<Turn>) -> Vec<Vec<Turn>> {
    let strongest = story.iter().map(|turn| turn.strength).fold(0.0, f64::max);
    let far = |turn: &Turn| turn.strength >= MINOR_SHARE * strongest;
    let (main, minor): (Vec<_>, Vec<_>) = story.into_iter().partition(far);
    let mut stories = vec![main];
    stories.extend(minor.into_iter().map(|turn| vec![turn]));
    stories
}

fn judged(story: Vec<Turn>, near: Near) -> Group {
    let mut first: BTreeMap<HostName, i64> = BTreeMap::new();
    for turn in &story {
        let at = first.entry(turn.host.clone()).or_insert(turn.at);
        *at = turn.at.min(*at);
    }
    let mut moves: Vec<Moved> = story.into_iter().flat_map(|turn| turn.moves).collect();
    let mut onsets: Vec<(HostName, i64)> = first.into_iter().collect();
    onsets.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    let middle = onsets.get(onsets.len() / 2).map_or(0, |(_, at)| *at);
    let same = onsets.iter().filter(|(_, at)| (at - middle).abs() <= near.same_secs).count();
    let spread = onsets.last().map_or(0, |(_, at)| *at) - onsets.first().map_or(0, |(_, at)| *at);
    #[expect(clippy::cast_precision_loss, reason = "servers are few")]
    let most_are = same as f64 >= SAME_SHARE * onsets.len() as f64;
    let verdict = match onsets.len() {
        0 | 1 => Verdict::Isolated,
        2 | 3 if spread > near.same_secs => Verdict::Cascading,
        _ if spread <= near.same_secs || most_are => Verdict::Simultaneous,
        _ => Verdict::Cascading,
    };
    moves.sort_by(|a, b| {
        let names = || (&a.host, &a.series).cmp(&(&b.host, &b.series));
        b.strength().total_cmp(&a.strength()).then_with(names)
    });
    Group { number: 0, verdict, moves: in_turns(moves), onsets }
}

/// The strongest of every server, then the second of every server, and so on: who reads the first of
/// them sees every server, not the many series of one.
fn in_turns(moves: Vec<Moved>) -> Vec<Moved> {
    let mut turns: BTreeMap<HostName, usize> = BTreeMap::new();
    let numbered = moves.into_iter().map(|moved| {
        let next = turns.entry(moved.host.clone()).or_default();
        *next += 1;
        (*next, moved)
    });
    let mut numbered: Vec<(usize, Moved)> = numbered.collect();
    numbered.sort_by_key(|(turn, _)| *turn);
    numbered.into_iter().map(|(_, moved)| moved).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::history::metric_of;

    const NEAR: Near = Near { same_secs: 60, story_secs: 300 };

    fn moved(host: &str, series: &str, at: i64, effect: f64) -> Moved {
        Moved {
            host: HostName::parse(host).unwrap(),
            series: series.into(),
            metric: metric_of(series).unwrap(),
            at,
            until: None,
            before: 10.0,
            after: 80.0,
            effect,
            values: 30,
        }
    }

    #[test]
    fn one_moment_on_several_servers_is_simultaneous() {
        let moves = ["a", "b", "c"].map(|host| moved(host, "cpu.total", 1_000, 12.0)).to_vec();
        let groups = group(moves, NEAR);
        assert_eq!(groups.len(), 1);
        assert_eq!((groups[0].verdict, groups[0].onsets.len()), (Verdict::Simultaneous, 3));
    }

    #[test]
    fn one_after_the_other_is_cascading_in_that_order() {
        let moves = vec![
            moved("web-2", "cpu.total", 1_480, 9.0),
            moved("db-1", "cpu.iowait", 1_000, 12.0),
            moved("web-1", "mem.percent", 1_240, 5.0),
            moved("web-1", "load.min5", 1_400, 5.0),
        ];
        let groups = group(moves, NEAR);
        assert_eq!((groups.len(), groups[0].verdict), (1, Verdict::Cascading));
        let order: Vec<&str> = groups[0].onsets.iter().map(|(host, _)| host.as_str()).collect();
        assert_eq!(order, ["db-1", "web-1", "web-2"]);
        assert_eq!(groups[0].began(), 1_000);
    }

    #[test]
    fn a_server_alone_is_isolated_and_what_is_far_apart_is_another_story() {
        let moves = vec![
            moved("db-1", "cpu.total", 1_000, 12.0),
            moved("db-1", "load.min5", 1_100, 12.0),
            moved("web-1", "cpu.total", 3_000, 6.0),
        ];
        let groups = group(moves, NEAR);
        let verdicts: Vec<Verdict> = groups.iter().map(|group| group.verdict).collect();
        assert_eq!(verdicts, [Verdict::Isolated, Verdict::Isolated]);
        assert_eq!(groups[0].moves[0].host.as_str(), "db-1", "strongest first");
    }

    #[test]
    fn a_little_more_work_beside_an_incident_is_no_cascade() {
        let moves = vec![
            moved("db-1", "cpu.total", 1_000, 20.0),
            moved("web-1", "network.bytes_recv[eth0]", 1_200, 2.0),
        ];
        let groups = group(moves, NEAR);
        assert!(groups.iter().all(|group| group.verdict == Verdict::Isolated));
        assert_eq!(groups[0].moves[0].host.as_str(), "db-1");
    }

    #[test]
    fn the_first_moves_of_a_change_are_of_different_servers() {
        let moves = vec![
            moved("web-1", "network.use[eth0]", 1_000, 17.0),
            moved("web-1", "network.bytes_sent[eth0]", 1_000, 20.0),
            moved("web-1", "network.bytes_recv[eth0]", 1_000, 20.0),
            moved("db-1", "fs.percent[/data]", 1_000, 4.0),
        ];
        let groups = group(moves, NEAR);
        let hosts: Vec<&str> = groups[0].moves.iter().map(|it| it.host.as_str()).collect();
        assert_eq!(hosts, ["web-1", "db-1", "web-1", "web-1"]);
    }

    #[test]
    fn one_straggler_of_ten_makes_no_cascade() {
        let name = |number: i64| format!("web-{number}");
        let at = |number: i64| if number == 9 { 1_200 } else { 1_000 };
        let moves = (0..10).map(|n| moved(&name(n), "cpu.total", at(n), 9.0)).collect();
        assert_eq!(group(moves, NEAR)[0].verdict, Verdict::Simultaneous);
    }
}
