//! What the size that a forecast asks for would cost.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{model::HostName, render};

/// What is assumed of prices.
pub(super) const PRICES: &str = "costs are plain numbers a month as in `cost_per_month`, in your \
    currency; the needed size assumes that the price follows the greater need of CPU and memory";

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
    /// A server needs the greater of what its CPU and its memory need.
    pub(super) fn or(self, other: Self) -> Self {
        Self { base: self.base.max(other.base), grown: self.grown.max(other.grown) }
    }
}

impl Cost {
    /// `None` when no price is known.
    pub(super) fn of(
        needs: &BTreeMap<&HostName, Need>,
        prices: &BTreeMap<HostName, f64>,
        growth_percent: Option<f64>,
    ) -> Option<Self> {
        let priced = needs.iter().filter_map(|(host, need)| Some((*prices.get(*host)?, *need)));
        let priced: Vec<(f64, Need)> = priced.collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worked_example_of_two_servers_and_one_without_a_price() {
        let [web, db, new] = ["web-1", "db-1", "new-1"].map(|name| HostName::parse(name).unwrap());
        let need = |base, grown| Need { base, grown };
        // The greater of 50 % for CPU and 80 % for memory.
        let web_need = need(50.0, 100.0).or(need(80.0, 90.0));
        assert_eq!(web_need, need(80.0, 100.0));
        let needs =
            BTreeMap::from([(&web, web_need), (&db, need(150.0, 300.0)), (&new, need(10.0, 10.0))]);
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
}
