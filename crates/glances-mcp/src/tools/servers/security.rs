//! The posture of the selected servers: the checklist over all of them, worst first, and one server
//! in full.

use std::{cmp::Reverse, collections::BTreeMap};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::super::{Context, ToolError, args::Format, listing::Cut, view};
use crate::{
    command::{EXPOSURE_WAIT, Look},
    model::HostName,
    query::{
        Selection, compact,
        coverage::{Coverage, Tally},
        fix,
    },
    redact::clip,
    security::{
        CONTROLS, Case, Control, Risk, Verdict,
        advisories::{Advisory, Known, PUBLISHED, When},
    },
    snapshot::{Snapshot, seconds_between},
};

const FAIL: &str = "fail";
const UNSEEN: &str = "unseen";

/// Names of servers in one row; `detailed` has them all.
const SERVERS_SHOWN: usize = 8;
/// Vulnerabilities named in one row.
const IDS_SHOWN: usize = 4;
/// Releases in one reply, worst first: a fleet has few.
const RELEASES_SHOWN: usize = 8;

const NOTE: &str = "Only what can be seen from here, by polling and as somebody without credentials. \
    `[outputs]` is a section of glances.conf on that server; restart Glances after a change";

/// How the selected servers are guarded.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Security {
    /// The checklist, worst first.
    controls: Vec<ControlRow>,
    /// Releases with published vulnerabilities, worst first.
    releases: Vec<ReleaseRow>,
    /// One row a finding and the servers that share it, worst first; of one server, or `detailed`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<FindingRow>,
    /// The vulnerabilities of `releases`, `detailed` only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vulnerabilities: Vec<VulnerabilityRow>,
    /// Servers that answer polls and could not be looked at from outside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_looked_at: Vec<NotLookedAt>,
    /// Day of the list of published vulnerabilities.
    vulnerabilities_as_of: &'static str,
    /// Age of the oldest look from outside; one is told for 10 minutes.
    oldest_look_age_seconds: Option<f64>,
    note: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ControlRow {
    control: &'static str,
    risk: &'static str,
    /// What is true where it passes.
    holds: &'static str,
    pass: usize,
    fail: usize,
    /// Cannot be seen.
    unseen: usize,
    failing: Option<String>,
    fix: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ReleaseRow {
    glances: String,
    servers: String,
    vulnerabilities: usize,
    worst: Option<&'static str>,
    /// Those that need no more than an API that can be reached.
    by_api: String,
    /// The release that has none of them.
    fixed_in: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct FindingRow {
    control: &'static str,
    risk: &'static str,
    /// `fail` or `unseen`.
    result: &'static str,
    finding: String,
    servers: Vec<String>,
    /// Where it is another line than in `controls`.
    fix: Option<String>,
    #[serde(skip)]
    hosts: Vec<HostName>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct VulnerabilityRow {
    id: &'static str,
    severity: Option<&'static str>,
    what: &'static str,
    matters_when: &'static str,
    fixed_in: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct NotLookedAt {
    reason: String,
    fix: String,
    servers: Vec<String>,
}

/// What one control found over the fleet.
#[derive(Default)]
struct Count<'a> {
    pass: usize,
    unseen: usize,
    failing: Vec<&'a str>,
}

/// Looks at the servers that answer, and judges.
pub(super) async fn security(
    cx: &Context,
    selection: &Selection,
    format: Format,
    cut: &Cut,
) -> Result<(Security, Coverage), ToolError> {
    let mut tally = Tally::new(selection);
    let answering: Vec<&Snapshot> = tally.answering().map(AsRef::as_ref).collect();
    let looks = look(cx, &answering).await?;
    let cases: Vec<Case<'_>> = answering.iter().map(|of| case(of, &looks)).collect();

    let in_full = format.detailed() || selection.single().is_some();
    let (controls, findings) = checklist(&cases, selection.single().is_some());
    let findings = if in_full { findings } else { Vec::new() };
    // Every one of them is counted in the checklist.
    answering.iter().for_each(|snapshot| tally.shown(&snapshot.host.alias));
    let (findings, coverage) = cut.groups(findings, tally, |row| &row.hosts, "findings");

    let (releases, hits) = releases(&cases);
    let vulnerabilities = if format.detailed() { hits } else { Vec::new() };
    let security = Security {
        controls,
        releases,
        findings,
        vulnerabilities: vulnerabilities.into_iter().map(VulnerabilityRow::of).collect(),
        not_looked_at: not_looked_at(&answering, &looks),
        vulnerabilities_as_of: &PUBLISHED.as_of,
        oldest_look_age_seconds: oldest(&looks, selection.now.max((cx.now)())),
        note: NOTE,
    };
    Ok((security, coverage))
}

async fn look(
    cx: &Context,
    answering: &[&Snapshot],
) -> Result<BTreeMap<HostName, Look>, ToolError> {
    let api = |of: &&Snapshot| Some((of.host.alias.clone(), of.info.as_ref()?.api));
    let servers: Vec<_> = answering.iter().filter_map(api).collect();
    let total = f64::from(u32::try_from(servers.len()).unwrap_or(u32::MAX));
    cx.progress.step(0.0, total, "looking at the servers from outside");
    Ok(cx.commands.exposure(servers).await?)
}

const TOO_LATE: &str = "no look within the time of this call";

fn case<'a>(snapshot: &'a Snapshot, looks: &'a BTreeMap<HostName, Look>) -> Case<'a> {
    let exposure = match looks.get(&snapshot.host.alias).map(|look| &look.seen) {
        Some(Ok(exposure)) => Ok(exposure),
        Some(Err(_)) => Err("it did not answer an outsider"),
        None => Err(TOO_LATE),
    };
    Case { snapshot, exposure }
}

/// The controls with their counts, and what they found, both worst first.
fn checklist(cases: &[Case<'_>], is_one: bool) -> (Vec<ControlRow>, Vec<FindingRow>) {
    let (mut rows, mut findings) = (Vec::new(), Vec::new());
    for control in CONTROLS {
        let mut count = Count::default();
        let mut alike: BTreeMap<(&'static str, String), Vec<&Case<'_>>> = BTreeMap::new();
        for case in cases {
            let (result, finding) = match control.check(case) {
                Verdict::Pass => {
                    count.pass += 1;
                    continue;
                }
                Verdict::Fail(finding) => {
                    count.failing.push(case.snapshot.host.alias.as_str());
                    (FAIL, finding)
                }
                Verdict::Unseen(why) => {
                    count.unseen += 1;
                    (UNSEEN, why)
                }
            };
            alike.entry((result, finding)).or_default().push(case);
        }
        rows.push(ControlRow::of(control, &count, is_one));
        let mut of_control: Vec<FindingRow> =
            alike.into_iter().map(|(what, cases)| FindingRow::of(control, what, &cases)).collect();
        of_control.sort_by_key(|row| Reverse(row.hosts.len()));
        findings.extend(of_control);
    }
    // Both sorts keep the order of equals, which is that of CONTROLS: worst first.
    rows.sort_by_key(|row| match (row.fail, row.unseen) {
        (0, 0) => 2,
        (0, _) => 1,
        _ => 0,
    });
    findings.sort_by_key(|row| row.result != FAIL);
    (rows, findings)
}

impl ControlRow {
    fn of(control: &Control, count: &Count<'_>, is_one: bool) -> Self {
        let fails = !count.failing.is_empty();
        Self {
            control: control.id,
            risk: control.risk.word(),
            holds: control.holds,
            pass: count.pass,
            fail: count.failing.len(),
            unseen: count.unseen,
            failing: (fails && !is_one).then(|| some_servers(&count.failing)),
            fix: fails.then(|| control.fix()),
        }
    }
}

impl FindingRow {
    fn of(
        control: &Control,
        (result, finding): (&'static str, String),
        cases: &[&Case<'_>],
    ) -> Self {
        let aliases: Vec<&str> =
            cases.iter().map(|case| case.snapshot.host.alias.as_str()).collect();
        let fix = match cases {
            [only] if result == FAIL => control.own_fix(only),
            _ => None,
        };
        Self {
            control: control.id,
            risk: control.risk.word(),
            result,
            finding: clip(&finding, FINDING_CHARS).into_owned(),
            servers: compact(&aliases),
            fix,
            hosts: cases.iter().map(|case| case.snapshot.host.alias.clone()).collect(),
        }
    }
}

/// Longest finding, in characters.
const FINDING_CHARS: usize = 160;

fn some_servers(aliases: &[&str]) -> String {
    view::some_words(&compact(aliases), SERVERS_SHOWN)
}

/// Releases with what is published of them, and all that is.
fn releases(cases: &[Case<'_>]) -> (Vec<ReleaseRow>, Vec<&'static Advisory>) {
    let mut by_release: BTreeMap<String, (Vec<&str>, Vec<&'static Advisory>)> = BTreeMap::new();
    for case in cases {
        if let Known::Affected(hits) = PUBLISHED.of(&case.release()) {
            let release = case.snapshot.glances_version().unwrap_or_default();
            let (servers, _) = by_release.entry(release).or_insert_with(|| (Vec::new(), hits));
            servers.push(case.snapshot.host.alias.as_str());
        }
    }
    let mut all: Vec<&'static Advisory> =
        by_release.values().flat_map(|(_, hits)| hits.iter().copied()).collect();
    all.sort_by_key(|hit| (hit.when != When::Api, hit.severity.is_none(), hit.severity, &hit.id));
    all.dedup_by_key(|hit| &hit.id);
    let worst = |hits: &[&Advisory]| hits.iter().filter_map(|hit| hit.severity).min();
    let mut by_release: Vec<_> = by_release.into_iter().collect();
    by_release
        .sort_by_key(|(_, (_, hits))| (worst(hits).is_none(), worst(hits), Reverse(hits.len())));
    let rows = by_release
        .into_iter()
        .take(RELEASES_SHOWN)
        .map(|(release, (servers, hits))| ReleaseRow::of(release, &servers, &hits))
        .collect();
    (rows, all)
}

impl ReleaseRow {
    fn of(release: String, servers: &[&str], hits: &[&'static Advisory]) -> Self {
        let ids: Vec<&str> =
            hits.iter().filter(|hit| hit.when == When::Api).map(|hit| hit.id.as_str()).collect();
        Self {
            glances: release,
            servers: some_servers(servers),
            vulnerabilities: hits.len(),
            worst: hits.iter().filter_map(|hit| hit.severity).min().map(Risk::word),
            by_api: view::some_words(&ids, IDS_SHOWN),
            // The file is in the order of fixes.
            fixed_in: hits.last().map(|hit| hit.fixed.clone()).unwrap_or_default(),
        }
    }
}

impl VulnerabilityRow {
    fn of(hit: &'static Advisory) -> Self {
        Self {
            id: &hit.id,
            severity: hit.severity.map(Risk::word),
            what: &hit.what,
            matters_when: hit.when.words(),
            fixed_in: &hit.fixed,
        }
    }
}

/// Servers without a look, by the reason.
fn not_looked_at(answering: &[&Snapshot], looks: &BTreeMap<HostName, Look>) -> Vec<NotLookedAt> {
    let mut by_reason: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for snapshot in answering {
        let why = match looks.get(&snapshot.host.alias).map(|look| &look.seen) {
            Some(Ok(_)) => continue,
            Some(Err(error)) => (error.to_string(), fix(error)),
            None => {
                let reason = format!("no answer within {} s", EXPOSURE_WAIT.as_secs());
                (reason, "ask again: the looks go on".to_owned())
            }
        };
        by_reason.entry(why).or_default().push(snapshot.host.alias.as_str());
    }
    let row = |((reason, fix), servers): ((String, String), Vec<&str>)| NotLookedAt {
        reason,
        fix,
        servers: compact(&servers),
    };
    by_reason.into_iter().map(row).collect()
}

fn oldest(looks: &BTreeMap<HostName, Look>, now: Timestamp) -> Option<f64> {
    let looked = looks.values().filter(|look| look.seen.is_ok());
    looked.map(|look| seconds_between(look.at, now)).reduce(f64::max)
}

impl Security {
    /// The answer in a few words.
    pub(super) fn headline(&self) -> String {
        let failing: Vec<&ControlRow> = self.controls.iter().filter(|row| row.fail > 0).collect();
        let Some(worst) = failing.first() else {
            return "No control fails that can be seen.".to_owned();
        };
        format!(
            "{} of {} controls fail somewhere; worst: `{}` ({}) on {}.",
            failing.len(),
            self.controls.len(),
            worst.control,
            worst.risk,
            crate::render::count(worst.fail, "server"),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use glances_client::{FetchError, exposure::Exposure};

    use super::*;
    use crate::snapshot::Host;

    fn server(alias: &str) -> Snapshot {
        Snapshot::unseen(Arc::new(Host::at(
            HostName::parse(alias).unwrap(),
            format!("http://{alias}:61208"),
        )))
    }

    #[test]
    fn servers_without_a_look_are_named_and_judged_by_the_rest() {
        let servers = ["late", "mute", "seen"].map(server);
        let look = |seen| Look { at: Timestamp::UNIX_EPOCH, seen };
        let looks: BTreeMap<HostName, Look> = [
            ("mute", look(Err(FetchError::Refused))),
            ("seen", look(Ok(Exposure { open: Some(true), ..Exposure::default() }))),
        ]
        .map(|(alias, look)| (HostName::parse(alias).unwrap(), look))
        .into();
        let snapshots: Vec<&Snapshot> = servers.iter().collect();
        let rows = not_looked_at(&snapshots, &looks);
        let told: Vec<(&str, &[String])> =
            rows.iter().map(|row| (row.reason.as_str(), row.servers.as_slice())).collect();
        let (mute, late) = (["mute".to_owned()], ["late".to_owned()]);
        let expected: [(&str, &[String]); 2] =
            [("connection refused", &mute), ("no answer within 10 s", &late)];
        assert_eq!(told, expected);
        assert!(rows.iter().all(|row| !row.fix.is_empty()));

        let cases: Vec<Case<'_>> = snapshots.iter().map(|of| case(of, &looks)).collect();
        let (controls, findings) = checklist(&cases, false);
        // All three are plain HTTP, which needs no look; only one is known to be open.
        let of = |id: &str| controls.iter().find(|row| row.control == id).unwrap();
        assert_eq!((of("encryption").fail, of("authentication").fail), (3, 1));
        assert_eq!(of("authentication").unseen, 2);
        let late = findings.iter().find(|row| row.finding == TOO_LATE).unwrap();
        assert_eq!(
            (late.result, late.servers.as_slice()),
            (UNSEEN, ["late".to_owned()].as_slice())
        );
        assert_eq!(oldest(&looks, Timestamp::from_second(5).unwrap()), Some(5.0));
    }
}
