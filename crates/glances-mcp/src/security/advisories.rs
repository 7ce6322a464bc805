//! Published vulnerabilities of Glances, from one dated file, and which of them a release has.
//! Pure: looks at version numbers, not at the server.

use std::sync::LazyLock;

use pep440_rs::Version;
use serde::Deserialize;

use super::Risk;

/// What was published, and until when.
#[derive(Debug, Default, Deserialize)]
pub struct Advisories {
    /// The day up to which publications were read, `2026-10-04`.
    pub as_of: String,
    /// The newest release then: of later ones nothing is known.
    releases_to: String,
    /// One element a vulnerability, oldest fix first.
    advisories: Vec<Advisory>,
}

/// One published vulnerability.
#[derive(Debug, Deserialize)]
pub struct Advisory {
    /// CVE, or GHSA where there is none.
    pub id: String,
    /// Its page is `https://github.com/advisories/<ghsa>`.
    pub ghsa: String,
    /// As published; absent where none is.
    pub severity: Option<Risk>,
    /// First release that has it; absent means all before the fix.
    from: Option<String>,
    /// First release without it.
    pub fixed: String,
    /// What a server must do to be open to it.
    pub when: When,
    /// One line.
    pub what: String,
}

/// What has to be true of a server, besides its release, for a vulnerability to matter.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Nothing: whoever reaches the API, or a browser that does.
    Api,
    /// `[…_action]` commands on alerts.
    Actions,
    /// It runs as central browser.
    Browser,
    /// Others can write its glances.conf.
    Config,
    /// It exports to that database.
    Export,
    /// Others can write its cache folder.
    Local,
    /// It runs as `glances -s`.
    Rpc,
    /// It watches KVM machines.
    Vms,
}

impl When {
    /// In words, after "matters when".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Api => "the API can be reached",
            Self::Actions => "actions on alerts are configured",
            Self::Browser => "it runs as `--browser`",
            Self::Config => "others can write its glances.conf",
            Self::Export => "it exports to that database",
            Self::Local => "others can write its cache folder",
            Self::Rpc => "it runs as `glances -s`",
            Self::Vms => "it watches KVM machines",
        }
    }
}

/// The file, read once.
pub static PUBLISHED: LazyLock<Advisories> = LazyLock::new(|| {
    // A test holds the file to its shape.
    serde_json::from_str(include_str!("advisories.json")).unwrap_or_default()
});

/// The release of a server, as far as it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Release {
    /// This one.
    Exact(Version),
    /// Some 3.x: API 3 does not tell more.
    SomeThree,
    /// Of API 5, written anew: nothing is published of it.
    Preview,
    /// Not told.
    Unknown,
}

/// What the file says of a release.
#[derive(Debug)]
pub enum Known {
    /// It has these; all of them for certain.
    Affected(Vec<&'static Advisory>),
    /// It has none that was published.
    Clean,
    /// Newer than the file, or of unknown number.
    Unknown(String),
}

impl Advisories {
    /// What is published of a release.
    #[must_use]
    pub fn of(&'static self, release: &Release) -> Known {
        let hits: Vec<&Advisory> =
            self.advisories.iter().filter(|advisory| advisory.affects(release)).collect();
        if !hits.is_empty() {
            return Known::Affected(hits);
        }
        match release {
            Release::Exact(version)
                if parse_version(&self.releases_to) >= Some(version.clone()) =>
            {
                Known::Clean
            }
            Release::Exact(_) => Known::Unknown(format!(
                "newer than our list of {}, which ends with {}",
                self.as_of, self.releases_to
            )),
            Release::Preview => {
                Known::Unknown("a preview of 5, of which nothing is published".to_owned())
            }
            Release::SomeThree | Release::Unknown => {
                Known::Unknown("it does not tell its release".to_owned())
            }
        }
    }
}

impl Advisory {
    /// Whether a release has it for certain.
    fn affects(&self, release: &Release) -> bool {
        let from = self.from.as_deref().and_then(parse_version);
        let Some(fixed) = parse_version(&self.fixed) else { return false };
        let (first, last) = match release {
            Release::Exact(version) => (version.clone(), version.clone()),
            // All of them have it only if the range covers the whole family.
            Release::SomeThree => (Version::new([3, 0]), Version::new([3, PART_MAX])),
            Release::Preview | Release::Unknown => return false,
        };
        from.is_none_or(|from| from <= first) && last < fixed
    }
}

/// No release has a number like this; a longer one is no version.
const PART_MAX: u64 = u32::MAX as u64;

/// Reads the number of a release, as Python writes it (PEP 440): `4.0.0_beta` and `4.5.2-dev01` come
/// before their release, what stands after `+` names a build of the same one. `None` when it is not
/// one, or a lone number.
#[must_use]
pub fn parse_version(text: &str) -> Option<Version> {
    let version: Version = text.parse().ok()?;
    let [_, _, ..] = version.release() else { return None };
    let sane = version.release().iter().all(|part| *part <= PART_MAX);
    sane.then(|| version.without_local())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(text: &str) -> Release {
        Release::Exact(parse_version(text).unwrap())
    }

    fn ids(release: &Release) -> Vec<&'static str> {
        match PUBLISHED.of(release) {
            Known::Affected(hits) => hits.iter().map(|advisory| advisory.id.as_str()).collect(),
            Known::Clean | Known::Unknown(_) => Vec::new(),
        }
    }

    #[test]
    fn versions_are_in_the_order_of_their_release() {
        let order = [
            "3.4.0.5",
            "4.0.0_beta",
            "4.0.0",
            "4.0.8",
            "4.3.3",
            "4.5.0",
            "4.5.0.1",
            "4.5.0.5",
            "4.5.2-dev01",
            "4.5.2",
            "4.5.2.post1",
            "4.5.3.2",
            "4.5.10",
            "5.0.0b1",
        ];
        let versions: Vec<Version> =
            order.iter().map(|text| parse_version(text).unwrap()).collect();
        for (earlier, later) in versions.iter().zip(versions.iter().skip(1)) {
            assert!(earlier <= later, "{earlier:?} {later:?}");
        }
        assert!(versions[1] < versions[2] && versions[8] < versions[9]);
        assert_eq!(parse_version("v4.5"), parse_version("4.5.0"));
        assert_eq!(parse_version("4.5.8+local.1"), parse_version("4.5.8"));
    }

    #[test]
    fn what_is_no_version_is_none() {
        for text in ["", "4", "x.y", "glances", "4.", ".5", "99999999999.1"] {
            assert_eq!(parse_version(text), None, "{text}");
        }
    }

    #[test]
    fn the_file_is_whole_and_each_range_can_be_read() {
        let file: Advisories = serde_json::from_str(include_str!("advisories.json")).unwrap();
        assert_eq!(file.advisories.len(), 29);
        assert!(file.as_of.parse::<jiff::civil::Date>().is_ok());
        let last = parse_version(&file.releases_to).unwrap();
        let mut ids: Vec<&str> = Vec::new();
        for advisory in &file.advisories {
            let fixed = parse_version(&advisory.fixed).unwrap();
            assert!(fixed <= last, "{}", advisory.id);
            let from = advisory.from.as_deref().map(|text| parse_version(text).unwrap());
            assert!(from.is_none_or(|from| from < fixed), "{}", advisory.id);
            assert!(advisory.id.starts_with("CVE-20") || advisory.id == advisory.ghsa);
            assert!(advisory.ghsa.starts_with("GHSA-") && advisory.what.len() <= 80);
            ids.push(&advisory.id);
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), file.advisories.len());
    }

    #[test]
    fn a_release_has_what_was_fixed_after_it() {
        assert!(matches!(PUBLISHED.of(&exact("4.5.8")), Known::Clean));
        assert!(matches!(PUBLISHED.of(&exact("4.5.7")), Known::Clean));
        assert_eq!(ids(&exact("4.5.6")).len(), 3);
        // The fix of a range's begin is the begin of another: it was incomplete.
        assert!(ids(&exact("4.5.2")).contains(&"CVE-2026-62982"));
        assert!(!ids(&exact("4.5.2")).contains(&"CVE-2026-32608"));
        assert!(!ids(&exact("4.5.1")).contains(&"CVE-2026-62982"));
        assert!(ids(&exact("4.5.2-dev01")).contains(&"CVE-2026-32633"));
        assert!(!ids(&exact("4.0.1")).contains(&"CVE-2026-53925"));
        assert_eq!(ids(&exact("3.2.0"))[0], "CVE-2021-23418");
    }

    #[test]
    fn what_cannot_be_told_is_not_told() {
        // Every 3.x has what 4.5 fixed; whether it has what 3.2.1 fixed is not known.
        let three = ids(&Release::SomeThree);
        assert!(three.contains(&"CVE-2026-30928") && !three.contains(&"CVE-2021-23418"));
        for release in [exact("4.5.9"), exact("5.0.0b1"), Release::Preview, Release::Unknown] {
            let known = PUBLISHED.of(&release);
            let Known::Unknown(why) = known else { panic!("{release:?}: {known:?}") };
            assert!(!why.is_empty());
        }
    }
}
