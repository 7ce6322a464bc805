//! What the size that a forecast asks for would cost.

use std::collections::BTreeMap;

use analytics::{CPU_TARGET, MEMORY_TARGET};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{model::HostName, render};

/// A metric whose target says how large a server has to be.
pub(super) struct Sized {
    pub(super) path: &'static str,
    pub(super) word: &'static str,
    /// The share of the whole that may be used.
    pub(super) target: f64,
}

pub(super) const SIZED: &[Sized] = &[
    Sized { path: "cpu.total", word: "CPU", target: CPU_TARGET },
    Sized { path: "mem.percent", word: "memory", target: MEMORY_TARGET },
];

/// What one server needs, by the word of what was foretold of it.
pub(super) type Needs = BTreeMap<&'static str, Need>;

/// What the servers of the forecast cost now, and what they would.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Cost {
    /// Servers with a price and a forecast of CPU or memory.
    priced_servers: usize,
    /// Servers with such a forecast and without a price.
    unpriced_servers: usize,
    now_per_month: f64,
    scenarios: Vec<Priced>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Priced {
    scenario: String,
    /// At the size that each server needs, smaller ones too.
    needed_per_month: f64,
    /// The same less what it is now.
    change_per_month: f64,
}

/// Percent of the present size that a server needs: as history goes on, and as the caller asks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Need {
    pub(super) base: f64,
    pub(super) grown: f64,
}

impl Need {
    /// A server needs the greatest of what its CPU and its memory need.
    fn greatest(needs: &Needs) -> Self {
        needs.values().fold(Self::default(), |one, other| one.or(*other))
    }

    fn or(self, other: Self) -> Self {
        Self { base: self.base.max(other.base), grown: self.grown.max(other.grown) }
    }
}

impl Cost {
    /// `None` when no price is known.
    pub(super) fn of(
        needs: &BTreeMap<&HostName, Needs>,
        prices: &BTreeMap<HostName, f64>,
        growth_percent: Option<f64>,
    ) -> Option<Self> {
        let of = |(host, needs): (&&HostName, &Needs)| {
            Some((*prices.get(*host)?, Need::greatest(needs)))
        };
        let priced: Vec<(f64, Need)> = needs.iter().filter_map(of).collect();
        if priced.is_empty() {
            return None;
        }
        let now_per_month: f64 = priced.iter().map(|(price, _)| price).sum();
        let scenario = |scenario: String, read: fn(&Need) -> f64| {
            let needed = priced.iter().map(|(price, need)| price * read(need) / 100.0);
            let needed_per_month: f64 = needed.sum();
            let change_per_month = needed_per_month - now_per_month;
            Priced { scenario, needed_per_month, change_per_month }
        };
        let mut scenarios = vec![scenario("as history goes on".to_owned(), |need| need.base)];
        if let Some(percent) = growth_percent {
            let name = format!("load changes by {}%", render::short(percent));
            scenarios.push(scenario(name, |need| need.grown));
        }
        Some(Self {
            priced_servers: priced.len(),
            unpriced_servers: needs.len() - priced.len(),
            now_per_month,
            scenarios,
        })
    }

    /// For the headline: the scenario that was asked for.
    pub(super) fn words(&self) -> String {
        let Some(asked) = self.scenarios.last() else { return String::new() };
        format!(
            " At the needed sizes {} cost {} a month, now {}.",
            render::count(self.priced_servers, "server"),
            render::short(asked.needed_per_month),
            render::short(self.now_per_month),
        )
    }
}

/// What is assumed of prices, and of how many servers not all is foretold that a size rests on.
pub(super) fn assumed(
    needs: &BTreeMap<&HostName, Needs>,
    prices: &BTreeMap<HostName, f64>,
) -> String {
    let mut counts: BTreeMap<Vec<&str>, usize> = BTreeMap::new();
    for (_, needs) in needs.iter().filter(|(host, _)| prices.contains_key(**host)) {
        *counts.entry(needs.keys().copied().collect()).or_default() += 1;
    }
    let one = counts.len() == 1;
    let follows = |(words, count): (&Vec<&str>, &usize)| {
        let need = match words.as_slice() {
            [alone] => format!("the need of {alone} alone"),
            both => format!("the greater need of {}", both.join(" and ")),
        };
        if one { need } else { format!("{need} for {}", render::count(*count, "server")) }
    };
    let follows: Vec<String> = counts.iter().map(follows).collect();
    format!(
        "costs are plain numbers a month as in `cost_per_month`, in your currency; the needed size \
         assumes that the price follows {}",
        follows.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worked_example_of_two_servers_and_one_without_a_price() {
        let [web, db, new] = ["web-1", "db-1", "new-1"].map(|name| HostName::parse(name).unwrap());
        let need = |base, grown| Need { base, grown };
        // The greater of 50 % for CPU and 80 % for memory.
        let web_needs = Needs::from([("CPU", need(50.0, 100.0)), ("memory", need(80.0, 90.0))]);
        assert_eq!(Need::greatest(&web_needs), need(80.0, 100.0));
        let cpu = |need| Needs::from([("CPU", need)]);
        let needs = BTreeMap::from([
            (&web, web_needs),
            (&db, cpu(need(150.0, 300.0))),
            (&new, cpu(need(10.0, 10.0))),
        ]);
        let prices = BTreeMap::from([(web.clone(), 100.0), (db.clone(), 40.0)]);
        let cost = Cost::of(&needs, &prices, Some(100.0)).unwrap();
        assert_eq!((cost.priced_servers, cost.unpriced_servers), (2, 1));
        // 100 × 0.8 + 40 × 1.5 and 100 × 1 + 40 × 3
        let by_hand = [(140.0, 0.0), (220.0, 80.0)];
        let ours = cost.scenarios.iter().map(|it| (it.needed_per_month, it.change_per_month));
        assert_eq!(ours.collect::<Vec<_>>(), by_hand);
        assert_eq!(cost.now_per_month, 140.0);
        assert!(Cost::of(&needs, &BTreeMap::new(), None).is_none(), "no price, no cost");
    }

    #[test]
    fn what_is_said_of_prices_names_what_the_sizes_rest_on() {
        let [web, db, new] = ["web-1", "db-1", "new-1"].map(|name| HostName::parse(name).unwrap());
        let need = Need { base: 50.0, grown: 50.0 };
        let (cpu, both) = ([("CPU", need)], [("CPU", need), ("memory", need)]);
        let prices = BTreeMap::from([(web.clone(), 100.0), (db.clone(), 40.0)]);
        let said = |web_needs: Needs, db_needs: Needs| {
            // What has no price has no say.
            let new_needs = Needs::from([("memory", need)]);
            let needs = BTreeMap::from([(&web, web_needs), (&db, db_needs), (&new, new_needs)]);
            assumed(&needs, &prices).split_once("price follows ").unwrap().1.to_owned()
        };
        assert_eq!(said(both.into(), both.into()), "the greater need of CPU and memory");
        assert_eq!(said(cpu.into(), cpu.into()), "the need of CPU alone");
        assert_eq!(
            said(cpu.into(), both.into()),
            "the need of CPU alone for 1 server, the greater need of CPU and memory for 1 server"
        );
    }
}
