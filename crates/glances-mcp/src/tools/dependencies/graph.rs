//! What follows when a server fails: along edges against their direction, as far as they go. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::edges::{Edge, Kind};
use crate::model::HostName;

/// Cycles that are named.
const CYCLES_MAX: usize = 5;

/// Servers by what needs them.
pub(super) struct Graph<'a> {
    needed_by: BTreeMap<&'a HostName, BTreeSet<&'a HostName>>,
}

impl<'a> Graph<'a> {
    /// Of the edges of these kinds.
    pub(super) fn of(edges: &'a [Edge], kinds: &[Kind]) -> Self {
        let mut needed_by: BTreeMap<&HostName, BTreeSet<&HostName>> = BTreeMap::new();
        for edge in edges.iter().filter(|edge| kinds.contains(&edge.kind)) {
            needed_by.entry(&edge.to).or_default().insert(&edge.from);
        }
        Self { needed_by }
    }

    /// Servers that something needs.
    pub(super) fn needed(&self) -> impl Iterator<Item = &'a HostName> {
        self.needed_by.keys().copied()
    }

    /// Who needs a server, each with the number of steps to it, nearest first. Not itself.
    pub(super) fn dependents(&self, of: &'a HostName) -> Vec<(&'a HostName, usize)> {
        let mut seen = BTreeSet::from([of]);
        let (mut found, mut last, mut steps) = (Vec::new(), vec![of], 1);
        while !last.is_empty() {
            let all = last.iter().filter_map(|it| self.needed_by.get(it)).flatten();
            let next: BTreeSet<&HostName> = all.copied().filter(|it| !seen.contains(it)).collect();
            seen.extend(&next);
            last = next.into_iter().collect();
            found.extend(last.iter().map(|host| (*host, steps)));
            steps += 1;
        }
        found
    }

    /// Circles of servers that need each other, each once, from its first name on.
    pub(super) fn cycles(&self) -> Vec<Vec<&'a HostName>> {
        let mut told: BTreeSet<&HostName> = BTreeSet::new();
        let mut cycles = Vec::new();
        for start in self.needed() {
            if cycles.len() == CYCLES_MAX {
                break;
            }
            if told.contains(start) {
                continue;
            }
            if let Some(cycle) = self.back_to(start) {
                told.extend(&cycle);
                cycles.push(cycle);
            }
        }
        cycles
    }

    /// The shortest way from a server over those that need it back to itself.
    fn back_to(&self, start: &'a HostName) -> Option<Vec<&'a HostName>> {
        let mut came_from: BTreeMap<&HostName, &HostName> = BTreeMap::new();
        let mut last = vec![start];
        while !last.is_empty() {
            let mut next = Vec::new();
            for host in last {
                for user in self.needed_by.get(host).into_iter().flatten() {
                    if *user == start {
                        let mut way = vec![host];
                        while let Some(before) = way.last().and_then(|it| came_from.get(*it)) {
                            way.push(before);
                        }
                        // It was walked from what is needed to who needs it.
                        way.rotate_right(1);
                        return Some(way);
                    }
                    if !came_from.contains_key(*user) {
                        came_from.insert(user, host);
                        next.push(*user);
                    }
                }
            }
            last = next;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(text: &str) -> Vec<Edge> {
        let name = |text: &str| HostName::parse(text).unwrap();
        text.split_whitespace()
            .map(|pair| {
                let (from, to) = pair.split_once('>').unwrap();
                Edge {
                    from: name(from),
                    to: name(to),
                    kind: Kind::Declared,
                    evidence: String::new(),
                }
            })
            .collect()
    }

    #[test]
    fn what_needs_a_server_is_followed_as_far_as_it_goes() {
        let edges = edges("web>app app>db job>db db>disk report>web");
        let graph = Graph::of(&edges, &[Kind::Declared]);
        let disk = HostName::parse("disk").unwrap();
        let found: Vec<String> = graph
            .dependents(&disk)
            .into_iter()
            .map(|(host, steps)| format!("{host} {steps}"))
            .collect();
        assert_eq!(found, ["db 1", "app 2", "job 2", "web 3", "report 4"]);
        assert!(graph.cycles().is_empty());
        assert!(Graph::of(&edges, &[Kind::Checked]).dependents(&disk).is_empty());
    }

    #[test]
    fn a_circle_is_named_once_and_walked_once() {
        let edges = edges("a>b b>c c>a d>a");
        let graph = Graph::of(&edges, &[Kind::Declared]);
        let cycles = graph.cycles();
        assert_eq!(cycles.len(), 1);
        let names: Vec<&str> = cycles[0].iter().map(|host| host.as_str()).collect();
        // a needs b, which needs c, which needs a.
        assert_eq!(names, ["a", "b", "c"]);
        let a = HostName::parse("a").unwrap();
        let all: Vec<&str> = graph.dependents(&a).iter().map(|(host, _)| host.as_str()).collect();
        assert_eq!(all, ["c", "d", "b"]);
    }
}
