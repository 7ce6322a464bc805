//! Whether a container started anew between two readings. Glances serves no count of restarts and no
//! time of start: the identifier, the state, the health check and the uptime in words tell. Pure.

use glances_client::model::{Container, ContainerState, Health};
use serde::{Deserialize, Serialize};

/// What one reading of a container says of its life.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Life {
    id: String,
    phase: Phase,
    /// At least and at most, seconds.
    up_secs: Option<[u64; 2]>,
    /// Bytes since it started.
    received: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// It was created, or says what this program does not know.
    #[default]
    Unknown,
    Running,
    /// Its health check has not decided since it started.
    Starting,
    /// Its health check has decided.
    Checked,
    Restarting,
    Ended,
}

/// What shows that a container started anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Another container has its name.
    MadeAnew,
    /// It died and waits for its engine to start it.
    Died,
    /// It had ended and runs.
    Started,
    /// It runs for less time than before.
    Younger,
    /// Its health check begins anew.
    Unchecked,
}

impl Life {
    /// What a reading says.
    #[must_use]
    pub fn of(container: &Container) -> Self {
        use ContainerState::{Created, Dead, Exited, Paused, Restarting, Running, Unknown};
        let phase = match (container.state, container.health) {
            (Running | Paused, Some(Health::Starting)) => Phase::Starting,
            (Running | Paused, Some(Health::Healthy | Health::Unhealthy)) => Phase::Checked,
            (Running | Paused, None) => Phase::Running,
            (Restarting, _) => Phase::Restarting,
            (Exited | Dead, _) => Phase::Ended,
            (Created | Unknown, _) => Phase::Unknown,
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole bytes, and a cast of a number out of range takes the nearest"
        )]
        let received = container.network_recv.total.map(|bytes| bytes as u64);
        Self { id: container.id.clone(), phase, up_secs: container.uptime_secs(), received }
    }

    /// What shows that it started anew after the reading `before`. A death counts once, when it is
    /// seen first: not again when the container runs.
    #[must_use]
    pub fn restarted_since(&self, before: &Self) -> Option<Restart> {
        if before.id.is_empty() || self.id.is_empty() {
            return None;
        }
        if before.id != self.id {
            return Some(Restart::MadeAnew);
        }
        match (before.phase, self.phase) {
            (Phase::Running | Phase::Starting | Phase::Checked, Phase::Restarting) => {
                Some(Restart::Died)
            }
            (Phase::Ended, Phase::Running | Phase::Starting | Phase::Checked) => {
                Some(Restart::Started)
            }
            (Phase::Checked, Phase::Starting) => Some(Restart::Unchecked),
            _ => self.is_younger_than(before).then_some(Restart::Younger),
        }
    }

    /// A clock that is set back makes every uptime shorter, but no counter.
    fn is_younger_than(&self, before: &Self) -> bool {
        let uptimes = self.up_secs.zip(before.up_secs);
        let bytes = self.received.zip(before.received);
        uptimes.is_some_and(|([_, most], [least, _])| most <= least)
            && !bytes.is_some_and(|(now, then)| then > 0 && now >= then)
    }
}

#[cfg(test)]
mod tests {
    use glances_client::model::Meter;

    use super::*;

    fn container(uptime: &str, received: f64) -> Container {
        Container {
            name: "web".to_owned(),
            id: "a".to_owned(),
            engine: "docker".to_owned(),
            state: ContainerState::Running,
            health: None,
            image: "web:1".to_owned(),
            command: None,
            created: None,
            uptime: Some(uptime.to_owned()),
            cpu_percent: None,
            cpu_limit_cores: None,
            memory_used: None,
            memory_limit: None,
            network_recv: Meter { total: Some(received), per_sec: None },
            network_sent: Meter::default(),
            io_read: Meter::default(),
            io_write: Meter::default(),
            ports: None,
            pod: None,
        }
    }

    fn told(before: &Container, after: &Container) -> Option<Restart> {
        Life::of(after).restarted_since(&Life::of(before))
    }

    fn in_state(state: ContainerState, health: Option<Health>) -> Container {
        Container { state, health, uptime: None, ..container("", 0.0) }
    }

    #[test]
    fn a_shorter_uptime_is_a_restart_and_words_that_may_be_longer_are_none() {
        let old = container("5 mins", 9_000.0);
        assert_eq!(told(&old, &container("10 secs", 40.0)), Some(Restart::Younger));
        assert_eq!(told(&old, &container("just now", 40.0)), Some(Restart::Younger));
        for later in ["5 mins", "6 mins", "an hour", "yesterday", "soon"] {
            assert_eq!(told(&old, &container(later, 40.0)), None, "{later}");
        }
        assert_eq!(told(&container("4 weeks", 9.0), &container("a month", 9.0)), None);
    }

    #[test]
    fn a_clock_that_was_set_back_is_no_restart() {
        let (old, new) = (container("2 hours", 9_000.0), container("an hour", 9_500.0));
        assert_eq!(told(&old, &new), None, "it has received more");
    }

    #[test]
    fn a_death_counts_once_however_often_it_is_seen() {
        let (running, dead) =
            (container("5 mins", 9_000.0), in_state(ContainerState::Restarting, None));
        assert_eq!(told(&running, &dead), Some(Restart::Died));
        assert_eq!(told(&dead, &dead), None);
        assert_eq!(told(&dead, &container("10 secs", 0.0)), None);
        let ended = in_state(ContainerState::Exited, None);
        assert_eq!(told(&running, &ended), None, "nobody started it");
        assert_eq!(told(&ended, &container("10 secs", 0.0)), Some(Restart::Started));
    }

    #[test]
    fn a_health_check_that_begins_anew_is_a_restart() {
        // Glances serves no uptime until the check has passed.
        let state = |health| in_state(ContainerState::Running, Some(health));
        let (healthy, starting) = (state(Health::Healthy), state(Health::Starting));
        assert_eq!(told(&healthy, &starting), Some(Restart::Unchecked));
        assert_eq!(told(&starting, &healthy), None);
        assert_eq!(told(&in_state(ContainerState::Running, None), &starting), None);
    }

    #[test]
    fn another_container_of_the_name_is_one_that_was_made_anew() {
        let old = container("5 mins", 9_000.0);
        let named = |id: &str| Container { id: id.to_owned(), ..old.clone() };
        assert_eq!(told(&old, &named("b")), Some(Restart::MadeAnew));
        assert_eq!(told(&old, &named("")), None, "nothing is known of it");
    }
}
