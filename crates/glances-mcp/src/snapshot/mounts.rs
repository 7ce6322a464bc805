//! Which mounts are one filesystem, and which can fill up.

use std::collections::BTreeMap;

use glances_client::model::Filesystem;

/// One filesystem, however often it is mounted.
#[derive(Debug)]
pub struct Mount<'a> {
    /// Its shortest mount point.
    pub fs: &'a Filesystem,
    /// The other mount points, sorted.
    pub also_at: Vec<&'a str>,
}

/// Merges mounts of one device and size. Mounts without a device of their own (`tmpfs`, `overlay`)
/// stay apart.
#[must_use]
pub fn distinct(mounts: &[Filesystem]) -> Vec<Mount<'_>> {
    let mut groups: BTreeMap<(&str, Option<u64>, &str), Vec<&Filesystem>> = BTreeMap::new();
    for fs in mounts {
        // The third part keeps apart what has no device of its own.
        let apart = if shares_device(fs) { "" } else { fs.mount.as_str() };
        groups.entry((fs.device.as_str(), fs.size, apart)).or_default().push(fs);
    }
    groups.into_values().filter_map(merge).collect()
}

fn merge(mut group: Vec<&Filesystem>) -> Option<Mount<'_>> {
    group.sort_by_key(|fs| (fs.mount.len(), fs.mount.clone()));
    let (fs, rest) = group.split_first()?;
    let mut also_at: Vec<&str> = rest.iter().map(|fs| fs.mount.as_str()).collect();
    also_at.sort_unstable();
    also_at.dedup();
    Some(Mount { fs, also_at })
}

fn shares_device(fs: &Filesystem) -> bool {
    fs.device.starts_with('/') || fs.device.contains(':')
}

/// Kinds that are full by nature or hold nothing that lasts.
const NEVER_FILLS: &[&str] =
    &["squashfs", "iso9660", "overlay", "tmpfs", "devtmpfs", "ramfs", "udf", "cd9660"];

/// Whether running out of space here is a problem somebody can mend: writable, lasting, not the
/// bind mount of a single file.
#[must_use]
pub fn can_fill(fs: &Filesystem) -> bool {
    let single_file = fs.mount.starts_with("/etc/host") || fs.mount == "/etc/resolv.conf";
    fs.read_only != Some(true) && !NEVER_FILLS.contains(&fs.kind.as_str()) && !single_file
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fs(mount: &str, device: &str, size: u64) -> Filesystem {
        Filesystem {
            mount: mount.into(),
            device: device.into(),
            kind: "ext4".into(),
            size: Some(size),
            ..Filesystem::default()
        }
    }

    #[test]
    fn mounts_of_one_device_are_one_filesystem() {
        let mounts =
            [fs("/srv/app", "/dev/vda", 9), fs("/", "/dev/vda", 9), fs("/b", "/dev/vdb", 9)];
        let found = distinct(&mounts);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].fs.mount, "/");
        assert_eq!(found[0].also_at, ["/srv/app"]);
    }

    #[test]
    fn memory_filesystems_of_one_size_stay_apart() {
        let mounts = [fs("/run", "tmpfs", 9), fs("/tmp", "tmpfs", 9)];
        assert_eq!(distinct(&mounts).len(), 2);
    }

    #[test]
    fn what_cannot_fill_is_not_judged() {
        let mut image = fs("/snap/core", "/dev/loop0", 9);
        assert!(can_fill(&image));
        image.kind = "squashfs".into();
        assert!(!can_fill(&image));
        let mut read_only = fs("/data", "/dev/vdc", 9);
        read_only.read_only = Some(true);
        assert!(!can_fill(&read_only));
        assert!(!can_fill(&fs("/etc/hosts", "/dev/vda", 9)));
    }
}
