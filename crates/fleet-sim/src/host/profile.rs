//! Numbers that tell the roles apart. Extend by a field, in every row.

use crate::spec::Role;

/// Numbers that tell the roles apart.
pub(super) struct Profile {
    pub(super) cores: [u32; 3],
    pub(super) mem_gib: [u64; 3],
    pub(super) busy: f64,
    pub(super) iowait: f64,
    pub(super) mem: f64,
    pub(super) net: f64,
    pub(super) disk: f64,
}

pub(super) const fn profile(role: Role) -> Profile {
    match role {
        Role::Web => Profile {
            cores: [2, 4, 8],
            mem_gib: [4, 8, 16],
            busy: 0.30,
            iowait: 0.004,
            mem: 0.48,
            net: 2.5e6,
            disk: 3e5,
        },
        Role::Db => Profile {
            cores: [8, 16, 32],
            mem_gib: [32, 64, 256],
            busy: 0.26,
            iowait: 0.04,
            mem: 0.66,
            net: 1.2e6,
            disk: 6e6,
        },
        Role::Cache => Profile {
            cores: [2, 4, 4],
            mem_gib: [8, 16, 32],
            busy: 0.12,
            iowait: 0.002,
            mem: 0.72,
            net: 5e6,
            disk: 2e5,
        },
        Role::Batch => Profile {
            cores: [8, 16, 16],
            mem_gib: [16, 32, 64],
            busy: 0.12,
            iowait: 0.02,
            mem: 0.40,
            net: 4e5,
            disk: 2e6,
        },
        Role::ContainerHost => Profile {
            cores: [4, 8, 16],
            mem_gib: [8, 16, 32],
            busy: 0.34,
            iowait: 0.01,
            mem: 0.55,
            net: 1.5e6,
            disk: 8e5,
        },
        Role::Idle => Profile {
            cores: [1, 2, 2],
            mem_gib: [2, 4, 4],
            busy: 0.02,
            iowait: 0.001,
            mem: 0.22,
            net: 2e4,
            disk: 2e4,
        },
    }
}
