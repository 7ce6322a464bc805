//! The plugins of Glances that this client decodes, in Glances' own names.

use std::fmt;

use enum_map::Enum;

/// Which REST API a server speaks; the path is `/api/<number>/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ApiVersion {
    /// Glances 3.x (Bottle, HTTP/1.0).
    V3,
    /// Glances 4.x (FastAPI).
    V4,
    /// The coming release: the Python preview and `glances-rs`.
    V5,
}

impl ApiVersion {
    /// The number in the path: 3, 4 or 5.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::V3 => 3,
            Self::V4 => 4,
            Self::V5 => 5,
        }
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number())
    }
}

macro_rules! plugins {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A Glances plugin whose reply is decoded into [`crate::model`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
        pub enum Plugin { $($(#[$doc])* $variant,)* }

        impl Plugin {
            /// Every plugin, in alphabetical order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Glances' own name, as in the path of the request.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

plugins! {
    /// Glances' own events, which exist only while somebody polls.
    Alert = "alert",
    /// Application monitoring processes configured by the administrator.
    Amps = "amps",
    /// Cloud instance metadata.
    Cloud = "cloud",
    /// TCP connection counts by state.
    Connections = "connections",
    /// Docker, Podman and LXD containers (`docker` before Glances 3.4).
    Containers = "containers",
    /// Number of physical and logical cores.
    Core = "core",
    /// CPU time shares of the whole machine.
    Cpu = "cpu",
    /// Block devices.
    DiskIo = "diskio",
    /// Sizes of configured folders.
    Folders = "folders",
    /// Mounted filesystems.
    Fs = "fs",
    /// Graphics processors.
    Gpu = "gpu",
    /// First address of the machine.
    Ip = "ip",
    /// Interrupt lines.
    Irq = "irq",
    /// Load averages.
    Load = "load",
    /// Memory.
    Mem = "mem",
    /// Swap.
    MemSwap = "memswap",
    /// Network interfaces.
    Network = "network",
    /// Neural processors (Glances 4.5).
    Npu = "npu",
    /// CPU time shares by core.
    PerCpu = "percpu",
    /// Configured port and web checks.
    Ports = "ports",
    /// Number of processes by state.
    ProcessCount = "processcount",
    /// All processes.
    ProcessList = "processlist",
    /// Processes merged by program name (Glances 4.3).
    ProgramList = "programlist",
    /// One-line summary of the machine.
    QuickLook = "quicklook",
    /// Linux software RAID.
    Raid = "raid",
    /// Temperatures, fans and batteries.
    Sensors = "sensors",
    /// SMART attributes of disks.
    Smart = "smart",
    /// Host name and operating system.
    System = "system",
    /// Time since boot.
    Uptime = "uptime",
    /// Version of Glances (4.0).
    Version = "version",
    /// Virtual machines (Glances 4.2).
    Vms = "vms",
    /// Wireless interfaces.
    Wifi = "wifi",
}

impl Plugin {
    /// The plugin of that name, or `None` when this client does not decode it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|plugin| plugin.name() == name)
    }
}

impl fmt::Display for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
